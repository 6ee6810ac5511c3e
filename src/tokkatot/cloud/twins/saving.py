"""What each day of an autopilot saved: the same weather, lived by the twin with it and without."""

import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from sqlalchemy import select

from tokkatot.automation.lending import turned
from tokkatot.automation.state import Lent
from tokkatot.climate.control.held import FANS
from tokkatot.climate.physics.known import House as KnownHouse
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.model import Farm, House
from tokkatot.cloud.intelligence import store
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict
from tokkatot.cloud.schedules.targets import Targets, targets_in
from tokkatot.cloud.telemetry.equipment_log import heard_until
from tokkatot.cloud.telemetry.store import ReadingStore
from tokkatot.cloud.twins.asked import RecordedWeather
from tokkatot.cloud.twins.fitted import fitted_twin
from tokkatot.cloud.twins.house import devices_in, twin_of
from tokkatot.cloud.twins.past_days import (
    FAILED,
    SETTLED,
    PastDay,
    live_through,
    new_then_late,
    past_days,
)
from tokkatot.cloud.twins.simulating import STEP, begun_in, points_of
from tokkatot.cloud.twins.simulator import Points, Task
from tokkatot.cloud.twins.weather import Skies, recorded_skies
from tokkatot.domain.autopilot import LENT_FOR_S, AutopilotMode
from tokkatot.domain.devices import DeviceRole
from tokkatot.kit.clock import from_ms, to_ms

RULES: Final = "rules"
HELD: Final = "held"
PROGRAM: Final = (sys.executable, "-m", "tokkatot.cloud.twins.simulator")
CAUGHT_UP_DAYS: Final = 14
"""What a cloud or a hub that stood still has missed; of older days set-points are others by now."""
_DIGITS: Final = 3
_DIGITS_BY_HOUR: Final = 6
LENT_FOR: Final = timedelta(seconds=LENT_FOR_S)


async def reckon_days(
    context: Context, readings: ReadingStore, *, program: Sequence[str] = PROGRAM
) -> None:
    """Reckon what the last days of each house with an autopilot saved, and keep it."""
    await live_through(
        context,
        program,
        due=_due,
        task=lambda tx, one: _task(tx, readings, one),
        row=_row,
        keep=store.keep_saved,
    )


async def _due(tx: Transaction) -> Sequence[PastDay]:
    """Return the days to reckon: those that nobody has, then those of which something lacked.

    The oldest of each house comes first, and of the others the one that was looked at longest ago.
    """
    decided = await store.decided_since(tx.session, tx.now - timedelta(days=CAUGHT_UP_DAYS + 2))
    rows = await tx.session.execute(
        select(House, Farm)
        .join(Farm, Farm.id == House.farm_id)
        .where(House.id.in_(decided), House.deleted_at.is_(None))
        .order_by(House.id)
    )
    begun: list[PastDay] = []
    for house, farm in rows.all():
        first, last = decided[house.id]
        told_until = await _told_until(tx, house, last)
        begun += [
            one
            for one in past_days(house, farm, tx.now, CAUGHT_UP_DAYS)
            if one.end > first and (one.end <= told_until or _is_last_chance(one, tx.now))
        ]
    if not begun:
        return []
    days = [one.day for one in begun]
    known = await store.saved_days(tx.session, list(decided), min(days), max(days))
    return new_then_late(begun, known, store.MAY_COME)


async def _told_until(tx: Transaction, house: House, decided_last: datetime) -> datetime:
    """Return until when the hub of a house has told what it knows.

    Decisions come in their order: while its autopilot is on, the last one says how far they are.
    """
    hub = await farms_store.hub_for_house(tx.session, house.farm_id, house.id)
    if hub is None:
        return tx.now
    heard = heard_until(hub, now=tx.now)
    (autopilot,) = await store.autopilots(tx.session, [house.id]) or (None,)
    if autopilot is None or autopilot.mode is AutopilotMode.OFF:
        return heard
    return min(heard, decided_last)


def _is_last_chance(one: PastDay, now: datetime) -> bool:
    """Return whether tomorrow nobody will ask for it any more."""
    return one.day <= one.farm.today(now - SETTLED) - timedelta(days=CAUGHT_UP_DAYS)


async def _task(tx: Transaction, readings: ReadingStore, one: PastDay) -> Task | str:
    """Return what the twin is to live through, or what is lacking for it."""
    house = one.house
    fit = await store.fit_of(tx.session, house.id)
    if fit is None:
        return "fit"
    held = await store.held(tx.session, house.id, one.start - LENT_FOR, one.end)
    if not held:
        return "decisions"
    stored = readings.within(tx)
    span = RecordedWeather(start_ms=to_ms(one.start), end_ms=to_ms(one.end))
    try:
        known = KnownHouse(fit.known_as)
        devices = await devices_in(tx, house)
        twin = await twin_of(tx, house, known, devices, at=one.start)
        twin = fitted_twin(fit, twin)
    except (Conflict, ValueError):
        return "fit"
    try:
        sky = await recorded_skies(tx, stored, one.farm, span)
    except Conflict:
        return "weather"
    begun, _ = await begun_in(tx, stored, house, sky)
    shifts_k = _lent(sky, [(was.t, was.shift_k) for was in held], 0.0)
    shares = _lent(sky, [(was.t, was.fan_share) for was in held], 1.0)
    return Task(
        twin=twin,
        begun=begun,
        period_s=sky.period_s,
        weather=list(sky.rows),
        hours=sky.hours(one.farm.time_zone),
        plans=_plans(sky, await targets_in(tx, house), shifts_k),
        shares={HELD: shares},
        fans=sum(device.role is DeviceRole.FAN for device in devices) or FANS,
    )


def _plans(sky: Skies, targets: Targets, shifts_k: Sequence[float]) -> dict[str, list[Points]]:
    """Return the house's own set-points, and the same as they were held."""
    rules = [targets.at(from_ms(t_ms)) for t_ms in sky.row_ms]
    held = [
        turned(points, Lent(shift_k=shift_k, until_s=0.0))
        for points, shift_k in zip(rules, shifts_k, strict=True)
    ]
    return {
        RULES: [points_of(points) for points in rules],
        HELD: [points_of(points) for points in held],
    }


def _lent(sky: Skies, told: Sequence[tuple[datetime, float]], otherwise: float) -> list[float]:
    """Return what was lent in each row, on average, and `otherwise` while nothing was."""
    step_ms, rows = STEP * 1000, len(sky.rows)
    at_ms = np.arange(sky.start_ms, sky.start_ms + rows * sky.period_s * 1000, step_ms)
    told_ms = np.array([to_ms(t) for t, _ in told])
    values = np.array([value for _, value in told])
    last = np.searchsorted(told_ms, at_ms, side="right") - 1
    fresh = (last >= 0) & (at_ms - told_ms[np.maximum(last, 0)] < LENT_FOR_S * 1000)
    lent = np.where(fresh, values[np.maximum(last, 0)], otherwise)
    means: list[float] = lent.reshape(rows, -1).mean(axis=1).tolist()
    return means


def _row(found: JsonObject | str) -> dict[str, object]:
    if isinstance(found, str):
        told = ("saved_kwh", "saved_heat_kwh", "saved_electricity_by_hour_kwh", "spared_stress_h")
        return dict.fromkeys(told) | {"lacking": found}
    rules, held = plans = found[RULES], found[HELD]
    if any(None in _energy(plan) for plan in plans):
        # What is not a number is null in JSON.
        return _row(FAILED)
    suffered, suffers = rules["heat_stress_h"], held["heat_stress_h"]
    heat_kwh = float(rules["heat_kwh"]) - float(held["heat_kwh"])
    electricity_kwh = float(rules["electricity_kwh"]) - float(held["electricity_kwh"])
    of_hours = (plan["electricity_by_hour_kwh"] for plan in plans)
    return {
        "saved_kwh": round(electricity_kwh + heat_kwh, _DIGITS),
        "saved_heat_kwh": round(heat_kwh, _DIGITS),
        "saved_electricity_by_hour_kwh": [
            round(without - with_it, _DIGITS_BY_HOUR)
            for without, with_it in zip(*of_hours, strict=True)
        ],
        "spared_stress_h": (
            None if suffered is None or suffers is None else round(suffered - suffers, _DIGITS)
        ),
        "lacking": None,
    }


def _energy(plan: JsonObject) -> Sequence[float | None]:
    return [plan["heat_kwh"], plan["electricity_kwh"], *plan["electricity_by_hour_kwh"]]
