"""Houses under their rules, told day by day."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from tokkatot.climate.control.coop import StageRules, steer_coop
from tokkatot.climate.control.greenhouse import TomatoRules, steer_tomatoes
from tokkatot.climate.physics.air import (
    SEA_LEVEL_PA,
    co2_ppm,
    leaf_vpd_kpa,
    magnus_pa,
    vpd_kpa,
)
from tokkatot.climate.physics.greenhouse import model as greenhouse
from tokkatot.climate.physics.greenhouse import network
from tokkatot.climate.physics.greenhouse.step import advance as advance_greenhouse
from tokkatot.climate.physics.poultry import model as coop
from tokkatot.climate.physics.poultry.litter import AMMONIA_MG_M3_PPM
from tokkatot.climate.physics.poultry.step import advance as advance_coop
from tokkatot.climate.physics.units import DAY_S, JOULES_A_KWH
from tokkatot.climate.weather.series import WeatherSeries

STEP_S = 900.0
A_DAY = 96

COOP_STEP_S = 300.0
COOP_A_DAY = 288
"""A house full of birds warms by a kelvin in minutes."""

CH2O_DRY = 1e-3
"""Dry matter of fruit, g a mg of CH2O."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoopDay:
    """What a keeper would look at in the evening; energy since the flock came."""

    day: int
    air_mean_c: float
    air_max_c: float
    co2_max_ppm: float
    ammonia_max_ppm: float
    heat_stress_h: float
    bird_kg: float
    birds: float
    feed_kg: float
    drunk_kg: float
    electricity_kwh: float
    heat_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenhouseDay:
    """What a grower would look at in the evening; sums since the start, a m²."""

    day: int
    air_mean_c: float
    humidity_mean_pct: float
    vpd_mean_kpa: float
    """Vapour pressure deficit of the air."""
    leaf_vpd_mean_kpa: float
    """Between the leaves and the air, which is what they lose water by."""
    co2_mean_ppm: float
    heat_kwh_m2: float
    lamps_kwh_m2: float
    co2_kg_m2: float
    fruit_g_m2: float
    """Dry, on the plants."""
    picked_g_m2: float


def columns(kind: type[CoopDay] | type[GreenhouseDay]) -> tuple[str, ...]:
    """Return the names of a day's fields in their order."""
    return tuple(field.name for field in fields(kind))


def coop_days(
    weather: WeatherSeries,
    state: coop.State,
    parameters: coop.Parameters,
    rules: StageRules,
    *,
    start_s: float = 0.0,
) -> Iterator[CoopDay]:
    """Let a flock live, its weather beginning at midnight of its own clock.

    Raises:
        ValueError: when the weather has ended.
    """
    book, day = coop.Ledger(), 0
    while True:
        day += 1
        air: list[float] = []
        ppm: list[float] = []
        ammonia: list[float] = []
        stressed_h = book.heat_stress_h
        for step in range(COOP_A_DAY):
            outdoor = weather.at(start_s + (day - 1) * DAY_S + step * COOP_STEP_S)
            controls = steer_coop(state, step * COOP_STEP_S / 3600, rules, parameters)
            advance_coop(state, controls, outdoor, parameters, book, COOP_STEP_S)
            air.append(state.air_c)
            ppm.append(co2_ppm(state.co2_mg_m3, state.air_c, SEA_LEVEL_PA))
            ammonia.append(state.ammonia_mg_m3 / AMMONIA_MG_M3_PPM)
        yield CoopDay(
            day=day,
            air_mean_c=sum(air) / len(air),
            air_max_c=max(air),
            co2_max_ppm=max(ppm),
            ammonia_max_ppm=max(ammonia),
            heat_stress_h=book.heat_stress_h - stressed_h,
            bird_kg=state.bird_kg,
            birds=state.birds,
            feed_kg=book.feed_kg,
            drunk_kg=book.drunk_kg,
            electricity_kwh=book.electricity_j / JOULES_A_KWH,
            heat_kwh=book.heaters_j / JOULES_A_KWH,
        )


def greenhouse_days(
    weather: WeatherSeries,
    state: greenhouse.State,
    parameters: greenhouse.Parameters,
    rules: TomatoRules,
    *,
    start_s: float = 0.0,
) -> Iterator[GreenhouseDay]:
    """Let tomatoes grow, their weather beginning at midnight of their own clock.

    Raises:
        ValueError: when the weather has ended.
    """
    book, buffer, day = greenhouse.Ledger(), [0.0] * network.SIZE, 0
    while True:
        day += 1
        sums = [0.0] * 5
        for step in range(A_DAY):
            outdoor = weather.at(start_s + (day - 1) * DAY_S + step * STEP_S)
            controls = steer_tomatoes(state, outdoor, step / 4, rules)
            advance_greenhouse(state, controls, outdoor, parameters, book, buffer, STEP_S)
            humidity_pct = relative_humidity_pct(state)
            shown = (
                state.air_c,
                humidity_pct,
                vpd_kpa(state.air_c, humidity_pct),
                leaf_vpd_kpa(state.canopy_c, state.air_c, humidity_pct),
                co2_ppm(state.air_mg_m3, state.air_c, SEA_LEVEL_PA),
            )
            sums = [total + value for total, value in zip(sums, shown, strict=True)]
        yield GreenhouseDay(
            day=day,
            air_mean_c=sums[0] / A_DAY,
            humidity_mean_pct=sums[1] / A_DAY,
            vpd_mean_kpa=sums[2] / A_DAY,
            leaf_vpd_mean_kpa=sums[3] / A_DAY,
            co2_mean_ppm=sums[4] / A_DAY,
            heat_kwh_m2=book.boiler_j / JOULES_A_KWH,
            lamps_kwh_m2=book.lamps_j / JOULES_A_KWH / (1.0 - parameters.lamp_cooled),
            co2_kg_m2=1e-6 * book.dosed_mg,
            fruit_g_m2=CH2O_DRY * state.fruit_mg_m2,
            picked_g_m2=CH2O_DRY * book.fruit_harvested_mg,
        )


def relative_humidity_pct(s: greenhouse.State) -> float:
    """Return what a hygrometer shows, which is never more than 100."""
    return min(100.0 * s.air_pa / magnus_pa(s.air_c), 100.0)
