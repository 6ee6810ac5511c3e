"""How a tomato crop breathes, takes up carbon dioxide and grows.

Source: Vanthoor (2011), chapter 9 (numbers 9.x), with the simplifications of Katzin (2021): one
class of fruit, harvested when there is much of it (7.45). Stomata: section 8.9, after Stanghellini
(1987). Masses are mg of CH2O a m², rates a second; `photons` are what the canopy takes up, in µmol
a m² and second.
"""

from math import exp, log, sqrt
from typing import NamedTuple

from tokkatot.climate.physics.air import SEA_LEVEL_PA, ZERO_C_K, co2_ppm, magnus_pa
from tokkatot.climate.physics.greenhouse.model import Parameters, State

DAY_S = 86_400.0
EVAPORATION_J_KG = 2.45e6
PSYCHROMETER_PA_K = 65.8
AIR_J_M3_K = 1200.0
"""1.2 kg/m³ of 1000 J/kg K (table 8.1)."""

CH2O_MG_UMOL = 30e-3
CO2_MG_UMOL = 44e-3
GAS_J_MOL_K = 8.314
KELVIN_25 = 298.15
ACTIVATION_J_MOL = 37e3
DEACTIVATION_J_MOL = 22e4
ENTROPY_J_MOL_K = 710.0
"""Of the electron transport (9.15, table 9.1)."""

COOL = 1.0 + exp((ENTROPY_J_MOL_K * KELVIN_25 - DEACTIVATION_J_MOL) / (GAS_J_MOL_K * KELVIN_25))
"""What 9.15 divides by at 25 °C."""

FADING = 1.0 - exp(-2.85e6 * 3e-6)
"""What 9.45 leaves of the upkeep at the relative growth of 3e-6 a second."""


class Growth(NamedTuple):
    """Rates of the crop, mg of CH2O a m² and second."""

    assimilated: float
    growth_cost: float
    leaf: float
    stem: float
    fruit: float
    leaf_upkeep: float
    stem_upkeep: float
    fruit_upkeep: float
    leaf_pruned: float
    fruit_harvested: float


def transpiration_kg_pa(s: State, above_canopy_w: float, p: Parameters) -> float:
    """Return kg of water a second, m² and Pa between leaf and air (8.48 to 8.52)."""
    by_day = 1.0 / (1.0 + exp(min(5.0 - above_canopy_w, 60.0)))
    of_co2 = 1.1e-11 * (1.0 - by_day) + 6.1e-7 * by_day
    of_vapour = 5.2e-6 * (1.0 - by_day) + 4.3e-6 * by_day
    deficit = magnus_pa(s.canopy_c) - s.air_pa
    carbon = 0.554 * s.air_mg_m3 - 200.0
    stomata = p.stomata_s_m * (above_canopy_w + 4.3) / (above_canopy_w + 0.54)
    # Stanghellini bounded both.
    stomata *= min(1.0 + of_co2 * carbon * carbon, 1.5)
    stomata *= min(1.0 + of_vapour * deficit * deficit, 5.8)
    leaf_area = p.leaf_area_m2_mg * s.leaf_mg_m2
    resistance = EVAPORATION_J_KG * PSYCHROMETER_PA_K * (p.boundary_s_m + stomata)
    return 2.0 * AIR_J_M3_K * leaf_area / resistance


def photosynthesis(s: State, photons: float, p: Parameters) -> float:
    """Return net assimilation in µmol of CO2 a m² and second (9.12 to 9.23)."""
    if photons <= 0.0:
        return 0.0
    leaf_area = max(p.leaf_area_m2_mg * s.leaf_mg_m2, 1e-3)
    kelvin = s.canopy_c + ZERO_C_K
    warmth = exp(ACTIVATION_J_MOL * (kelvin - KELVIN_25) / (GAS_J_MOL_K * kelvin * KELVIN_25))
    hot = 1.0 + exp((ENTROPY_J_MOL_K * kelvin - DEACTIVATION_J_MOL) / (GAS_J_MOL_K * kelvin))
    potential = leaf_area * p.electrons_25_umol_m2_s * warmth * COOL / hot
    lit = p.electrons_a_photon * photons
    both = potential + lit
    electrons = both - sqrt(max(both * both - 4.0 * p.curvature * potential * lit, 0.0))
    electrons /= 2.0 * p.curvature
    compensation = p.compensation_ppm_k * s.canopy_c / leaf_area + 20.0 * p.compensation_ppm_k * (
        1.0 - 1.0 / leaf_area
    )
    inside = max(p.stomata_co2_share * co2_ppm(s.air_mg_m3, s.air_c, SEA_LEVEL_PA), 1e-3)
    gross = 0.25 * electrons * (inside - compensation) / (inside + 2.0 * compensation)
    return gross * (1.0 - compensation / inside)


def growth(s: State, photons: float, p: Parameters) -> Growth:
    """Return where carbohydrates go (9.10, 9.24 to 9.28, 9.43 to 9.47, 7.45, B.1 to B.6)."""
    full = _falling(5e-4 * (s.buffer_mg_m2 - p.buffer_max_mg_m2))
    stocked = _falling(-5e-3 * (s.buffer_mg_m2 - p.buffer_min_mg_m2))
    moment = _falling(-0.869 * (s.canopy_c - 10.0)) * _falling(0.5793 * (s.canopy_c - 34.0))
    day = _falling(-1.1587 * (s.day_c - 15.0)) * _falling(1.3904 * (s.day_c - 24.5))
    drive = stocked * day * (0.047 * s.day_c + 0.06)
    old = s.sum_c_d / p.fruit_from_sum_c_d
    bearing = 0.5 * (old + sqrt(old * old + 1e-4)) - 0.5 * (
        old - 1.0 + sqrt((old - 1.0) * (old - 1.0) + 1e-4)
    )
    fruit = drive * moment * bearing * p.fruit_growth_mg_m2_s
    leaf, stem = drive * p.leaf_growth_mg_m2_s, drive * p.stem_growth_mg_m2_s
    breathing = FADING * 2.0 ** (0.1 * (s.day_c - 25.0))
    return Growth(
        assimilated=CH2O_MG_UMOL * full * photosynthesis(s, photons, p),
        growth_cost=p.fruit_growth_cost * fruit
        + p.leaf_growth_cost * leaf
        + p.stem_growth_cost * stem,
        leaf=leaf,
        stem=stem,
        fruit=fruit,
        leaf_upkeep=breathing * p.leaf_upkeep_per_s * s.leaf_mg_m2,
        stem_upkeep=breathing * p.stem_upkeep_per_s * s.stem_mg_m2,
        fruit_upkeep=breathing * p.fruit_upkeep_per_s * s.fruit_mg_m2,
        leaf_pruned=_harvest(s.leaf_mg_m2, p.leaf_area_max / p.leaf_area_m2_mg),
        fruit_harvested=_harvest(s.fruit_mg_m2, p.fruit_max_mg_m2),
    )


def co2_taken_mg(g: Growth) -> float:
    """Return the carbon dioxide that the air loses, a mole for a mole of CH2O."""
    breathed = g.growth_cost + g.leaf_upkeep + g.stem_upkeep + g.fruit_upkeep
    return CO2_MG_UMOL / CH2O_MG_UMOL * (g.assimilated - breathed)


def _falling(exponent: float) -> float:
    return 1.0 / (1.0 + exp(min(exponent, 500.0)))


def _harvest(mass: float, most: float) -> float:
    # B.5, smoothed over 10 g; no hands take more than what is ripe within an hour.
    ripe = mass - most + 2e4
    if ripe <= 0.0:
        return 0.0
    return min(5e4 * _falling(-(mass - most) * 2.0 * log(100.0) / 1e4), ripe / 3600.0)
