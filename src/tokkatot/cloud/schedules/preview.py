"""What schedules and rules would have done, over what the farm has recorded."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import itemgetter
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import func, select

from tokkatot.automation.preview import Preview
from tokkatot.cloud.devices import store as device_store
from tokkatot.cloud.devices.configs import device_config
from tokkatot.cloud.farms.model import Farm, House
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Problem, RateLimited, Unavailable, invalid_field
from tokkatot.cloud.schedules.checks import check_schedule, surroundings
from tokkatot.cloud.schedules.houses import house_configs, schedules_in
from tokkatot.cloud.schedules.reading import read
from tokkatot.cloud.schedules.replayer import OUT_OF_MEMORY, Task
from tokkatot.cloud.schedules.rules import read_rules
from tokkatot.cloud.telemetry.drawing import Shape
from tokkatot.cloud.telemetry.history import draw, find_series
from tokkatot.cloud.telemetry.store import Readings, Span
from tokkatot.domain.desired import MAX_DEVICES, DesiredDocument
from tokkatot.domain.ids import DeviceId, FarmId, HubId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.schedules import Schedule
from tokkatot.kit.clock import to_ms

_log = structlog.get_logger(__name__)

LONGEST = timedelta(days=7)
SHORTEST_STEP_S = 10.0
MAX_STEPS = 20_160
"""A week in steps of 30 s, of which the engine makes some five thousand a second."""
MAX_POINTS = 400_000
TIMEOUT_S = 20.0
AT_ONCE = 2
"""So many previews run in one process of the cloud at a time, and one of each farm."""
RETRY_AFTER_S = 5
_LOCK = 0x70726576
_REPLAYER = (sys.executable, "-m", "tokkatot.cloud.schedules.replayer")
_TOO_MUCH = frozenset({-signal.SIGKILL, -signal.SIGXCPU, OUT_OF_MEMORY})
"""How a replay ends that reached one of its limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Automation to be looked at, in place of what the house has."""

    schedule: JsonObject | None
    """As people write it; with the id of a schedule it replaces that one."""
    rules: Sequence[JsonObject] | None


class Previews:
    """Leads the engine through history in processes of their own, a few at a time."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S, command: Sequence[str] = _REPLAYER) -> None:
        self._timeout_s = timeout_s
        self._command = command
        self._running = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold one of the few places; history is read inside, since it fills the memory too.

        Raises:
            Unavailable: when none is free.
        """
        if self._running >= AT_ONCE:
            raise Unavailable("Other previews are running.", retry_after_s=RETRY_AFTER_S)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    async def run(self, task: Task) -> Preview:
        """Return what would have been.

        Raises:
            Unavailable: when it takes too long, be it for its length or for other work.
            Invalid: when it takes more than it may.
        """
        # In a thread, as the hundreds of thousands of points would hold everybody else up.
        encoded = await asyncio.to_thread(msgspec.msgpack.encode, task)
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                answer, _ = await process.communicate(encoded)
        except TimeoutError:
            raise Unavailable(
                "It takes too long: look at less time, or again later.",
                retry_after_s=RETRY_AFTER_S,
            ) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode in _TOO_MUCH:
            raise invalid_field("body.from", "too_long", "It takes too much: look at less time.")
        if process.returncode != 0:
            _log.error("preview.failed", status=process.returncode)
            raise Problem("internal")
        return msgspec.msgpack.decode(answer, type=Preview)


async def only_one(tx: Transaction, farm_id: FarmId) -> None:
    """Let one preview of a farm run at a time, until the end of the transaction.

    Raises:
        RateLimited: when another one runs.
    """
    key = (farm_id.int & ((1 << 63) - 1)) ^ _LOCK
    if not await tx.session.scalar(select(func.pg_try_advisory_xact_lock(key))):
        raise RateLimited(RETRY_AFTER_S)


def span_of(start: datetime | None, end: datetime | None, *, now: datetime) -> Span:
    """Return the time to look at: by default the last day.

    Raises:
        Invalid: when it has no length, is too long, or has not been yet.
    """
    end = now if end is None else end
    if end > now:
        raise invalid_field("body.through", "in_future", "Nothing is recorded of then.")
    start = end - timedelta(days=1) if start is None else start
    if not start < end:
        raise invalid_field("body.from", "not_before", "A stretch ends after it begins.")
    if end - start > LONGEST:
        raise invalid_field("body.from", "too_long", f"It is at most {LONGEST.days} days.")
    return Span(start=start, end=end)


async def task_of(
    tx: Transaction, readings: Readings, house: House, draft: Draft, span: Span
) -> Task:
    """Return a house with its automation, and what was recorded of it.

    Raises:
        Invalid: when the house could not carry the draft out.
    """
    step_s = max(SHORTEST_STEP_S, span.length_ms / 1000 / MAX_STEPS)
    series, points, interval_s = await _recorded(tx, readings, house, span, step_s)
    document = await _document(tx, house, draft)
    return Task(
        # What is summed up comes more seldom than its sensor spoke, and is not stale for that.
        document=replace(
            document,
            devices=tuple(
                replace(device, period_s=max(device.period_s, interval_s))
                for device in document.devices
            ),
        ),
        series=series,
        points=points,
        from_ms=to_ms(span.start),
        through_ms=to_ms(span.end),
        step_s=step_s,
    )


async def _document(tx: Transaction, house: House, draft: Draft) -> DesiredDocument:
    farm = await tx.session.get_one(Farm, house.farm_id)
    (config,) = await house_configs(tx, farm, [house])
    around = await surroundings(tx, house)
    schedules = {found.id: found for found in await schedules_in(tx, [house.id])}
    if draft.schedule is not None:
        fields = {"id": str(tx.new_id()), "house_id": str(house.id), **draft.schedule}
        drafted = read(fields, Schedule, "body.schedule")
        check_schedule(drafted, around, "body.schedule")
        schedules[drafted.id] = drafted
    rules = config.rules if draft.rules is None else read_rules(tx, draft.rules, around)
    rows = await device_store.devices_of(tx.session, farm.id, house_id=house.id, limit=MAX_DEVICES)
    return DesiredDocument(
        farm_id=FarmId(farm.id),
        hub_id=around.hub_id or HubId(UUID(int=0)),
        version=1,
        expires_ms=0,
        time_zone=farm.time_zone,
        # A stop that holds now says nothing of what would have been.
        houses=(replace(config, rules=tuple(rules), software_stop=False),),
        devices=tuple(device_config(row.device, row.zone) for row in rows),
        place=farm.place,
        schedules=tuple(schedules.values()),
    )


async def _recorded(
    tx: Transaction, readings: Readings, house: House, span: Span, step_s: float
) -> tuple[tuple[tuple[DeviceId, Quantity], ...], list[tuple[int, int, float]], float]:
    """Return series, their points by time, and how far apart the points may be."""
    keys = await find_series(tx.session, house.id)
    length_s = span.length_ms / 1000
    most = max(min(int(length_s / step_s), MAX_POINTS // max(len(keys), 1)), 2)
    drawn = await draw(readings, keys, span, points=most, shape=Shape.AVERAGE)
    points = await asyncio.to_thread(_merged, [one.points for one in drawn])
    series = tuple((DeviceId(key.device_id), Quantity(key.quantity)) for key in keys)
    return series, points, length_s / (most - 1)


def _merged(each: Sequence[Sequence[tuple[int, float, int]]]) -> list[tuple[int, int, float]]:
    """Return the points of several series by time, each with the number of its series."""
    points = [
        (index, t_ms, value) for index, points in enumerate(each) for t_ms, value, _ in points
    ]
    points.sort(key=itemgetter(1))
    return points
