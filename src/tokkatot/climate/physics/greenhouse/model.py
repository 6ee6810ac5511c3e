"""What a greenhouse is, is in and is told: parameters, state, controls and ledger.

Sources: B. Vanthoor, A model-based greenhouse design method, thesis, Wageningen (2011), tables 8.1,
8.2, 9.1 and 9.2 (the Dutch greenhouse); D. Katzin, Energy saving by LED lighting in greenhouses,
thesis, Wageningen (2021), tables 4.2 and 7.6, where it differs: size, screens and lamps. All areas,
capacities and fluxes are a m² of floor unless said otherwise. Each class may be stood in for by a
NumPy record of the same names.
"""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The house and its crop; shares have no unit."""

    # size (Katzin, table 4.2)
    floor_m2: float = 4e4
    cover_m2: float = 4.84e4
    roof_slope_deg: float = 22.0
    air_m: float = 6.3
    """Mean height of the air below the screens."""
    top_m: float = 0.6
    """And of the air above them."""
    altitude_m: float = 0.0

    # windows (Vanthoor, table 8.2; Katzin, tables 4.2 and 7.6)
    roof_vent_m2: float = 4676.0
    side_vent_m2: float = 0.0
    vent_height_m: float = 1.3
    side_to_roof_m: float = 1.0
    discharge: float = 0.75
    wind_pressure: float = 0.09
    insect_porosity: float = 1.0
    leak: float = 1e-4
    leak_top_share: float = 0.5
    fan_m3_s: float = 0.0
    shade_discharge_loss: float = 0.0
    shade_wind_loss: float = 0.0

    # glass (table 8.2)
    roof_par_through: float = 0.85
    roof_par_back: float = 0.13
    roof_nir_through: float = 0.85
    roof_nir_back: float = 0.13
    roof_heat_back: float = 0.15
    roof_heat_through: float = 0.0
    roof_m: float = 4e-3
    roof_kg_m3: float = 2600.0
    roof_j_kg_k: float = 840.0
    roof_w_m_k: float = 1.05
    cover_inside_w: float = 1.86
    """Convection at the inside of the cover, W m⁻² K⁻¹·³³."""
    cover_outside_w_m2_k: float = 2.8
    cover_outside_j_m3_k: float = 1.2
    sun_to_air: float = 0.1
    """Part of the sun that construction elements take up."""

    # outer shade (none in table 8.2)
    shade_par_through: float = 0.5
    shade_par_back: float = 0.3
    shade_nir_through: float = 0.5
    shade_nir_back: float = 0.3
    shade_heat_through: float = 0.6
    shade_heat_back: float = 0.2

    # thermal screen (table 8.2) and blackout screen (Katzin, table 7.5)
    thermal_par_through: float = 0.6
    thermal_par_back: float = 0.35
    thermal_nir_through: float = 0.6
    thermal_nir_back: float = 0.35
    thermal_emission: float = 0.67
    thermal_heat_through: float = 0.15
    thermal_leak: float = 5e-5
    """Air through the closed screen, m³ m⁻² s⁻¹ K⁻⁰·⁶⁶."""
    blackout_par_through: float = 0.01
    blackout_par_back: float = 0.35
    blackout_nir_through: float = 0.01
    blackout_nir_back: float = 0.35
    blackout_emission: float = 0.67
    blackout_heat_through: float = 0.7
    blackout_leak: float = 5e-5
    screen_j_m2_k: float = 126.0
    """0.35 mm of 200 kg/m³ with 1800 J/kg K, both screens alike."""

    # floor and soil (table 8.2)
    floor_m: float = 0.02
    floor_kg_m3: float = 2300.0
    floor_j_kg_k: float = 880.0
    floor_w_m_k: float = 1.7
    floor_par_back: float = 0.65
    floor_nir_back: float = 0.5
    soil_j_m3_k: float = 1.73e6
    soil_w_m_k: float = 0.85

    # heating pipes (table 8.2; Katzin, table 4.2)
    pipe_m_m2: float = 1.25
    pipe_outer_m: float = 0.051
    pipe_inner_m: float = 0.047
    pipe_emission: float = 0.88
    boiler_w_m2: float = 300.0

    # lamps (LED; Katzin, tables 4.3 and 7.6)
    lamp_w_m2: float = 200.0 / 3.0
    lamp_m2: float = 0.02
    lamp_par: float = 0.55
    lamp_nir: float = 0.02
    lamp_umol_j: float = 5.4
    lamp_emission_up: float = 0.88
    lamp_emission_down: float = 0.88
    lamp_cooled: float = 0.0
    lamp_j_m2_k: float = 10.0
    lamp_air_w_m2_k: float = 2.3

    # carbon dioxide, fog and pad
    co2_mg_m2_s: float = 5.14
    fog_kg_m2_s: float = 1.4e-4
    pad_efficiency: float = 0.8
    pad_m3_s: float = 0.0

    # canopy (table 8.1)
    canopy_j_m2_k: float = 1200.0
    leaf_air_w_m2_k: float = 5.0
    par_extinction: float = 0.7
    nir_extinction: float = 0.27
    heat_extinction: float = 0.94
    canopy_par_back: float = 0.07
    canopy_nir_back: float = 0.35
    boundary_s_m: float = 275.0
    stomata_s_m: float = 82.0

    # tomato (tables 2.2, 9.1 and 9.2; harvest: Katzin, equation 7.45 and page 246)
    leaf_area_max: float = 3.0
    leaf_area_m2_mg: float = 2.66e-5
    electrons_25_umol_m2_s: float = 210.0
    electrons_a_photon: float = 0.385
    curvature: float = 0.7
    stomata_co2_share: float = 0.67
    compensation_ppm_k: float = 1.7
    fruit_growth_mg_m2_s: float = 0.328
    leaf_growth_mg_m2_s: float = 0.095
    stem_growth_mg_m2_s: float = 0.074
    fruit_growth_cost: float = 0.27
    leaf_growth_cost: float = 0.28
    stem_growth_cost: float = 0.30
    fruit_upkeep_per_s: float = 1.16e-7
    leaf_upkeep_per_s: float = 3.47e-7
    stem_upkeep_per_s: float = 1.47e-7
    buffer_max_mg_m2: float = 20e3
    buffer_min_mg_m2: float = 1e3
    fruit_from_sum_c_d: float = 1035.0
    fruit_max_mg_m2: float = 300e3


@dataclass(slots=True, kw_only=True)
class State:
    """What `advance` carries on, in place: it is called millions of times a training."""

    air_c: float = 18.0
    top_c: float = 18.0
    canopy_c: float = 18.0
    cover_in_c: float = 18.0
    cover_out_c: float = 18.0
    thermal_c: float = 18.0
    blackout_c: float = 18.0
    floor_c: float = 18.0
    pipe_c: float = 18.0
    lamp_c: float = 18.0
    air_pa: float = 1600.0
    """Vapour pressure."""
    top_pa: float = 1600.0
    soil1_c: float = 18.0
    soil2_c: float = 17.0
    soil3_c: float = 15.0
    soil4_c: float = 13.0
    soil5_c: float = 11.0
    air_mg_m3: float = 780.0
    """Carbon dioxide."""
    top_mg_m3: float = 780.0
    day_c: float = 18.0
    """Mean temperature of the canopy over about 24 h."""
    sum_c_d: float = 0.0
    """Temperature sum of the canopy."""
    buffer_mg_m2: float = 0.0
    """Carbohydrates that are not yet part of an organ; all four as CH2O."""
    leaf_mg_m2: float = 0.7e5
    stem_mg_m2: float = 2.5e5
    fruit_mg_m2: float = 0.5e5


class Controls(NamedTuple):
    """How far each actuator is on, open or drawn, 0 to 1."""

    heating: float = 0.0
    co2: float = 0.0
    roof_vents: float = 0.0
    side_vents: float = 0.0
    thermal_screen: float = 0.0
    blackout: float = 0.0
    lamps: float = 0.0
    shade: float = 0.0
    fans: float = 0.0
    pad: float = 0.0
    fog: float = 0.0


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What has crossed the borders of the house since it was opened, a m² of floor."""

    sun_j: float = 0.0
    """Taken up by cover, air, crop and floor."""
    boiler_j: float = 0.0
    lamps_j: float = 0.0
    """Electricity, less what a lamp's own cooling carries out."""
    sky_j: float = 0.0
    """Lost to the sky by long-wave radiation."""
    outside_j: float = 0.0
    """Lost to the wind from the cover."""
    vented_j: float = 0.0
    """Lost with air, without its vapour."""
    ground_j: float = 0.0
    transpired_kg: float = 0.0
    fogged_kg: float = 0.0
    condensed_kg: float = 0.0
    vented_kg: float = 0.0
    """Vapour that left with air, less what came in."""
    dosed_mg: float = 0.0
    assimilated_mg: float = 0.0
    """Carbon dioxide that the crop took up, less what it breathed out."""
    vented_mg: float = 0.0
    fruit_harvested_mg: float = 0.0
    leaf_pruned_mg: float = 0.0
