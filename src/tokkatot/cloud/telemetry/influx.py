"""Readings in InfluxDB, beside the list of their days and what they sum up to in PostgreSQL."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np
from sqlalchemy import text
from typing_extensions import override

from tokkatot.cloud.platform.database import Database, Transaction
from tokkatot.cloud.platform.influx import Influx, InfluxRow
from tokkatot.cloud.telemetry import bundles, partitions
from tokkatot.cloud.telemetry.blocks import EMPTY, Columns, merge, unpack_all
from tokkatot.cloud.telemetry.postgres import (
    PostgresReadings,
    has_imported,
    keep_day,
    pack_day,
)
from tokkatot.cloud.telemetry.rollups import (
    SUMMED_SQL,
    add_to_day,
    parted,
    rolled_count,
    summary_of,
    summed_places,
)
from tokkatot.cloud.telemetry.store import (
    DAY_MS,
    Arrivals,
    Readings,
    ReadingStore,
    Settled,
    Span,
    Stock,
    day_date,
)
from tokkatot.cloud.telemetry.summary import Summary, joined, summarise
from tokkatot.kit.clock import from_ms

MEASUREMENT: Final = "readings"
ELSEWHERE: Final = b""
"""The body of a block whose readings are in InfluxDB."""

# What has come since a day was folded can't be told from what had come before: all of such a day
# is summed up afresh. Of one that was given up, what is there came after what is summed up.
_UNSETTLED_SQL: Final = """
SELECT day, EXISTS (
  SELECT FROM rollups r WHERE r.series_id = :series AND r.width_s = 86400 AND r.bucket = day
  AND r.n > coalesce((SELECT p.n FROM packed_readings p WHERE p.series_id = r.series_id
                      AND p.day = date '1970-01-01' + open_days.day), 0)
) AS given_up
FROM (
  SELECT DISTINCT t::date - date '1970-01-01' AS day FROM open_readings
  WHERE series_id = :series AND t >= :from_day AND t < :end
) AS open_days
"""
_ROLLED_SQL: Final = "".join(
    (
        f"WITH unsettled AS ({_UNSETTLED_SQL})",
        SUMMED_SQL.format(
            also="NULL::int",
            but="AND bucket * width_s / 86400 NOT IN"
            " (SELECT day FROM unsettled WHERE NOT given_up)",
        ),
        "UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, day FROM unsettled",
    )
)


class InfluxReadingStore(ReadingStore):
    """Keeps readings in InfluxDB, and in PostgreSQL which days there are."""

    def __init__(self, database: Database, influx: Influx) -> None:
        self._database = database
        self._influx = influx

    @override
    async def prepare(self, days: Iterable[int]) -> None:
        await self._influx.make_database()
        await partitions.ensure(self._database, days)

    @override
    def within(self, tx: Transaction) -> "InfluxReadings":
        return InfluxReadings(tx, self._influx)

    @override
    async def settle(self, *, now: datetime) -> int:
        return 0  # InfluxDB sees to it itself

    @override
    async def answers(self) -> bool:
        return await self._influx.answers()


class InfluxReadings(Readings):
    """The points of InfluxDB with the blocks that stand for them in one transaction.

    Points are written before the transaction commits, and are the same points when they are
    written again. Blocks with a body of their own are of a time before InfluxDB: they are read
    along, and moved when their day is folded.
    """

    def __init__(self, tx: Transaction, influx: Influx) -> None:
        self._tx = tx
        self._influx = influx
        self._blocks = PostgresReadings(tx)

    @override
    async def add(self, arrivals: Mapping[int, Arrivals]) -> None:
        await self._influx.write([line for one in arrivals.items() for line in _lines(*one)])
        await self._blocks.add_blocks(arrivals, lambda _: ELSEWHERE)

    @override
    async def read(self, series: Sequence[int], span: Span) -> dict[int, Columns]:
        if not series:
            return {}
        parts: dict[int, list[Columns]] = {}
        for series_id, bodies in (await self._blocks.bodies(series, span)).items():
            own = unpack_all(body for body in bodies if body != ELSEWHERE)
            parts[series_id] = [own.within(span.start_ms, span.end_ms)]
        wanted = " OR ".join(f"\"s\" = '{series_id}'" for series_id in series)
        async for tag, rows in self._influx.select(
            f'SELECT "v", "q" FROM "{MEASUREMENT}" WHERE ({wanted}) AND {_within(span)}'  # noqa: S608 - numbers
            ' GROUP BY "s"'
        ):
            parts.setdefault(int(tag), []).append(_columns(rows))
        return {series_id: merge(several) for series_id, several in parts.items()}

    @override
    async def read_rolled(
        self, series_id: int, span: Span, *, width_s: int, every: int = 1
    ) -> Summary:
        wide_ms = width_s * 1000 * every
        rows = await self._tx.session.execute(
            text(_ROLLED_SQL), summed_places(series_id, span, width_s=width_s, every=every)
        )
        rolled, days = parted(rows)
        parts = [summary_of(rolled, wide_ms)]
        for stretch in _stretches(days):
            found = await self.read([series_id], stretch.cut_to(span))
            parts.append(summarise(found.get(series_id, EMPTY), wide_ms))
        return joined(parts)

    @override
    async def stock(self, series: Sequence[int], span: Span) -> dict[int, Stock]:
        return await self._blocks.stock(series, span)

    @override
    async def next_day(self, series: Sequence[int], from_ms: int) -> int | None:
        return await self._blocks.next_day(series, from_ms)

    @override
    async def fold(self, series_id: int, day: int, *, cut: datetime) -> Settled | None:
        """Write down how many readings a day has, and its roll-ups."""
        taken = await self._blocks.take_open(series_id, day, cut=cut)
        if not taken:
            return None
        taken += await self._blocks.packed(series_id, day)
        own = unpack_all(body for body in taken if body != ELSEWHERE)
        moved = Arrivals(own.t_ms.tolist(), own.value.tolist(), own.quality.tolist())
        await self._influx.write(list(_lines(series_id, moved)))
        found = await self.read([series_id], _day(day))
        columns = found.get(series_id, EMPTY)
        connection = await self._tx.psycopg()
        kept = await self._blocks.packed_count(series_id, day)
        if await rolled_count(connection, series_id, day) <= kept:
            await keep_day(connection, series_id, day_date(day), columns, body=ELSEWHERE)
            return Settled()
        # The day was given up: its roll-ups tell of more than is there. Where some of it was kept,
        # being imported, nobody can tell what is new, and it is not summed up.
        if kept == 0:
            await add_to_day(connection, series_id, day, columns)
        if not len(columns):
            return Settled()
        # Listed until its points are deleted, which nobody can take back, in a later transaction.
        await pack_day(connection, series_id, day_date(day), columns, body=ELSEWHERE)
        return Settled(late=0 if has_imported(columns) else len(columns))

    @override
    async def folded_day(self, series_id: int, day: int) -> Columns:
        await bundles.lock_series(await self._tx.psycopg(), series_id)
        found = await self.read([series_id], _day(day))
        return found.get(series_id, EMPTY)

    @override
    async def give_up(self, series_id: int, day: int, *, count: int) -> bool:
        if not await self._blocks.give_up(series_id, day, count=count):
            return False
        await self._influx.change(
            f'DELETE FROM "{MEASUREMENT}" WHERE "s" = \'{series_id}\' AND {_within(_day(day))}'  # noqa: S608 - numbers
        )
        return True


def _lines(series_id: int, arrivals: Arrivals) -> Iterator[str]:
    """Yield readings as line protocol."""
    for t_ms, value, quality in zip(arrivals.t_ms, arrivals.value, arrivals.quality, strict=True):
        yield f"{MEASUREMENT},s={series_id} v={value!r},q={quality}i {t_ms}"


def _columns(rows: Sequence[InfluxRow]) -> Columns:
    return Columns(
        t_ms=np.array([row.t_ms for row in rows], np.int64),
        value=np.array([row.value for row in rows], np.float64),
        quality=np.array([row.quality for row in rows], np.uint8),
    )


def _within(span: Span) -> str:
    return f"time >= {span.start_ms}ms AND time < {span.end_ms}ms"


def _day(day: int) -> Span:
    return Span(start=from_ms(day * DAY_MS), end=from_ms((day + 1) * DAY_MS))


def _stretches(days: Iterable[int]) -> Iterator[Span]:
    """Yield the days, those that follow each other as one span."""
    begin = end = None
    for day in sorted(days):
        if end is not None and begin is not None and day != end:
            yield Span(start=from_ms(begin * DAY_MS), end=from_ms(end * DAY_MS))
            begin = None
        begin = day if begin is None else begin
        end = day + 1
    if begin is not None and end is not None:
        yield Span(start=from_ms(begin * DAY_MS), end=from_ms(end * DAY_MS))
