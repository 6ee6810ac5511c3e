"""Readings in PostgreSQL: open blocks as they come, packed days behind them, roll-ups of both."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.telemetry import copy
from tokkatot.cloud.telemetry.blocks import Columns, merge, open_block, unpack
from tokkatot.cloud.telemetry.summary import NOTHING, Summary, joined, summarise
from tokkatot.kit.clock import from_ms, to_ms

DAY_MS: Final = 86_400_000
MINUTE_S: Final = 60
FIVE_MINUTES_S: Final = 300
HOUR_S: Final = 3600
DAY_S: Final = 86_400
_EPOCH: Final = date(1970, 1, 1)

# One statement sees one state of the tables: a reading is open or packed, never both or neither.
_READ_SQL: Final = """
SELECT series_id, body FROM packed_readings
WHERE series_id = ANY(:series) AND day BETWEEN :first_day AND :last_day
UNION ALL
SELECT series_id, body FROM open_readings
WHERE series_id = ANY(:series) AND t >= :from_day AND t < :end
"""
# The mean of times is summed from where its bucket begins: their own sum would pass 2**63.
_ROLLED_SQL: Final = """
SELECT bucket / :every AS wide,
  (sum((mean_ms - bucket / :every * :wide_ms) * n) / sum(n))::bigint + bucket / :every * :wide_ms,
  sum(n)::bigint, sum(total), min(lowest), max(highest),
  (array_agg(last ORDER BY bucket DESC))[1], max(quality), NULL AS body
FROM rollups
WHERE series_id = :series AND width_s = :width AND bucket BETWEEN :first AND :last
GROUP BY bucket / :every
UNION ALL
SELECT NULL, NULL, n, NULL, NULL, NULL, NULL, NULL, body FROM open_readings
WHERE series_id = :series AND t >= :from_day AND t < :end
"""
_STOCK_SQL: Final = """
SELECT wanted.id,
  (SELECT coalesce(sum(n), 0) FROM packed_readings p
   WHERE p.series_id = wanted.id AND p.day BETWEEN :first_day AND :last_day)
  + (SELECT coalesce(sum(n), 0) FROM open_readings o
     WHERE o.series_id = wanted.id AND o.t >= :from_day AND o.t < :end),
  least((SELECT min(day) FROM packed_readings p WHERE p.series_id = wanted.id),
        (SELECT min(t)::date FROM open_readings o WHERE o.series_id = wanted.id)),
  (SELECT min(bucket) FROM rollups r WHERE r.series_id = wanted.id AND r.width_s = 3600)
FROM unnest(CAST(:series AS int[])) AS wanted (id)
"""
_NEXT_SQL: Final = """
SELECT least(
  (SELECT min(day) FROM packed_readings WHERE series_id = ANY(:series) AND day >= :day),
  (SELECT min(t)::date FROM open_readings WHERE series_id = ANY(:series) AND t >= :from_day)
)
"""


@dataclass(slots=True)
class Arrivals:
    """New readings of one series in the order in which they came; the lists are of one length."""

    t_ms: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.t_ms)

    def extend(self, more: "Arrivals") -> None:
        """Append what came later."""
        self.t_ms.extend(more.t_ms)
        self.value.extend(more.value)
        self.quality.extend(more.quality)

    def latest(self) -> tuple[int, float, int]:
        """Return the newest reading by its time, the later comer of two at the same time."""
        newest = max(self.t_ms)
        # It is the last one but where a hub fills a gap.
        index = len(self.t_ms) - 1 - self.t_ms[::-1].index(newest)
        return newest, self.value[index], self.quality[index]

    def by_day(self) -> "Iterator[tuple[int, Arrivals]]":
        """Yield the readings of each day: mostly it is one."""
        first, last = min(self.t_ms) // DAY_MS, max(self.t_ms) // DAY_MS
        if first == last:
            yield first, self
            return
        days: dict[int, Arrivals] = {}
        for t_ms, value, quality in zip(self.t_ms, self.value, self.quality, strict=True):
            of_day = days.setdefault(t_ms // DAY_MS, Arrivals())
            of_day.t_ms.append(t_ms)
            of_day.value.append(value)
            of_day.quality.append(quality)
        yield from days.items()

    def without(self, known: AbstractSet[int]) -> "Arrivals":
        """Return what is of no known time."""
        return self._only(index for index, t_ms in enumerate(self.t_ms) if t_ms not in known)

    def first_of_each(self) -> "Arrivals":
        """Return the first reading of each time."""
        firsts: dict[int, int] = {}
        for index, t_ms in enumerate(self.t_ms):
            firsts.setdefault(t_ms, index)
        return self._only(firsts.values())

    def _only(self, indices: Iterable[int]) -> "Arrivals":
        kept = list(indices)
        return Arrivals(
            [self.t_ms[index] for index in kept],
            [self.value[index] for index in kept],
            [self.quality[index] for index in kept],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From an instant to another one, the second not included."""

    start: datetime
    end: datetime

    @property
    def start_ms(self) -> int:
        """Return the start in milliseconds since 1970 UTC, rounded up."""
        return -(-_us(self.start) // 1000)

    @property
    def end_ms(self) -> int:
        """Return the end in milliseconds since 1970 UTC, rounded up."""
        return -(-_us(self.end) // 1000)

    @property
    def length_ms(self) -> int:
        """Return the length in milliseconds."""
        return self.end_ms - self.start_ms


async def add(connection: psycopg.AsyncConnection, arrivals: Mapping[int, Arrivals]) -> None:
    """Append readings of series, as part of the connection's transaction."""
    rows = [
        copy.row(
            series_id,
            min(of_day.t_ms),
            len(of_day),
            open_block(of_day.t_ms, of_day.value, of_day.quality),
        )
        for series_id, series in arrivals.items()
        if len(series)
        for _, of_day in series.by_day()
    ]
    if not rows:
        return
    async with connection.cursor() as cursor, cursor.copy(copy.COPY_SQL) as stream:
        await stream.write(b"".join((copy.HEADER, *rows, copy.TRAILER)))


async def read(session: AsyncSession, series: Sequence[int], span: Span) -> dict[int, Columns]:
    """Return every reading of these series in the order of time."""
    rows = await session.execute(text(_READ_SQL), {"series": list(series), **_places(span)})
    bodies: dict[int, list[bytes]] = {}
    for series_id, body in rows:
        bodies.setdefault(series_id, []).append(body)
    return {
        series_id: merge(unpack(body) for body in of_series).within(span.start_ms, span.end_ms)
        for series_id, of_series in bodies.items()
    }


async def read_rolled(
    session: AsyncSession, series_id: int, span: Span, *, width_s: int, every: int = 1
) -> Summary:
    """Return the roll-ups of a series, with what is not packed yet summed up beside them.

    `every` so many are summed up to one. Buckets may come twice, once of each kind: `widen` makes
    one of them.
    """
    wide_ms = width_s * 1000 * every
    rows = await session.execute(
        text(_ROLLED_SQL),
        {
            "series": series_id,
            "width": width_s,
            "every": every,
            "wide_ms": wide_ms,
            "first": span.start_ms // (width_s * 1000),
            "last": (span.end_ms - 1) // (width_s * 1000),
            **_places(span),
        },
    )
    rolled, bodies = [], []
    for *numbers, body in rows:
        if body is None:
            rolled.append(numbers)
        else:
            bodies.append(body)
    still_open = merge(unpack(body) for body in bodies).within(span.start_ms, span.end_ms)
    return joined([_summary(rolled, wide_ms), summarise(still_open, wide_ms)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What there is of a series: readings on the days of a span, and since when."""

    readings: int
    kept_from: datetime | None
    """Where the oldest day begins whose readings are there one by one; None without any."""
    rolled_from: datetime | None
    """Where the oldest of its roll-ups begins."""

    def given_up(self, span: Span) -> Span | None:
        """Return the part of a span of which only roll-ups are left."""
        kept_from = span.end if self.kept_from is None else min(self.kept_from, span.end)
        if self.rolled_from is None or not max(self.rolled_from, span.start) < kept_from:
            return None
        return Span(start=span.start, end=kept_from)


async def stock(session: AsyncSession, series: Sequence[int], span: Span) -> dict[int, Stock]:
    """Return what there is of each series."""
    rows = await session.execute(text(_STOCK_SQL), {"series": list(series), **_places(span)})
    return {
        series_id: Stock(
            readings=int(readings),
            kept_from=None if first is None else midnight(first),
            rolled_from=None if hour is None else from_ms(hour * HOUR_S * 1000),
        )
        for series_id, readings, first, hour in rows
    }


async def next_day(session: AsyncSession, series: Sequence[int], from_ms_: int) -> int | None:
    """Return the first day with readings from an instant's day on, counted from 1970-01-01."""
    day = day_date(from_ms_ // DAY_MS)
    found: date | None = await session.scalar(
        text(_NEXT_SQL), {"series": list(series), "day": day, "from_day": midnight(day)}
    )
    return None if found is None else day_number(found)


def day_date(day: int) -> date:
    """Return the date of a day counted from 1970-01-01."""
    return _EPOCH + timedelta(days=day)


def day_number(day: date) -> int:
    """Return a date as a day counted from 1970-01-01."""
    return (day - _EPOCH).days


def midnight(day: date) -> datetime:
    """Return where a day begins, in UTC."""
    return datetime.combine(day, datetime.min.time(), UTC)


def _places(span: Span) -> dict[str, date | datetime]:
    # A block begins on its day and ends on it: what lies in the span lies in a block of its days.
    first_day, last_day = span.start.astimezone(UTC).date(), span.end.astimezone(UTC).date()
    return {
        "first_day": first_day,
        "last_day": last_day,
        "from_day": midnight(first_day),
        "end": span.end,
    }


def _summary(rows: Sequence[Sequence[float]], width_ms: int) -> Summary:
    if not rows:
        return NOTHING
    bucket, mean_ms, count, total, lowest, highest, last, quality = zip(*rows, strict=True)
    return Summary(
        t_ms=np.array(bucket, np.int64) * width_ms,
        mean_ms=np.array(mean_ms, np.int64),
        count=np.array(count, np.int64),
        total=np.array(total, np.float64),
        lowest=np.array(lowest, np.float64),
        highest=np.array(highest, np.float64),
        last=np.array(last, np.float64),
        quality=np.array(quality, np.int64),
    )


def _us(instant: datetime) -> int:
    return to_ms(instant.replace(microsecond=0)) * 1000 + instant.microsecond
