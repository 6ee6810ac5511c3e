"""A house computer's rules for poultry: least air by mass and gases, stages over comfort, water."""

from dataclasses import dataclass

from tokkatot.climate.physics.air import (
    SEA_LEVEL_PA,
    co2_ppm,
    saturation_pa,
    vapour_of_g_m3_pa,
)
from tokkatot.climate.physics.poultry.birds import comfort_c
from tokkatot.climate.physics.poultry.litter import AMMONIA_MG_M3_PPM
from tokkatot.climate.physics.poultry.model import Controls, Parameters, State

CO2_ALLOWED_PPM = 3000.0
AMMONIA_ALLOWED_PPM = 20.0
"""Council Directive 2007/43/EC, annex II."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRules:
    """How much over comfort each actuator waits for; what a keeper of houses would set."""

    shift_k: float = 0.0
    """What fans and heaters hold, over what the birds want."""
    least_m3_s_kg: float = 2.5e-4
    """Air for a bird, times its mass to 0.75: it keeps its carbon dioxide near 2,500 ppm."""
    clear_from: float = 0.9
    clear_all: float = 1.0
    """Parts of the gases that are allowed, over which the air is cleared a little, then in full."""
    clear_share: float = 0.04
    """Of fans or curtains, on top: twice what heaters that burn in the house need."""
    stages: int = 8
    band_k: float = 4.0
    """From there on, over which the fans go from their least to all of them."""
    stir_over_k: float = 1.0
    pad_over_k: float = 5.0
    fog_over_k: float = 7.0
    fog_humidity_max_pct: float = 80.0
    heat_band_k: float = 10.0
    """Below that, over which the heaters go from rest to all of them."""
    dark_from_h: float = 22.0
    dark_until_h: float = 2.0


def steer_coop(s: State, hour: float, rules: StageRules, p: Parameters) -> Controls:
    """Return what the rules ask for at this hour of the day."""
    over_k = s.air_c - comfort_c(s.age_d, p) - rules.shift_k
    least = rules.least_m3_s_kg * s.birds * s.bird_kg**0.75
    wanted = min(max(over_k / rules.band_k, 0.0), 1.0)
    foul = max(
        co2_ppm(s.co2_mg_m3, s.air_c, SEA_LEVEL_PA) / CO2_ALLOWED_PPM,
        s.ammonia_mg_m3 / AMMONIA_MG_M3_PPM / AMMONIA_ALLOWED_PPM,
    )
    clearing = (foul - rules.clear_from) / (rules.clear_all - rules.clear_from)
    clear = rules.clear_share * min(max(clearing, 0.0), 1.0)
    fans = curtains = 0.0
    if p.fan_m3_s > 0.0:
        # A stage is on or off; the least of air comes from the smallest fan's clock.
        staged = round(wanted * rules.stages) / rules.stages
        fans = min(max(staged, least / p.fan_m3_s) + clear, 1.0)
    if p.curtain_m2 > 0.0:
        # As wide as the least of air needs in a light wind of half a metre a second.
        narrow = least / (0.25 * p.wind_share * p.curtain_m2)
        curtains = min(max(wanted, narrow) + clear, 1.0)
    vapour = vapour_of_g_m3_pa(s.air_c, 1e3 * s.vapour_kg_m3)
    humidity_pct = 100.0 * vapour / saturation_pa(s.air_c)
    dry = humidity_pct < rules.fog_humidity_max_pct
    cold = -over_k / rules.heat_band_k
    dark = hour >= rules.dark_from_h or hour < rules.dark_until_h
    return Controls(
        fans=fans,
        inlets=max(fans, 0.05),
        curtains=curtains,
        pad=1.0 if over_k > rules.pad_over_k and fans > 0.0 else 0.0,
        fog=1.0 if over_k > rules.fog_over_k and dry else 0.0,
        heaters=min(max(cold, 0.0), 1.0),
        light=0.0 if dark and s.age_d > 7.0 else 1.0,
        stir=1.0 if over_k > rules.stir_over_k else 0.0,
    )
