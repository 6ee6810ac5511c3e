"""How far each fitted twin is off what its house went through the day before, by what it did."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from math import isfinite
from operator import attrgetter
from typing import Final

import msgspec
import numpy as np
import structlog
from sqlalchemy import select

from tokkatot.climate.physics.known import House as KnownHouse
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.model import Farm, House
from tokkatot.cloud.intelligence import store
from tokkatot.cloud.intelligence.model import FittedTwin
from tokkatot.cloud.jobs.child import ask
from tokkatot.cloud.jobs.model import Failure
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict
from tokkatot.cloud.telemetry.equipment_log import heard_until
from tokkatot.cloud.telemetry.store import ReadingStore, Span
from tokkatot.cloud.twins.checker import Task
from tokkatot.cloud.twins.fitted import fitted_twin
from tokkatot.cloud.twins.house import devices_in, of_one_flock, twin_of
from tokkatot.cloud.twins.recording import PERIOD_S, recorded
from tokkatot.cloud.twins.saving import MOST_A_ROUND, SETTLED, PastDay
from tokkatot.kit.clock import to_ms

PROGRAM: Final = (sys.executable, "-m", "tokkatot.cloud.twins.checker")
LIMIT_S: Final = 180.0
CAUGHT_UP_DAYS: Final = 3
"""What a cloud or a hub that stood still has missed; of older days nobody needs an alert."""
FOUND_IN: Final = timedelta(days=2)
"""So long a twin lives before the day that counts: its litter or its ground is not measured."""
FEWEST: Final = 48
"""Moments of a day, a quarter of an hour apart, at which its air was measured."""
_DIGITS: Final = 3

_log = structlog.get_logger(__name__)


async def check_days(
    context: Context, readings: ReadingStore, *, program: Sequence[str] = PROGRAM
) -> None:
    """Let each fitted twin live through what its house did, and keep by how much it was off."""
    async with context.database.transaction() as tx:
        due = await _due(tx)
    for one in due:
        async with context.database.transaction() as tx:
            task = await _task(tx, readings, one)
        found: JsonObject | str = task if isinstance(task, str) else await _lived(task, program)
        async with context.database.transaction() as tx:
            await store.keep_twin_day(
                tx.session,
                {"house_id": one.house.id, "day": one.day, "reckoned_at": tx.now} | _row(found),
            )


async def _due(tx: Transaction) -> Sequence[PastDay]:
    """Return the days of which nobody knows it, those that were looked at longest ago first."""
    rows = await tx.session.execute(
        select(House, Farm, FittedTwin.fitted_at)
        .join(Farm, Farm.id == House.farm_id)
        .join(FittedTwin, FittedTwin.house_id == House.id)
        .where(House.deleted_at.is_(None), Farm.deleted_at.is_(None))
        .order_by(House.id)
    )
    begun: list[PastDay] = []
    for house, farm, fitted_at in rows.all():
        hub = await farms_store.hub_for_house(tx.session, house.farm_id, house.id)
        told_until = tx.now if hub is None else heard_until(hub, now=tx.now)
        today = farm.today(tx.now - SETTLED)
        days = [
            PastDay(house=house, farm=farm, day=today - timedelta(days=ago))
            for ago in range(CAUGHT_UP_DAYS, 0, -1)
        ]
        # Of the days before it was fitted, its card tells.
        begun += [one for one in days if fitted_at <= one.start and one.end <= told_until]
    if not begun:
        return []
    days_of = [one.day for one in begun]
    known = await store.twin_days(
        tx.session, [one.house.id for one in begun], min(days_of), max(days_of)
    )
    looked = {(row.house_id, row.day): row for row in known}
    new = [one for one in begun if (one.house.id, one.day) not in looked]
    again = [row for row in known if row.lacking == "records"]
    again.sort(key=attrgetter("reckoned_at"))
    mine = {(one.house.id, one.day): one for one in begun}
    late = [mine[key] for row in again if (key := (row.house_id, row.day)) in mine]
    return [*new, *late][:MOST_A_ROUND]


async def _task(tx: Transaction, readings: ReadingStore, one: PastDay) -> Task | str:
    """Return what the twin is to live through, or what is lacking for it."""
    house = one.house
    fit = await store.fit_of(tx.session, house.id)
    if fit is None:
        return "fit"
    devices = await devices_in(tx, house)
    try:
        known = KnownHouse(fit.known_as)
    except ValueError:
        return "fit"
    try:
        span = await of_one_flock(tx, house, Span(start=one.start - FOUND_IN, end=one.end))
        lived = await recorded(tx, readings.within(tx), house, known, devices, span)
    except Conflict:
        return "records"
    try:
        twin = fitted_twin(fit, await twin_of(tx, house, known, devices, at=lived.start))
    except Conflict:
        return "fit"
    before_ms = to_ms(one.start) - to_ms(lived.start)
    judged_from = max(-(-before_ms // (PERIOD_S * 1000)), 0)
    measured = lived.columns.get("air_c")
    if measured is None or np.isfinite(measured[judged_from:]).sum() < FEWEST:
        return "records"
    return Task(twin=twin, lines=list(lived.lines()), judged_from=judged_from)


async def _lived(task: Task, program: Sequence[str]) -> JsonObject | str:
    said = await ask(program, msgspec.msgpack.encode(task), limit_s=LIMIT_S, progress=_unheard)
    if isinstance(said, Failure):
        _log.warning("checking.failed", detail=said.detail)
        return "twin"
    return said


def _unheard(_done: float) -> None:
    """Nobody waits for it."""


def _row(found: JsonObject | str) -> dict[str, object]:
    if isinstance(found, str):
        return {"air_c": None, "off_k": None, "lacking": found}
    air_c, off_k = float(found["air_c"]), float(found["off_k"])
    if not (isfinite(air_c) and isfinite(off_k)):
        return {"air_c": None, "off_k": None, "lacking": "twin"}
    return {"air_c": round(air_c, _DIGITS), "off_k": round(off_k, _DIGITS), "lacking": None}
