"""What a house, its actuators and the weather around it were like, in even steps of time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.devices.model import Device
from tokkatot.cloud.telemetry.blocks import EMPTY, Columns
from tokkatot.cloud.telemetry.equipment import Flags, count
from tokkatot.cloud.telemetry.equipment_api import rated_w
from tokkatot.cloud.telemetry.equipment_log import known_until, read_reports
from tokkatot.cloud.telemetry.history import MAX_SERIES
from tokkatot.cloud.telemetry.model import Series
from tokkatot.cloud.telemetry.store import HOUR_S, Readings, Span
from tokkatot.cloud.telemetry.summary import Integers, Numbers, Summary, summarise, widen
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.quantities import Quantity

INSIDE = (Quantity.TEMPERATURE, Quantity.RELATIVE_HUMIDITY, Quantity.CO2)
WEATHER = (
    Quantity.TEMPERATURE,
    Quantity.RELATIVE_HUMIDITY,
    Quantity.GLOBAL_RADIATION,
    Quantity.AIR_SPEED,
)
LONGEST_GAP_S = 3600
"""Over longer ones no line is drawn: weather that stands still would look real."""

Known = Mapping[Quantity, Numbers]
"""A number a step, not a number where nothing was measured; what nobody measures is left out."""


def steps_of(span: Span, period_s: int) -> Integers:
    """Return where each step begins, in ms; the last one may reach beyond the span."""
    period_ms = period_s * 1000
    first = span.start_ms - span.start_ms % period_ms
    return np.arange(first, span.end_ms, period_ms, dtype=np.int64)


async def inside(
    session: AsyncSession, readings: Readings, house_id: UUID, span: Span, period_s: int
) -> Known:
    """Return what was measured in a house."""
    which = and_(Series.house_id == house_id, Device.role != DeviceRole.WEATHER_STATION)
    series = await _series(session, which, INSIDE)
    return await _known(readings, series, span, period_s)


async def weather(
    session: AsyncSession, readings: Readings, farm_id: UUID, span: Span, period_s: int
) -> Known:
    """Return what the weather stations of a farm measured, of whatever house they are listed."""
    which = and_(Series.farm_id == farm_id, Device.role == DeviceRole.WEATHER_STATION)
    series = await _series(session, which, WEATHER)
    return await _known(readings, series, span, period_s)


async def weather_by_hour(
    session: AsyncSession, readings: Readings, farm_id: UUID, span: Span
) -> Known:
    """Return the weather of a long time, hour by hour, from what is summed up already."""
    which = and_(Series.farm_id == farm_id, Device.role == DeviceRole.WEATHER_STATION)
    steps = steps_of(span, HOUR_S)
    found: dict[Quantity, list[Summary]] = {}
    for series_id, quantity in await _series(session, which, WEATHER):
        rolled = widen(await readings.read_rolled(series_id, span, width_s=HOUR_S), HOUR_S * 1000)
        within = (rolled.t_ms >= steps[0]) & (rolled.t_ms <= steps[-1])
        found.setdefault(quantity, []).append(rolled.where(within))
    return {quantity: _mean_of(several, steps) for quantity, several in found.items()}


async def weighed_kg(
    session: AsyncSession, readings: Readings, house_id: UUID, span: Span
) -> float | None:
    """Return what the scales under the birds of a house showed on average, None without any."""
    series = await _series(session, Series.house_id == house_id, (Quantity.WEIGHT,))
    known = await _known(readings, series, span, HOUR_S)
    if Quantity.WEIGHT not in known:
        return None
    return float(np.nanmean(known[Quantity.WEIGHT]))


async def _series(
    session: AsyncSession, which: ColumnElement[bool], wanted: Sequence[Quantity]
) -> Sequence[tuple[int, Quantity]]:
    rows = await session.execute(
        select(Series.id, Series.quantity)
        .join(Device, Device.id == Series.device_id)
        .where(which, Series.quantity.in_([one.value for one in wanted]))
        .order_by(Series.id)
        .limit(MAX_SERIES)
    )
    return [(series_id, Quantity(quantity)) for series_id, quantity in rows]


async def _known(
    readings: Readings, series: Sequence[tuple[int, Quantity]], span: Span, period_s: int
) -> Known:
    steps = steps_of(span, period_s)
    found = await readings.read([series_id for series_id, _ in series], span)
    known = {
        quantity: averaged(
            [found.get(series_id, EMPTY) for series_id, of in series if of is quantity],
            steps,
            period_s,
        )
        for quantity in {of for _, of in series}
    }
    return {
        quantity: values for quantity, values in known.items() if bool(np.isfinite(values).any())
    }


def averaged(columns: Iterable[Columns], steps: Integers, period_s: int) -> Numbers:
    """Return the mean over instruments that measure the same, each counting alike in a step."""
    return _mean_of([summarise(one, period_s * 1000) for one in columns], steps)


def _mean_of(several: Iterable[Summary], steps: Integers) -> Numbers:
    total, count = np.zeros(len(steps)), np.zeros(len(steps))
    for buckets in several:
        places = np.searchsorted(steps, buckets.t_ms)
        total[places] += buckets.mean()
        count[places] += 1
    mean = np.full(len(steps), np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean


def filled(values: Numbers, *, most: int) -> Numbers:
    """Return values with gaps of at most so many steps drawn over by straight lines.

    At either end what is next to a gap holds.
    """
    there = np.flatnonzero(np.isfinite(values))
    if not len(there):
        return values
    places = np.arange(len(values))
    lines = np.interp(places, there, values[there])
    before = there[np.maximum(np.searchsorted(there, places, side="right") - 1, 0)]
    after = there[np.minimum(np.searchsorted(there, places), len(there) - 1)]
    gap = np.maximum(after - before - 1, np.maximum(before - places, places - after))
    return np.where(gap <= most, lines, np.nan)


async def moved(
    session: AsyncSession,
    devices: Sequence[Device],
    columns: Mapping[DeviceRole, str],
    span: Span,
    period_s: int,
    *,
    now: datetime,
) -> dict[str, Numbers]:
    """Return how far the actuators of each column were on, 0 to 1, as far as any of them said.

    Each counts by its rated power, or all alike where one of them has none, whatever its role.
    """
    actuators = [device for device in devices if device.role in columns]
    reports = await read_reports(session, [device.id for device in actuators], span)
    until_ms = await known_until(session, actuators, now=now)
    steps = steps_of(span, period_s)
    edges = np.append(steps, steps[-1] + period_s * 1000)
    found: dict[str, list[tuple[float | None, Numbers]]] = {}
    for device in actuators:
        if device.id in reports:
            counts = count(reports[device.id], edges, until_ms[device.id])
            known = np.where(counts.known_s > 0, counts.known_s, np.nan)
            column = found.setdefault(columns[device.role], [])
            column.append((rated_w(device), counts.load_s / known))
    return {name: _share(parts) for name, parts in found.items()}


def _share(parts: Sequence[tuple[float | None, Numbers]]) -> Numbers:
    rated = [watts for watts, _ in parts if watts]
    weights = rated if len(rated) == len(parts) else [1.0] * len(parts)
    total = np.sum([weight * share for weight, (_, share) in zip(weights, parts, strict=True)], 0)
    return np.asarray(total / sum(weights))


def longest_run(whole: Flags) -> slice:
    """Return the longest stretch of steps of which all is known; the first of equals."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], whole.astype(np.int8), [0]))))
    if not len(edges):
        return slice(0, 0)
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    return slice(int(starts[longest]), int(ends[longest]))
