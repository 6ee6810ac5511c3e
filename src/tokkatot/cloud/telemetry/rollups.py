"""Roll-ups in PostgreSQL, which are there wherever the readings are."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

import numpy as np
import psycopg

from tokkatot.cloud.telemetry.blocks import Columns
from tokkatot.cloud.telemetry.store import (
    DAY_S,
    FIVE_MINUTES_S,
    HOUR_S,
    MINUTE_S,
    Span,
    midnight,
)
from tokkatot.cloud.telemetry.summary import NOTHING, Summary, summarise

ROLLED_S: Final = (HOUR_S, DAY_S)
"""The widths, in seconds, of the roll-ups that every folded day has."""

# The mean of times is summed from where its bucket begins: their own sum would pass 2**63.
SUMMED_SQL: Final = """
SELECT bucket / :every AS wide,
  (sum((mean_ms - bucket / :every * :wide_ms) * n) / sum(n))::bigint + bucket / :every * :wide_ms,
  sum(n)::bigint, sum(total), min(lowest), max(highest),
  (array_agg(last ORDER BY bucket DESC))[1], max(quality), {also} AS also
FROM rollups
WHERE series_id = :series AND width_s = :width AND bucket BETWEEN :first AND :last {but}
GROUP BY bucket / :every
"""
_KEEP_SQL: Final = """
INSERT INTO rollups
(series_id, width_s, bucket, mean_ms, n, total, lowest, highest, last, quality)
SELECT %s, %s, * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::float8[],
  %s::float8[], %s::float8[], %s::float8[], %s::smallint[])
ON CONFLICT (series_id, width_s, bucket) DO UPDATE
SET mean_ms = excluded.mean_ms, n = excluded.n, total = excluded.total,
  lowest = excluded.lowest, highest = excluded.highest, last = excluded.last,
  quality = excluded.quality
"""
_ADD_SQL: Final = """
INSERT INTO rollups AS r
(series_id, width_s, bucket, mean_ms, n, total, lowest, highest, last, quality)
SELECT %s, %s, * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::float8[],
  %s::float8[], %s::float8[], %s::float8[], %s::smallint[])
ON CONFLICT (series_id, width_s, bucket) DO UPDATE
SET mean_ms = r.mean_ms + (excluded.mean_ms - r.mean_ms) * excluded.n / (r.n + excluded.n),
  n = r.n + excluded.n, total = r.total + excluded.total,
  lowest = least(r.lowest, excluded.lowest), highest = greatest(r.highest, excluded.highest),
  last = CASE WHEN excluded.mean_ms < r.mean_ms THEN r.last ELSE excluded.last END,
  quality = greatest(r.quality, excluded.quality)
"""
_DAY_COUNT_SQL: Final = """
SELECT n FROM rollups WHERE series_id = %s AND width_s = 86400 AND bucket = %s
"""
_WIDTHS_SQL: Final = """
SELECT width FROM unnest(%s::int[]) AS width
WHERE EXISTS (
  SELECT FROM rollups WHERE series_id = %s AND width_s = width
  AND bucket BETWEEN %s::bigint * 86400 / width AND (%s::bigint * 86400 + 86399) / width
)
"""


async def keep_rolled(
    connection: psycopg.AsyncConnection, series_id: int, width_s: int, summary: Summary
) -> None:
    """Write roll-ups of one width in place of those of the same times."""
    await connection.execute(_KEEP_SQL, _row(series_id, width_s, summary))


async def rolled_count(connection: psycopg.AsyncConnection, series_id: int, day: int) -> int:
    """Return how many readings a day had when it was summed up last."""
    found = await connection.execute(_DAY_COUNT_SQL, (series_id, day))
    row: tuple[int] | None = await found.fetchone()
    return 0 if row is None else row[0]


async def add_to_day(
    connection: psycopg.AsyncConnection, series_id: int, day: int, columns: Columns
) -> None:
    """Add late readings to what is left of a day whose own were given up."""
    found = await connection.execute(
        _WIDTHS_SQL, ([MINUTE_S, FIVE_MINUTES_S, *ROLLED_S], series_id, day, day)
    )
    for (width_s,) in await found.fetchall():
        summary = summarise(columns, width_s * 1000)
        await connection.execute(_ADD_SQL, _row(series_id, width_s, summary))


def _row(series_id: int, width_s: int, summary: Summary) -> tuple[object, ...]:
    return (
        series_id,
        width_s,
        (summary.t_ms // (width_s * 1000)).tolist(),
        summary.mean_ms.tolist(),
        summary.count.tolist(),
        summary.total.tolist(),
        summary.lowest.tolist(),
        summary.highest.tolist(),
        summary.last.tolist(),
        summary.quality.tolist(),
    )


async def keep_usual(connection: psycopg.AsyncConnection, series_id: int, columns: Columns) -> None:
    """Write the roll-ups that a folded day has."""
    for width_s in ROLLED_S:
        await keep_rolled(connection, series_id, width_s, summarise(columns, width_s * 1000))


def summed_places(
    series_id: int, span: Span, *, width_s: int, every: int
) -> dict[str, int | date | datetime]:
    """Return the parameters of `SUMMED_SQL`, and of the blocks of the same time."""
    return {
        "series": series_id,
        "width": width_s,
        "every": every,
        "wide_ms": width_s * 1000 * every,
        "first": span.start_ms // (width_s * 1000),
        "last": (span.end_ms - 1) // (width_s * 1000),
        **block_places(span),
    }


def block_places(span: Span) -> dict[str, date | datetime]:
    """Return the days of a span, and between which instants its blocks begin."""
    # A block begins on its day and ends on it: what lies in the span lies in a block of its days.
    first_day, last_day = span.start.astimezone(UTC).date(), span.end.astimezone(UTC).date()
    return {
        "first_day": first_day,
        "last_day": last_day,
        "from_day": midnight(first_day),
        "end": span.end,
    }


def parted(rows: Iterable[Sequence[Any]]) -> tuple[list[Sequence[float]], list[Any]]:
    """Return the sums among rows of `SUMMED_SQL`, and what the other rows have in their place."""
    sums: list[Sequence[float]] = []
    others = []
    for *numbers, also in rows:
        if also is None:
            sums.append(numbers)
        else:
            others.append(also)
    return sums, others


def summary_of(rows: Sequence[Sequence[float]], width_ms: int) -> Summary:
    """Return rows of `SUMMED_SQL`, but for what they have also, as a summary."""
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
