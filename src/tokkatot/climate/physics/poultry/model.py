"""What a poultry house and its flock are, are in and are told.

Where a parameter carries no source it is an engineering assumption, to be calibrated: no measured
house with the states of its fans was at hand. Each class may be stood in for by a NumPy record of
the same names.
"""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The house and the breed."""

    # house
    floor_m2: float = 1200.0
    section_m2: float = 40.0
    """Across the house, where tunnel air passes."""
    air_m3: float = 4000.0
    wall_m2: float = 700.0
    wall_w_m2_k: float = 0.8
    roof_m2: float = 1300.0
    roof_w_m2_k: float = 0.5
    roof_sun_share: float = 0.6
    outside_w_m2_k: float = 20.0
    mass_j_m2_k: float = 9e4
    """Of litter and floor as far as a day reaches, a m² of floor."""
    mass_w_m2_k: float = 6.0
    ground_w_m2_k: float = 0.5

    # air
    fan_m3_s: float = 110.0
    """All fans together in free air."""
    fan_stall_pa: float = 90.0
    fan_w: float = 9000.0
    inlet_m2: float = 45.0
    leak_m2: float = 0.8
    discharge: float = 0.6
    curtain_m2: float = 0.0
    """Openings in the long walls, both sides; nought makes a closed house."""
    curtain_m: float = 1.5
    wind_share: float = 0.35
    """Effectiveness of an opening in the wind (ASHRAE 2017, chapter 16: 0.25 to 0.6)."""
    stir_m_s: float = 0.0
    """Air speed that stirring fans make among the birds."""
    stir_w: float = 0.0

    # cooling, heating, light
    pad_efficiency: float = 0.75
    fog_kg_s: float = 0.1
    fog_w: float = 2000.0
    heater_w: float = 120e3
    lamp_w: float = 2500.0

    # heat of the birds (CIGR 2002)
    heat_w_kg: float = 10.62
    """Broilers; times the mass to 0.75. Hens in cages 6.28, on the floor 6.8."""
    egg_heat_w_kg: float = 0.0
    """Hens: 25 W for a kg of eggs a day."""
    heat_total: float = 1.0
    heat_sensible: float = 1.0
    """Multipliers of both, to be calibrated."""

    # growth and feed
    mature_kg: float = 5.08
    growth_per_d: float = 0.051
    eggs_kg_d: float = 0.0
    gain_j_kg: float = 9e6
    egg_j_kg: float = 6.5e6
    feed_j_kg: float = 12.9e6
    feed_nitrogen: float = 0.032
    gain_nitrogen: float = 0.029
    egg_nitrogen: float = 0.019
    digested: float = 0.72
    """Part of the feed's dry matter that does not reach the litter."""
    water_feed_ratio: float = 1.8
    chick_c: float = 33.0
    grown_c: float = 21.0
    grown_d: float = 28.0
    """What birds are comfortable at, falling from the first to the last day of this time."""
    death_per_d: float = 1e-3

    # litter; pH, transfer and sorption in the ranges of Liu and others (2009)
    litter_ph: float = 8.2
    litter_transfer_m_h: float = 12.0
    litter_sorption_l_kg: float = 1.5
    mineralised_per_d: float = 0.06
    """Of nitrogen that is not yet ammonia, at 25 °C. Fitted to what flocks on new bedding gave off:
    0.35 g a bird on day 21 (Wheeler and others, Livestock Environment VIII, 2008), 11.9 g in 42
    days (Wiedemann and others, Animal Production Science 56, 2016, 1404-1417)."""
    litter_dry_kg_m2: float = 5.0
    """What is strewn before the birds come."""


@dataclass(slots=True, kw_only=True)
class State:
    """What `advance` carries on, in place."""

    air_c: float = 30.0
    mass_c: float = 28.0
    vapour_kg_m3: float = 0.015
    co2_mg_m3: float = 1000.0
    ammonia_mg_m3: float = 0.0
    litter_water_kg_m2: float = 1.2
    litter_dry_kg_m2: float = 5.0
    organic_kg_m2: float = 0.0
    """Nitrogen of the litter that is not yet ammonia."""
    ammoniacal_kg_m2: float = 0.0
    """Nitrogen of the litter as ammonia or ammonium."""
    bird_kg: float = 0.043
    birds: float = 20000.0
    age_d: float = 0.0


class Controls(NamedTuple):
    """How far each actuator is on or open, 0 to 1."""

    fans: float = 0.0
    """Part of all fans that run; a stage is a step of it."""
    inlets: float = 0.1
    curtains: float = 0.0
    pad: float = 0.0
    fog: float = 0.0
    heaters: float = 0.0
    light: float = 1.0
    stir: float = 0.0


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What has come, been made and gone since it was opened, for the whole house."""

    birds_j: float = 0.0
    """Heat that the air took from birds."""
    heaters_j: float = 0.0
    lights_j: float = 0.0
    envelope_j: float = 0.0
    """Lost through walls and roof, the sun on them counted."""
    ground_j: float = 0.0
    vented_j: float = 0.0
    """Lost with air, without its vapour; pads have cooled what comes in."""
    evaporated_j: float = 0.0
    """Taken from air and litter by what evaporates in the house."""
    electricity_j: float = 0.0
    breathed_kg: float = 0.0
    litter_dried_kg: float = 0.0
    fogged_kg: float = 0.0
    pad_kg: float = 0.0
    burnt_water_kg: float = 0.0
    vented_kg: float = 0.0
    """Vapour that left with air, less what came in, the pad's water counted as come in."""
    feed_kg: float = 0.0
    drunk_kg: float = 0.0
    litter_wetted_kg: float = 0.0
    eggs_kg: float = 0.0
    co2_made_kg: float = 0.0
    co2_vented_kg: float = 0.0
    nitrogen_fed_kg: float = 0.0
    nitrogen_kept_kg: float = 0.0
    """In birds and eggs."""
    nitrogen_vented_kg: float = 0.0
    deaths: float = 0.0
    heat_stress_h: float = 0.0
    """Hours in which the index of heat stress stood 3 K or more over what the birds want."""
