"""Jobs that fit a house's twin to what was recorded in it."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from typing_extensions import override

from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.farms.model import House
from tokkatot.cloud.farms.ports import Documents
from tokkatot.cloud.intelligence import store as intelligence_store
from tokkatot.cloud.intelligence.model import HouseAutopilot
from tokkatot.cloud.intelligence.registry import touched_by
from tokkatot.cloud.jobs.model import Job
from tokkatot.cloud.jobs.worker import JobKind, Prepared
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.telemetry.store import ReadingStore, Span
from tokkatot.cloud.twins.asked import Calibration
from tokkatot.cloud.twins.calibrator import Task
from tokkatot.cloud.twins.fitted import as_built
from tokkatot.cloud.twins.house import devices_in, flock_at, of_one_flock, twin_of, usual_twin
from tokkatot.cloud.twins.recording import PERIOD_S, recorded
from tokkatot.domain.autopilot import AutopilotMode
from tokkatot.domain.ids import FarmId, HouseId
from tokkatot.kit.clock import from_ms, to_rfc3339

KIND: Final = "twin.calibrate"
_BUILT: Final = "built"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrating(JobKind):
    """How a twin is fitted."""

    readings: ReadingStore
    documents: Documents
    program: Sequence[str] = (sys.executable, "-m", "tokkatot.cloud.twins.calibrator")
    limit_s: float = 1800.0

    @override
    async def prepare(self, tx: Transaction, job: Job) -> Prepared:
        asked = msgspec.convert(job.asked, Calibration)
        house = await house_in(tx, FarmId(job.farm_id), HouseId(job.house_id))
        devices = await devices_in(tx, house)
        span = Span(start=from_ms(asked.start_ms), end=from_ms(asked.end_ms))
        span = await of_one_flock(tx, house, span)
        known = asked.house or usual_twin(house, await flock_at(tx, house, span.start), devices)
        lived = await recorded(tx, self.readings.within(tx), house, known, devices, span)
        # From its first day on the twin itself lets the flock grow.
        twin = await twin_of(tx, house, known, devices, at=lived.start)
        return Prepared(
            task=msgspec.msgpack.encode(Task(twin=twin, lines=list(lived.lines()), fit=asked.fit)),
            beside={
                "from": to_rfc3339(lived.start),
                "through": to_rfc3339(
                    from_ms(round(lived.start.timestamp() * 1000) + lived.rows * PERIOD_S * 1000)
                ),
                _BUILT: as_built(twin),
            },
        )

    @override
    async def take(
        self, tx: Transaction, job: Job, beside: JsonObject, result: JsonObject
    ) -> JsonObject:
        card: JsonObject = result["card"]
        before: JsonObject = result["before"]
        told = {name: value for name, value in beside.items() if name != _BUILT}
        await intelligence_store.keep_fit(
            tx.session,
            {
                "house_id": job.house_id,
                "known_as": card["house"],
                "card": card,
                "job_id": job.id,
                "fitted_at": tx.now,
                # What has changed meanwhile is no more what was fitted.
                "built": beside.get(_BUILT),
            },
        )
        await self._hand_down(tx, await house_in(tx, FarmId(job.farm_id), HouseId(job.house_id)))
        parameters = {
            name: fitted | {"before": before[name]} for name, fitted in card["parameters"].items()
        }
        return told | card | {"parameters": parameters}

    async def _hand_down(self, tx: Transaction, house: House) -> None:
        """Let the house's hub know where its autopilot asks the twin."""
        autopilot = await tx.session.get(HouseAutopilot, house.id, with_for_update=True)
        if autopilot is not None and autopilot.mode is not AutopilotMode.OFF:
            touched = await touched_by(tx, house, autopilot)
            await tx.session.flush()
            await self.documents.check(tx, touched)
