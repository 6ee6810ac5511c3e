"""Finds what has come of which days, and has it folded once its hour is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import psycopg
import structlog
from typing_extensions import override

from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.database import Database
from tokkatot.cloud.platform.listen import Subscriber
from tokkatot.cloud.telemetry.blocks import BlockError
from tokkatot.cloud.telemetry.partitions import (
    FULL_CHANNEL,
    OPEN_DAYS,
    drop_empty,
    open_days,
    partition_name,
)
from tokkatot.cloud.telemetry.store import ReadingStore, day_date, midnight

_log = structlog.get_logger(__name__)

KEPT_OPEN: Final = timedelta(hours=1)
EVERY_S: Final = 600.0
_LOOK_EVERY_S: Final = 10.0
"""So soon it is done where days wait for others to go, and no sooner."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What one pass has folded."""

    days: int = 0
    """Days of one series each."""
    left: int = 0
    """Days that stay open, being damaged or too full for a block."""


class Folding(Subscriber):
    """Packs what is due every ten minutes; made before the listener runs, to which it listens."""

    def __init__(self, context: Context, readings: ReadingStore) -> None:
        self._context = context
        self._readings = readings
        self._wanted = False
        context.listener.subscribe(FULL_CHANNEL, self)

    @override
    def heard(self, payload: str) -> None:
        self._wanted = True

    @override
    def missed(self) -> None:
        """Whoever waits asks again, and is heard then."""

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._wanted = False
            await self.round()
            for _ in range(round(EVERY_S / _LOOK_EVERY_S)):
                await self._context.clock.sleep(_LOOK_EVERY_S)
                if self._wanted:
                    break

    async def round(self) -> None:
        """Pack the readings whose hour is over, and put away the days that are packed for good."""
        database, now = self._context.database, self._context.clock.now()
        folded = await fold(database, self._readings, now=now)
        self._context.metrics.days_left.inc(folded.left)
        await drop_old_days(database, now=now)
        await self._readings.settle(now=now)


async def fold(database: Database, readings: ReadingStore, *, now: datetime) -> Folded:
    """Fold what has come before the last full hour; many processes may do so at once."""
    cut = (now - KEPT_OPEN).replace(minute=0, second=0, microsecond=0)
    days = left = 0
    for day in await open_days(database):
        if midnight(day_date(day)) >= cut:
            continue
        for series_id in await _open_series(database, day, cut):
            try:
                days += await _fold_day(database, readings, series_id, day, cut=cut)
            except BlockError:
                # One such day must not hold up those of all other farms.
                _log.exception("telemetry.day_left_open", series=series_id, day=str(day_date(day)))
                left += 1
    return Folded(days=days, left=left)


async def _fold_day(
    database: Database, readings: ReadingStore, series_id: int, day: int, *, cut: datetime
) -> bool:
    async with database.transaction() as tx:
        settled = await readings.within(tx).fold(series_id, day, cut=cut)
    if settled is not None and settled.late:
        async with database.transaction() as tx:
            await readings.within(tx).give_up(series_id, day, count=settled.late)
    return settled is not None


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
