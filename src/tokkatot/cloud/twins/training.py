"""Jobs that learn a policy for one house from its own data, and offer it to staff."""

import sys
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from typing_extensions import override

from tokkatot.climate.physics.known import COOPS
from tokkatot.climate.physics.known import House as KnownHouse
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.weather.files import moment_of
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.farms.model import Farm, House
from tokkatot.cloud.intelligence import store as intelligence_store
from tokkatot.cloud.intelligence.registry import add_policy, has_no_broilers
from tokkatot.cloud.jobs.model import Job
from tokkatot.cloud.jobs.problems import Unanswerable
from tokkatot.cloud.jobs.reasons import Reason
from tokkatot.cloud.jobs.worker import JobKind, Prepared
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.telemetry.local_time import hour_of_day
from tokkatot.cloud.telemetry.store import HOUR_S, Readings, ReadingStore, Span
from tokkatot.cloud.twins.asked import Learning
from tokkatot.cloud.twins.fitted import fitted_twin
from tokkatot.cloud.twins.house import devices_in, twin_of
from tokkatot.cloud.twins.recorded import filled, longest_run, steps_of, weather_by_hour
from tokkatot.cloud.twins.trainer import Task
from tokkatot.cloud.twins.weather import CALM_M_S, COLUMNS
from tokkatot.domain.ids import FarmId, HouseId

KIND: Final = "twin.train"
STEPS: Final = 1_000_000
LOOKED_BACK: Final = timedelta(days=180)
LEAST_DAYS: Final = 12
"""Of weather without a gap; a third of them is kept for judging."""
LONGEST_GAP_H: Final = 3
NO_FIT: Final = "Fit the twin of this house first: a policy learns in what was found of it."
NO_FLOOR: Final = "Say how large the house is: nobody knows how many birds share its air."
NO_COOP: Final = "Hubs let policies steer coops alone so far."
NO_BROILERS: Final = (
    "The environment that policies learn in knows broilers, not hens or village chickens."
)
TOO_LITTLE: Final = (
    f"A weather station of the farm must have measured temperature, humidity and radiation for"
    f" {LEAST_DAYS} days on end: wait for them."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Training(JobKind):
    """How a policy is learned for a house."""

    readings: ReadingStore
    program: Sequence[str] = (sys.executable, "-m", "tokkatot.cloud.twins.trainer")
    limit_s: float = 7200.0

    @override
    async def prepare(self, tx: Transaction, job: Job) -> Prepared:
        asked = msgspec.convert(job.asked, Learning)
        house = await house_in(tx, FarmId(job.farm_id), HouseId(job.house_id))
        fit = await intelligence_store.fit_of(tx.session, house.id)
        if fit is None:
            raise Unanswerable(NO_FIT, Reason("not_fitted"))
        known = next((one for one in COOPS if one == fit.known_as), None)
        if known is None:
            raise Unanswerable(NO_COOP, Reason("coops_only"))
        if known is KnownHouse.HENS or await has_no_broilers(tx, house):
            raise Unanswerable(NO_BROILERS, Reason("broilers_only"))
        if house.floor_area_m2 is None:
            raise Unanswerable(NO_FLOOR, Reason("no_floor_area"))
        weather = await _days(tx, self.readings.within(tx), house)
        twin = await twin_of(tx, house, known, await devices_in(tx, house), at=tx.now)
        task = Task(twin=fitted_twin(fit, twin), weather=weather, steps=STEPS, tariff=asked.tariff)
        beside = {"days": len(weather) // 24, "steps": STEPS, "tariff": asked.tariff}
        return Prepared(task=msgspec.msgpack.encode(task), beside=beside)

    @override
    async def take(
        self, tx: Transaction, job: Job, beside: JsonObject, result: JsonObject
    ) -> JsonObject:
        """Offer it beside the others: staff deploy, people let it steer."""
        stored = await add_policy(
            tx, b64decode(result["card"]), b64decode(result["model"]), house_id=job.house_id
        )
        held_out = stored.card["held_out"]
        return beside | {
            "policy": {"id": stored.sha256, "version": stored.version},
            "held_out": held_out,
            # Whoever needs no policy may set these.
            "tuned": result["tuned"],
        }


async def _days(tx: Transaction, readings: Readings, house: House) -> list[Outdoor]:
    """Return the longest stretch of whole days that the farm's stations have measured.

    Raises:
        Unanswerable: where it is too short.
    """
    farm = await tx.session.get_one(Farm, house.farm_id)
    span = Span(start=tx.now - LOOKED_BACK, end=tx.now)
    known = await weather_by_hour(tx.session, readings, farm.id, span)
    steps = steps_of(span, HOUR_S)
    nothing = np.full(len(steps), np.nan)
    columns = {
        name: filled(known.get(quantity, nothing), most=LONGEST_GAP_H)
        for name, (quantity, _) in COLUMNS.items()
    }
    wind = columns["wind_m_s"]
    columns["wind_m_s"] = np.where(np.isfinite(wind), wind, CALM_M_S)
    kept = longest_run(np.logical_and.reduce([np.isfinite(one) for one in columns.values()]))
    hours = hour_of_day(steps[kept], ZoneInfo(farm.time_zone))
    midnights = np.flatnonzero(hours == 0)
    first = kept.stop if not len(midnights) else kept.start + int(midnights[0])
    days = (kept.stop - first) // 24
    if days < LEAST_DAYS:
        raise Unanswerable(TOO_LITTLE, Reason("too_little_weather", {"days_needed": LEAST_DAYS}))
    rows = range(first, first + 24 * days)
    mean_c = float(columns["temperature_c"][rows.start : rows.stop].mean())
    return [
        moment_of({name: float(values[row]) for name, values in columns.items()}, mean_c)
        for row in rows
    ]
