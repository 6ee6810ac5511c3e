"""Folds open readings into packed days, with their roll-ups, once their hour is over."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import psycopg

from tokkatot.cloud.platform.database import Database
from tokkatot.cloud.telemetry.blocks import Columns, merge, pack, unpack
from tokkatot.cloud.telemetry.partitions import drop_empty, open_days, partition_name
from tokkatot.cloud.telemetry.store import DAY_S, HOUR_S, day_date, midnight
from tokkatot.cloud.telemetry.summary import Summary, summarise
from tokkatot.domain.quantities import Quality

ROLLED_S: Final = (HOUR_S, DAY_S)
"""The widths, in seconds, of the roll-ups that every packed day has."""

KEPT_OPEN: Final = timedelta(hours=1)
OPEN_DAYS: Final = timedelta(days=8)
"""As long as a hub is expected to be alone, and then some: its day is ready for what it brings."""
# Any number that no other advisory lock of ours has ("tkfo" in ASCII).
_LOCK: Final = 0x746B666F

# An index walk that jumps from one series to the next, instead of reading every row.
_SERIES_SQL: Final = """
WITH RECURSIVE found AS (
  (SELECT series_id FROM {partition} WHERE t < %(cut)s ORDER BY series_id LIMIT 1)
  UNION ALL
  SELECT (SELECT p.series_id FROM {partition} p
          WHERE p.series_id > found.series_id AND p.t < %(cut)s ORDER BY p.series_id LIMIT 1)
  FROM found WHERE found.series_id IS NOT NULL
)
SELECT series_id FROM found WHERE series_id IS NOT NULL
"""
_LOCK_SQL: Final = "SELECT pg_advisory_xact_lock(%s, %s)"
_TAKE_SQL: Final = """
DELETE FROM open_readings
WHERE series_id = %s AND t >= %s AND t < %s AND t < %s
RETURNING body
"""
_PACKED_SQL: Final = "SELECT body FROM packed_readings WHERE series_id = %s AND day = %s"
_PACK_SQL: Final = """
INSERT INTO packed_readings (series_id, day, n, imported, body) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (series_id, day) DO UPDATE
SET n = excluded.n, imported = excluded.imported, body = excluded.body
"""
_ROLL_SQL: Final = """
INSERT INTO rollups
(series_id, width_s, bucket, mean_ms, n, total, lowest, highest, last, quality)
SELECT %s, %s, * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::float8[],
  %s::float8[], %s::float8[], %s::float8[], %s::smallint[])
ON CONFLICT (series_id, width_s, bucket) DO UPDATE
SET mean_ms = excluded.mean_ms, n = excluded.n, total = excluded.total,
  lowest = excluded.lowest, highest = excluded.highest, last = excluded.last,
  quality = excluded.quality
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What one pass has folded."""

    days: int = 0
    """Days of one series each."""


async def fold(database: Database, *, now: datetime) -> Folded:
    """Fold what has come before the last full hour; many processes may do so at once."""
    cut = (now - KEPT_OPEN).replace(minute=0, second=0, microsecond=0)
    folded = 0
    for day in await open_days(database):
        if midnight(day_date(day)) >= cut:
            continue
        for series_id in await _open_series(database, day, cut):
            await _fold_day(database, series_id, day, cut)
            folded += 1
    return Folded(days=folded)


async def drop_old_days(database: Database, *, now: datetime) -> int:
    """Drop the open days for which nothing is expected any more; return how many.

    A hub that was alone for longer brings its days back by itself.
    """
    oldest = (now - OPEN_DAYS).date()
    old = [day for day in await open_days(database) if day_date(day) < oldest]
    return await drop_empty(database, old)


async def _open_series(database: Database, day: int, cut: datetime) -> Sequence[int]:
    async with database.transaction() as tx:
        connection = await tx.psycopg()
        statement = psycopg.sql.SQL(_SERIES_SQL).format(
            partition=psycopg.sql.Identifier(partition_name(day))
        )
        cursor = await connection.execute(statement, {"cut": cut})
        return [series_id for (series_id,) in await cursor.fetchall()]


async def _fold_day(database: Database, series_id: int, day: int, cut: datetime) -> None:
    """Fold one day of one series: what is open goes and what is packed grows, in one commit."""
    date_ = day_date(day)
    async with database.transaction() as tx:
        connection = await tx.psycopg()
        # Two that fold the same day would each pack what it alone has seen.
        await connection.execute(_LOCK_SQL, (_LOCK, series_id))
        begin = midnight(date_)
        taken = await connection.execute(
            _TAKE_SQL, (series_id, begin, begin + timedelta(days=1), cut)
        )
        bodies = [body for (body,) in await taken.fetchall()]
        if not bodies:
            return
        packed = await connection.execute(_PACKED_SQL, (series_id, date_))
        # What was packed before stands first, so that readings of one time keep their order.
        bodies = [*(body for (body,) in await packed.fetchall()), *bodies]
        columns, body = await asyncio.to_thread(_repacked, bodies)
        await keep_day(connection, series_id, date_, columns, body)


def _repacked(bodies: Sequence[bytes]) -> tuple[Columns, bytes]:
    columns = merge(unpack(body) for body in bodies)
    return columns, pack(columns)


async def keep_day(
    connection: psycopg.AsyncConnection, series_id: int, day: date, columns: Columns, body: bytes
) -> None:
    """Write a packed day in place of what was there, and its roll-ups."""
    imported = bool((columns.quality == Quality.IMPORTED).any())
    await connection.execute(_PACK_SQL, (series_id, day, len(columns), imported, body))
    for width_s in ROLLED_S:
        await keep_rolled(connection, series_id, width_s, summarise(columns, width_s * 1000))


async def keep_rolled(
    connection: psycopg.AsyncConnection, series_id: int, width_s: int, summary: Summary
) -> None:
    """Write roll-ups of one width in place of those of the same times."""
    await connection.execute(
        _ROLL_SQL,
        (
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
        ),
    )
