"""What is seen of tomatoes in their greenhouse, and what a stretch of their life is worth.

Plain numbers, so that a hub, an environment and the compiled kernel see and pay alike. Prices and
the cost of a bad climate are round assumptions of ours, to be replaced by its owner's.
"""

from dataclasses import dataclass
from typing import NamedTuple

from tokkatot.climate.control.fields import Field
from tokkatot.climate.physics.air import SEA_LEVEL_PA, co2_ppm, magnus_pa
from tokkatot.climate.physics.greenhouse.model import Ledger, Parameters, State
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.units import HOUR_S, JOULES_A_KWH

GREENHOUSE_SEEN: tuple[Field, ...] = (
    Field("air_c", -30.0, 70.0),
    Field("humidity_pct", 0.0, 100.0),
    Field("co2_ppm", 0.0, 20_000.0),
    Field("canopy_c", -30.0, 70.0),
    Field("pipe_c", -30.0, 120.0),
    Field("canopy_day_c", -30.0, 70.0),
    Field("buffer_g_m2", 0.0, 50.0),
    Field("leaf_g_m2", 0.0, 500.0),
    Field("fruit_g_m2", 0.0, 1000.0),
    Field("outdoor_c", -60.0, 60.0),
    Field("outdoor_vapour_kpa", 0.0, 10.0),
    Field("radiation_w_m2", 0.0, 2000.0),
    Field("wind_m_s", 0.0, 90.0),
    Field("sky_c", -120.0, 60.0),
    Field("electricity_eur_kwh", 0.0, 2.0),
    Field("heat_eur_kwh", 0.0, 2.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TomatoPrices:
    """In euros; a bad climate costs an hour and m², beyond what the crop loses by itself."""

    fruit_kg: float = 1.6
    """Fresh."""
    fruit_dry_share: float = 0.06
    electricity_kwh: float = 0.2
    heat_kwh: float = 0.09
    co2_kg: float = 0.3
    cold_below_c: float = 15.0
    hot_above_c: float = 30.0
    k_m2_h: float = 2e-3
    damp_above_pct: float = 88.0
    pct_m2_h: float = 3e-4


class TomatoParts(NamedTuple):
    """What a stretch brought and, below zero, cost, in euros a m² of floor."""

    fruit: float
    electricity: float
    heat: float
    co2: float
    climate: float


GreenhouseSeen = tuple[
    float, float, float, float, float, float, float, float, float, float, float, float, float,
    float, float, float,
]  # fmt: skip


def seen_in_greenhouse(s: State, w: Outdoor, prices: TomatoPrices) -> GreenhouseSeen:
    """Return house, weather and prices in the order of `GREENHOUSE_SEEN`."""
    return (
        s.air_c,
        100.0 * s.air_pa / magnus_pa(s.air_c),
        co2_ppm(s.air_mg_m3, s.air_c, SEA_LEVEL_PA),
        s.canopy_c,
        s.pipe_c,
        s.day_c,
        1e-3 * s.buffer_mg_m2,
        1e-3 * s.leaf_mg_m2,
        1e-3 * s.fruit_mg_m2,
        w.temperature_c,
        1e-3 * w.vapour_pa,
        w.radiation_w_m2,
        w.wind_m_s,
        w.sky_c,
        prices.electricity_kwh,
        prices.heat_kwh,
    )


def tomato_parts(
    grown_mg: float, before: Ledger, after: Ledger, s: State, p: Parameters, prices: TomatoPrices,
    duration_s: float,
) -> TomatoParts:  # fmt: skip
    """Return what a stretch was worth, from the ledgers around it and the state at its end."""
    hours = duration_s / HOUR_S
    # What ripens on the plants is worth as much as what was picked.
    dry_kg = 1e-6 * (grown_mg + after.fruit_harvested_mg - before.fruit_harvested_mg)
    lamps_j = (after.lamps_j - before.lamps_j) / (1.0 - p.lamp_cooled)
    humidity_pct = 100.0 * s.air_pa / magnus_pa(s.air_c)
    off_k = max(prices.cold_below_c - s.air_c, s.air_c - prices.hot_above_c, 0.0)
    damp_pct = max(humidity_pct - prices.damp_above_pct, 0.0)
    return TomatoParts(
        fruit=prices.fruit_kg * dry_kg / prices.fruit_dry_share,
        electricity=-prices.electricity_kwh * lamps_j / JOULES_A_KWH,
        heat=-prices.heat_kwh * (after.boiler_j - before.boiler_j) / JOULES_A_KWH,
        co2=-prices.co2_kg * 1e-6 * (after.dosed_mg - before.dosed_mg),
        climate=-hours * (prices.k_m2_h * off_k + prices.pct_m2_h * damp_pct),
    )
