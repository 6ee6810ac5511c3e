"""How far each fitted twin is off what its house went through the day before, by what it did."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import numpy as np
from sqlalchemy import select

from tokkatot.climate.physics.known import House as KnownHouse
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.model import Farm, House
from tokkatot.cloud.intelligence import store
from tokkatot.cloud.intelligence.model import FittedTwin
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict, Problem
from tokkatot.cloud.telemetry.equipment_log import heard_until
from tokkatot.cloud.telemetry.store import ReadingStore, Span
from tokkatot.cloud.twins.checker import Task
from tokkatot.cloud.twins.fitted import fitted_twin
from tokkatot.cloud.twins.house import devices_in, of_one_flock, twin_of
from tokkatot.cloud.twins.past_days import (
    FAILED,
    PastDay,
    live_through,
    new_then_late,
    past_days,
)
from tokkatot.cloud.twins.recording import PERIOD_S, recorded
from tokkatot.kit.clock import to_ms

PROGRAM: Final = (sys.executable, "-m", "tokkatot.cloud.twins.checker")
CAUGHT_UP_DAYS: Final = 3
"""What a cloud or a hub that stood still has missed; of older days nobody needs an alert."""
FOUND_IN: Final = timedelta(days=2)
"""So long a twin lives before the day that counts: its litter or its ground is not measured."""
FEWEST: Final = 48
"""Moments of a day, a quarter of an hour apart, at which its air was measured."""
_DIGITS: Final = 3


async def check_days(
    context: Context, readings: ReadingStore, *, program: Sequence[str] = PROGRAM
) -> None:
    """Let each fitted twin live through what its house did, and keep by how much it was off."""
    await live_through(
        context,
        program,
        due=_due,
        task=lambda tx, one: _task(tx, readings, one),
        row=_row,
        keep=store.keep_twin_day,
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
        days = past_days(house, farm, tx.now, CAUGHT_UP_DAYS)
        # Of the days before it was fitted, its card tells.
        begun += [one for one in days if fitted_at <= one.start and one.end <= told_until]
    if not begun:
        return []
    days_of = [one.day for one in begun]
    known = await store.twin_days(
        tx.session, [one.house.id for one in begun], min(days_of), max(days_of)
    )
    return new_then_late(begun, known, {"records"})


async def _task(tx: Transaction, readings: ReadingStore, one: PastDay) -> Task | str:
    """Return what the twin is to live through, or what is lacking for it."""
    house = one.house
    fit = await store.fit_of(tx.session, house.id)
    if fit is None:
        return "fit"
    if await farms_store.is_empty_on(tx.session, house.id, one.day):
        # A twin without birds or a crop is not what was fitted.
        return "empty"
    devices = await devices_in(tx, house)
    try:
        known = KnownHouse(fit.known_as)
    except ValueError:
        return "fit"
    try:
        span = await of_one_flock(tx, house, Span(start=one.start - FOUND_IN, end=one.end))
        lived = await recorded(tx, readings.within(tx), house, known, devices, span)
    except Problem:
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


def _row(found: JsonObject | str) -> dict[str, object]:
    if isinstance(found, str):
        return {"air_c": None, "off_k": None, "lacking": found}
    air_c, off_k = found["air_c"], found["off_k"]
    if air_c is None or off_k is None:
        # What is not a number is null in JSON.
        return _row(FAILED)
    return {"air_c": round(air_c, _DIGITS), "off_k": round(off_k, _DIGITS), "lacking": None}
