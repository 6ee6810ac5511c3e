"""What is seen of a flock in its house, and what a stretch of its life is worth.

Plain numbers, so that a hub, an environment and the compiled kernel see and pay alike. Prices and
the cost of a bad climate are round assumptions of ours, to be replaced by its owner's.
"""

from dataclasses import dataclass
from typing import NamedTuple

from tokkatot.climate.control.fields import Field
from tokkatot.climate.control.twins import CoopLimits
from tokkatot.climate.physics.air import (
    SEA_LEVEL_PA,
    co2_ppm,
    saturation_pa,
    vapour_of_g_m3_pa,
)
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.poultry.birds import comfort_c
from tokkatot.climate.physics.poultry.litter import AMMONIA_MG_M3_PPM
from tokkatot.climate.physics.poultry.model import Ledger, Parameters, State
from tokkatot.climate.physics.units import HOUR_S, JOULES_A_KWH

COOP_SEEN: tuple[Field, ...] = (
    Field("air_c", -20.0, 60.0),
    Field("humidity_pct", 0.0, 100.0),
    Field("co2_ppm", 0.0, 20_000.0),
    Field("ammonia_ppm", 0.0, 500.0),
    Field("over_comfort_k", -40.0, 40.0),
    Field("litter_c", -20.0, 60.0),
    Field("bird_kg", 0.0, 10.0),
    Field("age_d", 0.0, 700.0),
    Field("birds_m2", 0.0, 50.0),
    Field("outdoor_c", -60.0, 60.0),
    Field("outdoor_vapour_kpa", 0.0, 10.0),
    Field("radiation_w_m2", 0.0, 2000.0),
    Field("wind_m_s", 0.0, 90.0),
    Field("electricity_eur_kwh", 0.0, 2.0),
    Field("stressed_eur_m2_h", 0.0, 1.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlockPrices:
    """In euros."""

    live_kg: float = 1.1
    egg_kg: float = 1.3
    feed_kg: float = 0.4
    electricity_kwh: float = 0.15
    heat_kwh: float = 0.07
    stressed_m2_h: float = 2e-3
    """An hour of heat stress, a m² of floor: what it costs beyond lost growth and deaths."""
    gases_m2_h: float = 2e-3
    """An hour at twice what Directive 2007/43/EC allows, a m²; less of an excess costs as less."""


class FlockParts(NamedTuple):
    """What a stretch brought and, below zero, cost, in euros a m² of floor."""

    birds: float
    feed: float
    electricity: float
    heat: float
    stress: float
    gases: float


CoopSeen = tuple[
    float, float, float, float, float, float, float, float, float, float, float, float, float,
    float, float,
]  # fmt: skip


def seen_in_coop(s: State, w: Outdoor, p: Parameters, prices: FlockPrices) -> CoopSeen:
    """Return house, weather and prices in the order of `COOP_SEEN`."""
    vapour = vapour_of_g_m3_pa(s.air_c, 1e3 * s.vapour_kg_m3)
    return (
        s.air_c,
        100.0 * vapour / saturation_pa(s.air_c),
        co2_ppm(s.co2_mg_m3, s.air_c, SEA_LEVEL_PA),
        s.ammonia_mg_m3 / AMMONIA_MG_M3_PPM,
        s.air_c - comfort_c(s.age_d, p),
        s.mass_c,
        s.bird_kg,
        s.age_d,
        s.birds / p.floor_m2,
        w.temperature_c,
        1e-3 * w.vapour_pa,
        w.radiation_w_m2,
        w.wind_m_s,
        prices.electricity_kwh,
        prices.stressed_m2_h,
    )


def flock_parts(
    gained_kg: float, before: Ledger, after: Ledger, s: State, p: Parameters, prices: FlockPrices,
    limits: CoopLimits, duration_s: float,
) -> FlockParts:  # fmt: skip
    """Return what a stretch was worth, from the ledgers around it and the state at its end."""
    electricity = (after.electricity_j - before.electricity_j) / JOULES_A_KWH
    heat = (after.heaters_j - before.heaters_j) / JOULES_A_KWH
    eggs_kg = after.eggs_kg - before.eggs_kg
    ppm = co2_ppm(s.co2_mg_m3, s.air_c, SEA_LEVEL_PA)
    ammonia = s.ammonia_mg_m3 / AMMONIA_MG_M3_PPM
    beyond = max(ppm / limits.co2_ppm - 1.0, 0.0) + max(ammonia / limits.ammonia_ppm - 1.0, 0.0)
    return FlockParts(
        birds=(prices.live_kg * gained_kg + prices.egg_kg * eggs_kg) / p.floor_m2,
        feed=-prices.feed_kg * (after.feed_kg - before.feed_kg) / p.floor_m2,
        electricity=-prices.electricity_kwh * electricity / p.floor_m2,
        heat=-prices.heat_kwh * heat / p.floor_m2,
        stress=-prices.stressed_m2_h * (after.heat_stress_h - before.heat_stress_h),
        gases=-prices.gases_m2_h * beyond * duration_s / HOUR_S,
    )
