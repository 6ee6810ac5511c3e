"""Readings of a house over a time: few enough to draw, or every one by pages."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from tokkatot.cloud.telemetry.blocks import EMPTY, Columns
from tokkatot.cloud.telemetry.drawing import (
    Point,
    Shape,
    bucket_ms,
    draw_readings,
    draw_summary,
    exactly,
    whole_ms,
)
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
from tokkatot.cloud.telemetry.summary import NOTHING, Summary, joined, summarise
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

_MAX_DAYS_A_PAGE: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesKey:
    """A series as people know it."""

    id: int
    device_id: UUID
    quantity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Points of one series; `summed_up` where they stand for more readings than they are."""

    key: SeriesKey
    points: Sequence[Point]
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
        text(
            "SELECT id, device_id, quantity FROM series WHERE house_id = :house"
            " AND (:any_device OR device_id = ANY(:devices))"
            " AND (:any_quantity OR quantity = ANY(:quantities))"
            " ORDER BY quantity, device_id LIMIT :limit"
        ),
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
    chart = _Chart(span=span, points=points, shape=shape)
    together = [key.id for key in keys if not chart.is_rolled(stock[key.id].readings)]
    few = sum(stock[series_id].readings for series_id in together) <= READ_TOGETHER
    found = await readings.read(together, span) if few else {}
    drawn: list[Drawn] = []
    for key in keys:
        if key.id not in together:
            drawn.append(await chart.from_roll_ups(readings, key))
            continue
        one = found if few else await readings.read([key.id], span)
        columns = one.get(key.id, EMPTY)
        drawn.append(await chart.from_readings(readings, key, columns, stock[key.id]))
    return drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chart:
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

    async def from_roll_ups(self, readings: Readings, key: SeriesKey) -> Drawn:
        """Draw a series from its hours or days."""
        width_s = DAY_S if self._bucket_ms >= DAY_S * 1000 else HOUR_S
        wide_ms = self._whole_ms(width_s)
        summary = await readings.read_rolled(
            key.id, self.span, width_s=width_s, every=wide_ms // (width_s * 1000)
        )
        return self._summed_up(key, summary, wide_ms)

    async def from_readings(
        self, readings: Readings, key: SeriesKey, columns: Columns, stock: Stock
    ) -> Drawn:
        """Draw a series from its readings, and from what is left of those that were given up."""
        width_s, older = await _left(readings, key.id, stock.given_up(self.span))
        if len(older):
            summary = joined([older, summarise(columns, width_s * 1000)])
            return self._summed_up(key, summary, self._whole_ms(width_s))
        if len(columns) <= self.points:
            return Drawn(key=key, points=exactly(columns), summed_up=False)
        drawn = await asyncio.to_thread(
            draw_readings, columns, self.span.length_ms, points=self.points, shape=self.shape
        )
        return Drawn(key=key, points=drawn, summed_up=True)

    def _summed_up(self, key: SeriesKey, summary: Summary, wide_ms: int) -> Drawn:
        drawn = draw_summary(summary, wide_ms, points=self.points, shape=self.shape)
        return Drawn(key=key, points=drawn, summed_up=True)

    def _whole_ms(self, width_s: int) -> int:
        return whole_ms(self.span.length_ms, width_s=width_s, points=self.points, shape=self.shape)


async def _left(readings: Readings, series_id: int, span: Span | None) -> tuple[int, Summary]:
    """Return what is left of readings that were given up, as finely as it is there."""
    if span is None:
        return 0, NOTHING
    for width_s in (MINUTE_S, FIVE_MINUTES_S, HOUR_S):
        summary = await readings.read_rolled(series_id, span, width_s=width_s)
        if len(summary):
            return width_s, summary
    return 0, NOTHING


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
    for _ in range(_MAX_DAYS_A_PAGE):
        if from_ms_ >= span.end_ms or len(rows) >= limit:
            break
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
