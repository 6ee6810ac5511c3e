"""Readings in PostgreSQL: open blocks as they come, packed days behind them, roll-ups of both."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import psycopg
from sqlalchemy import text
from typing_extensions import override

from tokkatot.cloud.platform.database import Database, Transaction
from tokkatot.cloud.telemetry import blocks, bundles, partitions
from tokkatot.cloud.telemetry.blocks import (
    BlockError,
    Columns,
    merge,
    open_block,
    pack,
    unpack_all,
)
from tokkatot.cloud.telemetry.rollups import (
    SUMMED_SQL,
    add_to_day,
    block_places,
    keep_usual,
    parted,
    rolled_count,
    summary_of,
    summed_places,
)
from tokkatot.cloud.telemetry.store import (
    CLOCK_SLACK,
    DAY_MS,
    HOUR_S,
    Arrivals,
    Readings,
    ReadingStore,
    Settled,
    Span,
    Stock,
    day_date,
    day_number,
    midnight,
)
from tokkatot.cloud.telemetry.summary import Summary, joined, summarise
from tokkatot.domain.quantities import Quality
from tokkatot.kit.clock import from_ms

# One statement sees one state of the tables: a reading is open or packed, never both or neither.
_READ: Final = text(f"""
SELECT series_id, {bundles.BODY_SQL} FROM packed_readings p
WHERE series_id = ANY(:series) AND day BETWEEN :first_day AND :last_day
UNION ALL
SELECT series_id, body FROM open_readings
WHERE series_id = ANY(:series) AND t >= :from_day AND t < :end
""")  # noqa: S608 - our own text
_ROLLED: Final = text(
    SUMMED_SQL.format(also="NULL::bytea", but="")
    + """
UNION ALL
SELECT NULL, NULL, n, NULL, NULL, NULL, NULL, NULL, body FROM open_readings
WHERE series_id = :series AND t >= :from_day AND t < :end
"""
)
_STOCK: Final = text("""
SELECT wanted.id,
  (SELECT coalesce(sum(n), 0) FROM packed_readings p
   WHERE p.series_id = wanted.id AND p.day BETWEEN :first_day AND :last_day)
  + (SELECT coalesce(sum(n), 0) FROM open_readings o
     WHERE o.series_id = wanted.id AND o.t >= :from_day AND o.t < :end),
  coalesce(
    -- What was imported stays when what lay around it goes, and so does not tell.
    (SELECT min(day) FROM packed_readings p WHERE p.series_id = wanted.id AND NOT p.imported),
    -- Of the days of the span alone: each day that is looked into is locked.
    (SELECT min(t)::date FROM open_readings o
     WHERE o.series_id = wanted.id AND o.t >= :from_day AND o.t < :end)),
  (SELECT min(bucket) FROM rollups r WHERE r.series_id = wanted.id AND r.width_s = 3600)
FROM unnest(CAST(:series AS int[])) AS wanted (id)
""")
_NEXT: Final = text("""
SELECT least(
  (SELECT min(day) FROM packed_readings WHERE series_id = ANY(:series) AND day >= :day),
  (SELECT min(t)::date FROM open_readings WHERE series_id = ANY(:series) AND t >= :from_day)
)
""")
# Blocks are few and large: one statement of arrays costs less than the talk that a COPY needs.
_ADD_SQL: Final = """
WITH newest AS (
  INSERT INTO latest_readings AS l (series_id, t, value, quality)
  SELECT * FROM unnest(%b::int[], %b::timestamptz[], %b::float8[], %b::smallint[])
  ON CONFLICT (series_id) DO UPDATE
  SET t = excluded.t, value = excluded.value, quality = excluded.quality
  WHERE excluded.t >= l.t OR l.t > %b
)
INSERT INTO open_readings (series_id, t, n, body)
SELECT * FROM unnest(%b::int[], %b::timestamptz[], %b::int[], %b::bytea[])
"""
_OPEN_COUNT_SQL: Final = """
SELECT coalesce(sum(n), 0) FROM open_readings
WHERE series_id = %s AND t >= %s AND t < %s AND t < %s
"""
_TAKE_SQL: Final = """
DELETE FROM open_readings
WHERE series_id = %s AND t >= %s AND t < %s AND t < %s
RETURNING body
"""
_PACKED_SQL: Final = f"""
SELECT {bundles.BODY_SQL} FROM packed_readings p WHERE series_id = %s AND day = %s
"""  # noqa: S608 - our own text
_COUNT_SQL: Final = "SELECT n FROM packed_readings WHERE series_id = %s AND day = %s"
_PACK_SQL: Final = """
INSERT INTO packed_readings (series_id, day, n, imported, body) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (series_id, day) DO UPDATE
SET n = excluded.n, imported = excluded.imported, body = excluded.body,
  place = NULL, size = NULL
"""
_GIVE_UP_SQL: Final = """
DELETE FROM packed_readings WHERE series_id = %s AND day = %s AND n = %s AND NOT imported
"""


class PostgresReadingStore(ReadingStore):
    """Keeps readings beside everything else."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def prepare(self, days: Iterable[int]) -> None:
        await partitions.ensure(self._database, days)

    @override
    def within(self, tx: Transaction) -> "PostgresReadings":
        return PostgresReadings(tx)

    @override
    async def settle(self, *, now: datetime) -> int:
        return await bundles.bundle_old(self._database, now=now)

    @override
    async def answers(self) -> bool:
        return True


class PostgresReadings(Readings):
    """The tables of readings in one transaction."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    @override
    async def add(self, arrivals: Mapping[int, Arrivals]) -> None:
        await self.add_blocks(arrivals, _open_block)

    async def add_blocks(
        self, arrivals: Mapping[int, Arrivals], body_of: Callable[[Arrivals], bytes]
    ) -> None:
        """Append an open block for each day of each series, and note the newest readings."""
        # In the order of their ids, so that two writers never wait for each other in a circle.
        some = [(series_id, fresh) for series_id, fresh in sorted(arrivals.items()) if len(fresh)]
        if not some:
            return
        newest = [(series_id, *fresh.latest()) for series_id, fresh in some]
        blocks = [
            (series_id, from_ms(min(of_day.t_ms)), len(of_day), body_of(of_day))
            for series_id, fresh in some
            for _, of_day in fresh.by_day()
        ]
        connection = await self._tx.psycopg()
        await connection.execute(
            _ADD_SQL,
            (
                [series_id for series_id, _, _, _ in newest],
                [from_ms(t_ms) for _, t_ms, _, _ in newest],
                [value for _, _, value, _ in newest],
                [quality for _, _, _, quality in newest],
                self._tx.now + CLOCK_SLACK,
                [series_id for series_id, _, _, _ in blocks],
                [begin for _, begin, _, _ in blocks],
                [count for _, _, count, _ in blocks],
                [body for _, _, _, body in blocks],
            ),
        )

    @override
    async def read(self, series: Sequence[int], span: Span) -> dict[int, Columns]:
        found = await self.bodies(series, span)
        # Beside the loop: a year of a series takes a second.
        return await asyncio.to_thread(_unpacked_series, found, span)

    async def bodies(self, series: Sequence[int], span: Span) -> dict[int, list[bytes]]:
        """Return the blocks of the days of a span, packed ones first."""
        rows = await self._tx.session.execute(_READ, {"series": list(series), **block_places(span)})
        found: dict[int, list[bytes]] = {}
        for series_id, body in rows:
            found.setdefault(series_id, []).append(body)
        return found

    @override
    async def read_rolled(
        self, series_id: int, span: Span, *, width_s: int, every: int = 1
    ) -> Summary:
        wide_ms = width_s * 1000 * every
        rows = await self._tx.session.execute(
            _ROLLED, summed_places(series_id, span, width_s=width_s, every=every)
        )
        rolled, bodies = parted(rows)
        still_open = unpack_all(bodies).within(span.start_ms, span.end_ms)
        return joined([summary_of(rolled, wide_ms), summarise(still_open, wide_ms)])

    @override
    async def stock(self, series: Sequence[int], span: Span) -> dict[int, Stock]:
        rows = await self._tx.session.execute(
            _STOCK, {"series": list(series), **block_places(span)}
        )
        return {
            series_id: Stock(
                readings=int(readings),
                kept_from=None if first is None else midnight(first),
                rolled_from=None if hour is None else from_ms(hour * HOUR_S * 1000),
            )
            for series_id, readings, first, hour in rows
        }

    @override
    async def next_day(self, series: Sequence[int], from_ms: int) -> int | None:
        day = day_date(from_ms // DAY_MS)
        found: date | None = await self._tx.session.scalar(
            _NEXT, {"series": list(series), "day": day, "from_day": midnight(day)}
        )
        return None if found is None else day_number(found)

    @override
    async def fold(self, series_id: int, day: int, *, cut: datetime) -> Settled | None:
        """Take what is open of a day and make its packed block of it, in one commit."""
        await self._check_count(series_id, day, cut=cut)
        bodies = await self.take_open(series_id, day, cut=cut)
        if not bodies:
            return None
        packed = await self.packed(series_id, day)
        before, fresh = await asyncio.to_thread(_unpacked, packed, bodies)
        # What was packed before stands first, so that readings of one time keep their order.
        columns = merge((before, fresh))
        connection = await self._tx.psycopg()
        if await rolled_count(connection, series_id, day) <= len(before):
            body = await asyncio.to_thread(pack, columns)
            await keep_day(connection, series_id, day_date(day), columns, body)
            return Settled()
        # The day was given up: its roll-ups tell of more than is there.
        await add_to_day(connection, series_id, day, fresh)
        if has_imported(columns):
            body = await asyncio.to_thread(pack, columns)
            await pack_day(connection, series_id, day_date(day), columns, body)
        return Settled()

    async def _check_count(self, series_id: int, day: int, *, cut: datetime) -> None:
        """Refuse a day that no block holds before all of it is in memory."""
        connection = await self._tx.psycopg()
        begin = midnight(day_date(day))
        found = await connection.execute(
            _OPEN_COUNT_SQL, (series_id, begin, begin + timedelta(days=1), cut)
        )
        ((fresh,),) = await found.fetchall()
        count = fresh + await self.packed_count(series_id, day)
        if count > blocks.MAX_BLOCK_READINGS:
            raise BlockError(
                f"a block holds {blocks.MAX_BLOCK_READINGS} readings, the day has {count}"
            )

    async def packed(self, series_id: int, day: int) -> list[bytes]:
        """Return the packed block of a day, if there is one."""
        connection = await self._tx.psycopg()
        found = await connection.execute(_PACKED_SQL, (series_id, day_date(day)))
        return [body for (body,) in await found.fetchall()]

    async def packed_count(self, series_id: int, day: int) -> int:
        """Return how many readings a packed day has."""
        connection = await self._tx.psycopg()
        found = await connection.execute(_COUNT_SQL, (series_id, day_date(day)))
        row: tuple[int] | None = await found.fetchone()
        return 0 if row is None else row[0]

    async def take_open(self, series_id: int, day: int, *, cut: datetime) -> list[bytes]:
        """Take out the open blocks of a day that begin before an instant; nobody else folds it."""
        connection = await self._tx.psycopg()
        await bundles.lock_series(connection, series_id)
        begin = midnight(day_date(day))
        taken = await connection.execute(
            _TAKE_SQL, (series_id, begin, begin + timedelta(days=1), cut)
        )
        return [body for (body,) in await taken.fetchall()]

    @override
    async def folded_day(self, series_id: int, day: int) -> Columns:
        await bundles.lock_series(await self._tx.psycopg(), series_id)
        return await asyncio.to_thread(unpack_all, await self.packed(series_id, day))

    @override
    async def give_up(self, series_id: int, day: int, *, count: int) -> bool:
        connection = await self._tx.psycopg()
        await bundles.lock_series(connection, series_id)
        gone = await connection.execute(_GIVE_UP_SQL, (series_id, day_date(day), count))
        await bundles.drop_if_empty(connection, series_id, day_date(day))
        return gone.rowcount == 1


async def keep_day(
    connection: psycopg.AsyncConnection, series_id: int, day: date, columns: Columns, body: bytes
) -> None:
    """Write a packed day in place of what was there, and its roll-ups."""
    await pack_day(connection, series_id, day, columns, body)
    await keep_usual(connection, series_id, columns)


async def pack_day(
    connection: psycopg.AsyncConnection, series_id: int, day: date, columns: Columns, body: bytes
) -> None:
    """Write a packed day in place of what was there."""
    imported = has_imported(columns)
    await connection.execute(_PACK_SQL, (series_id, day, len(columns), imported, body))


def has_imported(columns: Columns) -> bool:
    """Tell whether some readings were imported, so that their day is never given up."""
    return bool((columns.quality == Quality.IMPORTED).any())


def _open_block(arrivals: Arrivals) -> bytes:
    return open_block(arrivals.t_ms, arrivals.value, arrivals.quality)


def _unpacked_series(found: Mapping[int, Sequence[bytes]], span: Span) -> dict[int, Columns]:
    return {
        series_id: unpack_all(bodies).within(span.start_ms, span.end_ms)
        for series_id, bodies in found.items()
    }


def _unpacked(packed: Sequence[bytes], fresh: Sequence[bytes]) -> tuple[Columns, Columns]:
    return unpack_all(packed), unpack_all(fresh)
