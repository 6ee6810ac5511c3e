"""Readings of a house over a time, few enough to draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from tokkatot.kit.clock import from_ms, to_ms

MAX_POINTS = 5000
MAX_SERIES = 64
"""More series than this in one answer are cut off; ask by device or quantity."""


@unique
class Shape(StrEnum):
    """How readings that are too many become points."""

    AVERAGE = "average"
    EXTREMES = "extremes"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesKey:
    """A series as people know it."""

    id: int
    device_id: UUID
    quantity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From an instant to another one, the second not included."""

    start: datetime
    end: datetime

    @property
    def length_ms(self) -> int:
        """Return the length in milliseconds."""
        return to_ms(self.end) - to_ms(self.start)


Point = tuple[int, float, int]
"""Time in milliseconds, value, the worst quality of what stands behind it."""


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
    t: datetime
    value: float
    quality: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAfter:
    """Where a page ended: its last time and series, and how many of its rows had just those."""

    t_us: int
    series_id: int
    seen: int

    @classmethod
    def parse(cls, word: str) -> "RawAfter":
        """Read what `str` has written.

        Raises:
            ValueError: when it is something else.
        """
        t_us, series_id, seen = (int(part) for part in word.split("."))
        from_us(t_us)
        if not 0 <= series_id < 2**31 or not 0 <= seen < 2**31:
            raise ValueError("no place in a list")
        return cls(t_us=t_us, series_id=series_id, seen=seen)

    @override
    def __str__(self) -> str:
        return f"{self.t_us}.{self.series_id}.{self.seen}"


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
    session: AsyncSession, key: SeriesKey, span: Span, *, points: int, shape: Shape
) -> Drawn:
    """Return at most `points` points of a series: its readings, or what they sum up to."""
    rows = await session.execute(
        text(
            "SELECT t, value, quality FROM readings"
            " WHERE series_id = :series AND t >= :start AND t < :end ORDER BY t LIMIT :limit"
        ),
        {"series": key.id, "start": span.start, "end": span.end, "limit": points + 1},
    )
    found = [(to_ms(t), value, quality) for t, value, quality in rows]
    if len(found) <= points:
        return Drawn(key=key, points=found, summed_up=False)
    summed = await (_averages if shape is Shape.AVERAGE else _extremes)(
        session, key, span, points=points
    )
    return Drawn(key=key, points=summed, summed_up=True)


async def _averages(
    session: AsyncSession, key: SeriesKey, span: Span, *, points: int
) -> Sequence[Point]:
    rows = await session.execute(
        text(
            "SELECT (extract(epoch FROM t) * 1000)::bigint / :width AS bucket,"
            " avg(extract(epoch FROM t) * 1000)::bigint AS t_ms,"
            " avg(value) AS value, max(quality) AS quality FROM readings"
            " WHERE series_id = :series AND t >= :start AND t < :end GROUP BY 1 ORDER BY 1"
        ),
        {
            "series": key.id,
            "start": span.start,
            "end": span.end,
            "width": _width_ms(span, points),
        },
    )
    return [(row.t_ms, row.value, row.quality) for row in rows]


async def _extremes(
    session: AsyncSession, key: SeriesKey, span: Span, *, points: int
) -> Sequence[Point]:
    """Return the lowest and the highest reading of each stretch, at their own times."""
    rows = await session.execute(
        text(
            "SELECT (extract(epoch FROM t) * 1000)::bigint / :width AS bucket,"
            " (array_agg(t ORDER BY value, t))[1] AS low_t, min(value) AS low,"
            " (array_agg(t ORDER BY value DESC, t))[1] AS high_t, max(value) AS high,"
            " max(quality) AS quality FROM readings"
            " WHERE series_id = :series AND t >= :start AND t < :end GROUP BY 1 ORDER BY 1"
        ),
        {
            "series": key.id,
            "start": span.start,
            "end": span.end,
            "width": _width_ms(span, max(points // 2, 1)),
        },
    )
    drawn: list[Point] = []
    for row in rows:
        pair = {(to_ms(row.low_t), row.low), (to_ms(row.high_t), row.high)}
        drawn.extend((t_ms, value, row.quality) for t_ms, value in sorted(pair))
    return drawn


def _width_ms(span: Span, buckets: int) -> int:
    # Buckets lie on multiples of their width, so that a chart does not tremble as it moves on: a
    # span may touch one bucket more than fit into it.
    return max(-(-span.length_ms // max(buckets - 1, 1)), 1)


async def read_raw(
    session: AsyncSession,
    keys: Sequence[SeriesKey],
    span: Span,
    *,
    after: RawAfter | None,
    limit: int,
) -> Sequence[RawReading]:
    """Return up to `limit` stored readings in the order of time, from where a page ended."""
    start = span.start if after is None else max(span.start, from_us(after.t_us))
    rows = await session.execute(
        text(
            "SELECT series_id, t, value, quality FROM readings"
            " WHERE series_id = ANY(:series) AND t >= :start AND t < :end"
            " AND (t, series_id) >= (:start, :first)"
            " ORDER BY t, series_id, value, quality OFFSET :seen LIMIT :limit"
        ),
        {
            "series": [key.id for key in keys],
            "start": start,
            "end": span.end,
            "first": 0 if after is None else after.series_id,
            "seen": 0 if after is None else after.seen,
            "limit": limit,
        },
    )
    return [
        RawReading(series_id=series_id, t=t, value=value, quality=quality)
        for series_id, t, value, quality in rows
    ]


def after_page(page: Sequence[RawReading], before: RawAfter | None) -> RawAfter:
    """Return where the next page starts, given this one and where it had started."""
    last = page[-1]
    t_us = to_us(last.t)
    same = sum(1 for row in page if row.t == last.t and row.series_id == last.series_id)
    if before is not None and (before.t_us, before.series_id) == (t_us, last.series_id):
        same += before.seen
    return RawAfter(t_us=t_us, series_id=last.series_id, seen=same)


def to_us(instant: datetime) -> int:
    """Return an instant as integer microseconds since 1970 UTC."""
    return to_ms(instant.replace(microsecond=0)) * 1000 + instant.microsecond


def from_us(t_us: int) -> datetime:
    """Return integer microseconds since 1970 UTC as an instant."""
    return from_ms(t_us // 1_000_000 * 1000).replace(microsecond=t_us % 1_000_000)
