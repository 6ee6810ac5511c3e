"""Jobs that ask a house's twin what would be: this weather, these set-points."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec
import numpy as np
from typing_extensions import override

from tokkatot.climate.control.tariff import weighed_kwh
from tokkatot.climate.env.what_if import STEP_S
from tokkatot.climate.physics.air import magnus_pa
from tokkatot.climate.physics.known import House
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.farms.model import Farm
from tokkatot.cloud.farms.model import House as StoredHouse
from tokkatot.cloud.intelligence import store as intelligence_store
from tokkatot.cloud.jobs.model import Job
from tokkatot.cloud.jobs.worker import JobKind, Prepared
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.schedules.targets import targets_in
from tokkatot.cloud.telemetry.store import Readings, ReadingStore, Span
from tokkatot.cloud.telemetry.summary import Integers, Numbers
from tokkatot.cloud.twins.asked import Prices, RecordedWeather, WhatIf
from tokkatot.cloud.twins.fitted import fitted_twin
from tokkatot.cloud.twins.forecasts import Forecasts
from tokkatot.cloud.twins.house import devices_in, flock_at, twin_of, usual_twin
from tokkatot.cloud.twins.recorded import inside, steps_of
from tokkatot.cloud.twins.simulator import Begun, Points, Task, rows_every
from tokkatot.cloud.twins.weather import Skies, skies
from tokkatot.domain.houses import HouseKind, SetPoints
from tokkatot.domain.ids import FarmId, HouseId
from tokkatot.domain.quantities import Quantity
from tokkatot.kit.clock import from_ms, to_rfc3339

KIND: Final = "twin.simulate"
AS_IS: Final = "as_is"
WHAT_IF: Final = "what_if"
STEP: Final = round(STEP_S)
SEEN_FOR: Final = timedelta(hours=1)
"""So long before the beginning, or after it, the air of a house may have been measured."""
_SHOWN: Final[Mapping[str, Quantity]] = {
    "air_c": Quantity.TEMPERATURE,
    "humidity_pct": Quantity.RELATIVE_HUMIDITY,
    "co2_ppm": Quantity.CO2,
}
_USUAL_CO2_PPM: Final = {HouseKind.COOP: 1000.0, HouseKind.GREENHOUSE: 420.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulating(JobKind):
    """How a twin is asked."""

    readings: ReadingStore
    forecasts: Forecasts
    program: Sequence[str] = (sys.executable, "-m", "tokkatot.cloud.twins.simulator")
    limit_s: float = 180.0

    @override
    async def prepare(self, tx: Transaction, job: Job) -> Prepared:
        asked = msgspec.convert(job.asked, WhatIf)
        house = await house_in(tx, FarmId(job.farm_id), HouseId(job.house_id))
        farm = await tx.session.get_one(Farm, job.farm_id)
        stored = self.readings.within(tx)
        sky = await skies(tx, stored, self.forecasts, farm, asked.weather)
        sky = sky.warmer(asked.warmer_k)
        begins = from_ms(sky.start_ms)
        devices = await devices_in(tx, house)
        fit = await intelligence_store.fit_of(tx.session, house.id)
        flock = await flock_at(tx, house, begins)
        usual = usual_twin(house, flock, devices) if fit is None else House(fit.known_as)
        known = asked.house or usual
        if fit is not None and fit.known_as != known:
            fit = None
        twin = await twin_of(tx, house, known, devices, at=begins)
        if fit is not None:
            twin = fitted_twin(fit, twin)
        begun, assumed = await begun_in(tx, stored, house, sky)
        if house.floor_area_m2 is None:
            assumed = [*assumed, "floor_area_m2"]
        task = Task(
            twin=twin,
            begun=begun,
            period_s=sky.period_s,
            weather=list(sky.rows),
            hours=sky.hours(farm.time_zone),
            plans=await _plans(tx, house, sky, asked),
        )
        every = rows_every(task)
        return Prepared(
            task=msgspec.msgpack.encode(task),
            beside={
                "from": to_rfc3339(begins),
                "row_s": every * STEP_S,
                "outdoor_c": _outdoors(sky, every),
                "foretold_hours": sky.foretold_hours,
                "measured": await _measured(tx, stored, house, sky, asked, every),
                "assumed": [*sky.assumed, *assumed],
                "twin": {
                    "house": twin.house.value,
                    "birds": None if twin.birds is None else twin.birds.count,
                    "fitted_at": None if fit is None else to_rfc3339(fit.fitted_at),
                },
            },
        )

    @override
    async def take(
        self, tx: Transaction, job: Job, beside: JsonObject, result: JsonObject
    ) -> JsonObject:
        asked = msgspec.convert(job.asked, WhatIf)
        return beside | {
            "plans": {
                name: plan | {"cost": _cost(plan, asked.prices)} for name, plan in result.items()
            }
        }


async def _plans(
    tx: Transaction, house: StoredHouse, sky: Skies, asked: WhatIf
) -> dict[str, list[Points]]:
    targets = await targets_in(tx, house)
    plans = {AS_IS: [points_of(targets.at(from_ms(t_ms))) for t_ms in sky.row_ms]}
    if asked.points is not None:
        plans[WHAT_IF] = [asked.points] * len(sky.rows)
    return plans


def points_of(points: SetPoints) -> Points:
    """Return set-points as the program takes them."""
    return points.temperature_min_c, points.temperature_max_c, points.temperature_hard_max_c


async def begun_in(
    tx: Transaction, stored: Readings, house: StoredHouse, sky: Skies
) -> tuple[Begun, Sequence[str]]:
    """Return what the air was like nearest to the beginning, and what of it is assumed."""
    begins = from_ms(sky.start_ms)
    span = Span(start=begins - SEEN_FOR, end=begins + SEEN_FOR)
    known = await inside(tx.session, stored, house.id, span, STEP)
    off_ms = np.abs(steps_of(span, STEP) - sky.start_ms)
    found = {quantity: _nearest(values, off_ms) for quantity, values in known.items()}
    usual: Mapping[Quantity, float] = {
        Quantity.TEMPERATURE: sky.rows[0].temperature_c,
        Quantity.RELATIVE_HUMIDITY: _humidity_pct(sky.rows[0]),
        Quantity.CO2: _USUAL_CO2_PPM[house.kind],
    }
    values = {**usual, **found}
    begun = Begun(
        air_c=values[Quantity.TEMPERATURE],
        humidity_pct=values[Quantity.RELATIVE_HUMIDITY],
        co2_ppm=values[Quantity.CO2],
    )
    return begun, [f"inside.{quantity}" for quantity in usual if quantity not in found]


def _humidity_pct(outdoor: Outdoor) -> float:
    return min(100.0 * outdoor.vapour_pa / magnus_pa(outdoor.temperature_c), 100.0)


def _nearest(values: Numbers, off_ms: Integers) -> float:
    there = np.flatnonzero(np.isfinite(values))
    return float(values[there[np.argmin(off_ms[there])]])


async def _measured(
    tx: Transaction, stored: Readings, house: StoredHouse, sky: Skies, asked: WhatIf, every: int
) -> JsonObject | None:
    """Return what was measured in the house meanwhile, where it is past."""
    if not isinstance(asked.weather, RecordedWeather):
        return None
    end_ms = sky.start_ms + len(sky.rows) * sky.period_s * 1000
    span = Span(start=from_ms(sky.start_ms), end=from_ms(end_ms))
    known = await inside(tx.session, stored, house.id, span, STEP)
    return {
        name: None if quantity not in known else _means(known[quantity], every)
        for name, quantity in _SHOWN.items()
    }


def _means(values: Numbers, every: int) -> list[float | None]:
    """Return the means of so many steps each, None where nothing was measured."""
    padded = np.concatenate((values, np.full(-len(values) % every, np.nan))).reshape(-1, every)
    count = np.isfinite(padded).sum(axis=1)
    total = np.nansum(padded, axis=1)
    return [
        round(float(part / number), 2) if number else None
        for part, number in zip(total, count, strict=True)
    ]


def _outdoors(sky: Skies, every: int) -> list[float]:
    """Return how warm it is outside, a number for each row that is shown."""
    rows_s = np.arange(len(sky.rows)) * float(sky.period_s)
    steps_s = np.arange(0, len(sky.rows) * sky.period_s, STEP)
    lines = np.interp(steps_s, rows_s, [row.temperature_c for row in sky.rows])
    return [round(float(lines[at : at + every].mean()), 2) for at in range(0, len(lines), every)]


def _cost(plan: JsonObject, prices: Prices | None) -> float | None:
    if prices is None:
        return None
    electricity_kwh = weighed_kwh(plan["electricity_by_hour_kwh"], prices.tariff)
    heat_kwh = float(plan["heat_kwh"])
    return round(electricity_kwh * prices.electricity_kwh + heat_kwh * prices.heat_kwh, 4)
