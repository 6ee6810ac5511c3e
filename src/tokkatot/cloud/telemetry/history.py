"""Readings of a house over a time: few enough to draw, or every one by pages."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from tokkatot.cloud.telemetry.blocks import EMPTY, Columns
from tokkatot.cloud.telemetry.drawing import (
    Gap,
    Point,
    Shape,
    bucket_ms,
    draw_readings,
    draw_summary,
    exactly,
    gaps,
    whole_ms,
)
from tokkatot.cloud.telemetry.local_time import HOUR_MS
from tokkatot.cloud.telemetry.store import (
    DAY_MS,
    DAY_S,
    FIVE_MINUTES_S,
    HOUR_S,
    MINUTE_S,
    Readings,
    Span,
    Stock,
)
from tokkatot.cloud.telemetry.summary import NOTHING, Integers, Summary, joined, summarise, widen
from tokkatot.kit.clock import from_ms

MAX_POINTS: Final = 5000
MAX_SERIES: Final = 64
"""More series than this in one answer are cut off; ask by device or quantity."""

READ_ONE_BY_ONE: Final = 50_000
"""More readings than this are drawn from their roll-ups, where these are fine enough."""
READ_TOGETHER: Final = 500_000
"""Series with no more readings than this are read in one go."""
READ_AT_MOST: Final = 5_000_000
"""More readings than this are drawn from their roll-ups in any case."""

_SERIES: Final = text(
    "SELECT id, device_id, quantity FROM series WHERE house_id = :house"
    " AND (:any_device OR device_id = ANY(:devices))"
    " AND (:any_quantity OR quantity = ANY(:quantities))"
    " ORDER BY quantity, device_id LIMIT :limit"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesKey:
    """A series as people know it."""

    id: int
    device_id: UUID
    quantity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Points of one series; `summed_up` where they stand for more readings than they are.

    No line leads over `gaps`: nothing was measured in them.
    """

    key: SeriesKey
    points: Sequence[Point]
    gaps: Sequence[Gap]
    summed_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RawReading:
    """One reading as stored."""

    series_id: int
    t_ms: int
    value: float
    quality: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAfter:
    """Where a page ended: its last time and series, and how many of its rows had just those."""

    t_ms: int
    series_id: int
    seen: int

    @classmethod
    def parse(cls, word: str) -> "RawAfter":
        """Read what `str` has written.

        Raises:
            ValueError: when it is something else.
        """
        t_ms, series_id, seen = (int(part) for part in word.split("."))
        from_ms(t_ms)
        if not 0 <= series_id < 2**31 or not 0 <= seen < 2**31:
            raise ValueError("no place in a list")
        return cls(t_ms=t_ms, series_id=series_id, seen=seen)

    @override
    def __str__(self) -> str:
        return f"{self.t_ms}.{self.series_id}.{self.seen}"


async def find_series(
    session: AsyncSession,
    house_id: UUID,
    *,
    devices: Sequence[UUID] = (),
    quantities: Sequence[str] = (),
) -> Sequence[SeriesKey]:
    """Return the series of a house, of these devices and quantities where any are named."""
    rows = await session.execute(
        _SERIES,
        {
            "house": house_id,
            "any_device": not devices,
            "devices": list(devices),
            "any_quantity": not quantities,
            "quantities": list(quantities),
            "limit": MAX_SERIES,
        },
    )
    return [SeriesKey(id=r.id, device_id=r.device_id, quantity=r.quantity) for r in rows]


async def draw(
    readings: Readings, keys: Sequence[SeriesKey], span: Span, *, points: int, shape: Shape
) -> list[Drawn]:
    """Return at most `points` points of each series: its readings, or what they sum up to."""
    stock = await readings.stock([key.id for key in keys], span)
    chart = Chart(span=span, points=points, shape=shape)
    together = [key for key in keys if not chart.is_rolled(stock[key.id].readings)]
    if sum(stock[key.id].readings for key in together) <= READ_TOGETHER:
        at_once = [together]
    else:
        at_once = [[key] for key in together]
    drawn: dict[SeriesKey, Drawn] = {}
    for some in filter(None, at_once):
        found = await readings.read([key.id for key in some], span)
        columns = {key: found.get(key.id, EMPTY) for key in some}
        older = {
            key: await chart.left(readings, key.id, stock[key.id], columns[key]) for key in some
        }
        drawn |= await chart.of_readings(columns, older)
    for key in keys:
        if key not in drawn:
            drawn[key] = await chart.of_roll_ups(key, await chart.rolled(readings, key.id))
    return [drawn[key] for key in keys]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolled:
    """Buckets of `width_ms`, or of multiples of it."""

    summary: Summary
    width_ms: int


NOTHING_LEFT: Final = Rolled(summary=NOTHING, width_ms=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is to be drawn of each series."""

    span: Span
    points: int
    shape: Shape

    @property
    def _bucket_ms(self) -> int:
        return bucket_ms(self.span.length_ms, self.points)

    def is_rolled(self, readings: int) -> bool:
        """Tell whether so many readings are drawn from their roll-ups."""
        fine_enough = self._bucket_ms >= HOUR_S * 1000
        return (readings > READ_ONE_BY_ONE and fine_enough) or readings > READ_AT_MOST

    async def rolled(self, readings: Readings, series_id: int) -> Rolled:
        """Return the hours or days of a series, as wide as they will be drawn."""
        width_s = DAY_S if self._bucket_ms >= DAY_S * 1000 else HOUR_S
        wide_ms = self._whole_ms(width_s)
        summary = await readings.read_rolled(
            series_id, self.span, width_s=width_s, every=wide_ms // (width_s * 1000)
        )
        return Rolled(summary=summary, width_ms=wide_ms)

    async def left(
        self, readings: Readings, series_id: int, stock: Stock, columns: Columns
    ) -> Rolled:
        """Return what is left of days that were given up, as finely as all of it is there.

        `columns` is what is there one by one: late readings of such days, and whole days that were
        imported, which are not given up.
        """
        span = stock.given_up(self.span)
        if span is None:
            return NOTHING_LEFT
        hours = widen(await readings.read_rolled(series_id, span, width_s=HOUR_S), HOUR_MS)
        days = _days_left(hours, columns, span)
        if not len(days):
            return NOTHING_LEFT
        for width_s in (MINUTE_S, FIVE_MINUTES_S):
            fine = await readings.read_rolled(series_id, span, width_s=width_s)
            fine = fine.where(np.isin(fine.t_ms // DAY_MS, days))
            if np.isin(days, fine.t_ms // DAY_MS).all():
                return Rolled(summary=fine, width_ms=width_s * 1000)
        left = np.isin(hours.t_ms // DAY_MS, days)
        return Rolled(summary=hours.where(left), width_ms=HOUR_MS)

    async def of_readings(
        self, columns: Mapping[SeriesKey, Columns], older: Mapping[SeriesKey, Rolled]
    ) -> dict[SeriesKey, Drawn]:
        """Draw readings, and what is left of those that were given up."""

        def draw_all() -> dict[SeriesKey, Drawn]:
            return {key: self._of_readings(key, columns[key], older[key]) for key in columns}

        return await asyncio.to_thread(draw_all)

    def _of_readings(self, key: SeriesKey, columns: Columns, older: Rolled) -> Drawn:
        if len(older.summary):
            whole = ~np.isin(columns.t_ms // DAY_MS, older.summary.t_ms // DAY_MS)
            summary = joined([older.summary, summarise(columns.where(whole), older.width_ms)])
            wide_ms = self._whole_ms(older.width_ms // 1000)
            return self._of_summary(key, Rolled(summary=summary, width_ms=wide_ms))
        if len(columns) <= self.points:
            points = exactly(columns)
            return Drawn(
                key=key, points=points, gaps=gaps(columns.t_ms, columns.t_ms), summed_up=False
            )
        return Drawn(
            key=key,
            points=draw_readings(
                columns, self.span.length_ms, points=self.points, shape=self.shape
            ),
            gaps=gaps(columns.t_ms, columns.t_ms, least_ms=self._bucket_ms),
            summed_up=True,
        )

    async def of_roll_ups(self, key: SeriesKey, rolled: Rolled) -> Drawn:
        """Draw buckets of what may no longer be there one by one."""
        return await asyncio.to_thread(self._of_summary, key, rolled)

    def _of_summary(self, key: SeriesKey, rolled: Rolled) -> Drawn:
        few = widen(rolled.summary, rolled.width_ms)
        return Drawn(
            key=key,
            points=draw_summary(few, points=self.points, shape=self.shape),
            gaps=gaps(few.t_ms, few.t_ms + rolled.width_ms),
            summed_up=True,
        )

    def _whole_ms(self, width_s: int) -> int:
        return whole_ms(self.span.length_ms, width_s=width_s, points=self.points, shape=self.shape)


def _days_left(hours: Summary, columns: Columns, span: Span) -> Integers:
    """Return the days, counted from 1970, of which the hours tell more than is there."""
    day = hours.t_ms // DAY_MS
    ends = hours.t_ms + HOUR_MS
    there = np.searchsorted(columns.t_ms, ends) - np.searchsorted(columns.t_ms, hours.t_ms)
    # An hour that the span cuts tells of readings that were not asked for.
    whole = (hours.t_ms >= span.start_ms) & (ends <= span.end_ms)
    lacking = whole & (hours.count > there)
    unseen = ~np.isin(day, columns.t_ms // DAY_MS)
    return np.unique(day[lacking | unseen])


async def read_raw(
    readings: Readings,
    keys: Sequence[SeriesKey],
    span: Span,
    *,
    after: RawAfter | None,
    limit: int,
) -> Sequence[RawReading]:
    """Return up to `limit` stored readings in the order of time, from where a page ended."""
    series = [key.id for key in keys]
    from_ms_ = span.start_ms if after is None else max(span.start_ms, after.t_ms)
    rows: list[RawReading] = []
    # Each day that is named brings a reading, but for the first and the last.
    while from_ms_ < span.end_ms and len(rows) < limit:
        day = await readings.next_day(series, from_ms_)
        if day is None:
            break
        begin_ms, end_ms = max(from_ms_, day * DAY_MS), min((day + 1) * DAY_MS, span.end_ms)
        if begin_ms >= end_ms:
            break
        found = await readings.read(series, Span(start=from_ms(begin_ms), end=from_ms(end_ms)))
        rows.extend(_in_order(found, after)[: limit - len(rows)])
        from_ms_ = end_ms
    return rows


def _in_order(found: dict[int, Columns], after: RawAfter | None) -> list[RawReading]:
    """Return readings of several series by time, then series, without those of the page before."""
    if not found:
        return []
    series = np.concatenate([np.full(len(one), series_id) for series_id, one in found.items()])
    t_ms = np.concatenate([one.t_ms for one in found.values()])
    value = np.concatenate([one.value for one in found.values()])
    quality = np.concatenate([one.quality for one in found.values()])
    order = np.lexsort((quality, value, series, t_ms))
    if after is not None:
        before = (t_ms < after.t_ms) | ((t_ms == after.t_ms) & (series < after.series_id))
        equal = (t_ms == after.t_ms) & (series == after.series_id)
        order = order[int(before.sum()) + min(after.seen, int(equal.sum())) :]
    return [
        RawReading(series_id=series_id, t_ms=at, value=number, quality=trust)
        for series_id, at, number, trust in zip(
            series[order].tolist(),
            t_ms[order].tolist(),
            value[order].tolist(),
            quality[order].tolist(),
            strict=True,
        )
    ]


def after_page(page: Sequence[RawReading], before: RawAfter | None) -> RawAfter:
    """Return where the next page starts, given this one and where it had started."""
    last = page[-1]
    same = sum(1 for row in page if row.t_ms == last.t_ms and row.series_id == last.series_id)
    if before is not None and (before.t_ms, before.series_id) == (last.t_ms, last.series_id):
        same += before.seen
    return RawAfter(t_ms=last.t_ms, series_id=last.series_id, seen=same)
