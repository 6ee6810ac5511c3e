"""Gives up what a farm keeps no longer: readings first, the fine roll-ups after them."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import select

from tokkatot.cloud.platform.database import Database, Transaction
from tokkatot.cloud.telemetry.blocks import BlockError
from tokkatot.cloud.telemetry.model import RetentionPolicy
from tokkatot.cloud.telemetry.rollups import keep_rolled, rolled_count
from tokkatot.cloud.telemetry.store import (
    DAY_S,
    FIVE_MINUTES_S,
    MINUTE_S,
    ReadingStore,
    day_number,
)
from tokkatot.cloud.telemetry.summary import summarise
from tokkatot.domain.ids import FarmId

_log = structlog.get_logger(__name__)

LONGEST_DAYS: Final = 36_500
SHORTEST_DAYS: Final = 31
"""A month of readings: what a farmer compares with, and far beyond what a hub may be away for."""

_DAYS_AT_ONCE: Final = 200
"""Days of a series that are looked up together."""

_FARMS_SQL: Final = """
SELECT f.id, r.readings_days, r.minutes_days, r.five_minutes_days
FROM farms f LEFT JOIN retention_policies r ON r.farm_id = f.id ORDER BY f.id
"""
_OLD_SQL: Final = """
SELECT p.series_id, p.day, p.n FROM packed_readings p
WHERE p.series_id IN (SELECT id FROM series WHERE farm_id = %s) AND p.day < %s AND NOT p.imported
AND (p.series_id, p.day) > (%s, %s)
ORDER BY p.series_id, p.day LIMIT %s
"""
_FORGET_SQL: Final = """
DELETE FROM rollups WHERE series_id IN (SELECT id FROM series WHERE farm_id = %s)
AND width_s = %s AND bucket < %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How many days a farm keeps its readings and what they sum up to; hours and days stay.

    Raises:
        ValueError: when it is shorter or longer than makes sense.
    """

    readings_days: int = 400
    minutes_days: int = 365
    five_minutes_days: int = 730

    def __post_init__(self) -> None:
        for name, days in self.widths().items():
            if not 0 <= days <= LONGEST_DAYS:
                raise ValueError(f"{name} must lie in 0..{LONGEST_DAYS} days")
        if not SHORTEST_DAYS <= self.readings_days <= LONGEST_DAYS:
            raise ValueError(f"readings_days must lie in {SHORTEST_DAYS}..{LONGEST_DAYS} days")

    def widths(self) -> dict[int, int]:
        """Return how many days the roll-ups of each width, in seconds, are kept."""
        return {MINUTE_S: self.minutes_days, FIVE_MINUTES_S: self.five_minutes_days}


DEFAULT: Final = Retention()


async def retention_of(tx: Transaction, farm_id: FarmId) -> Retention:
    """Return what a farm keeps."""
    policy = await tx.session.scalar(
        select(RetentionPolicy).where(RetentionPolicy.farm_id == farm_id)
    )
    if policy is None:
        return DEFAULT
    return Retention(
        readings_days=policy.readings_days,
        minutes_days=policy.minutes_days,
        five_minutes_days=policy.five_minutes_days,
    )


async def set_retention(tx: Transaction, farm_id: FarmId, retention: Retention) -> None:
    """Write down what a farm keeps from now on; what is gone does not come back."""
    await tx.session.merge(
        RetentionPolicy(
            farm_id=farm_id,
            readings_days=retention.readings_days,
            minutes_days=retention.minutes_days,
            five_minutes_days=retention.five_minutes_days,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """What one pass has given up."""

    days: int = 0
    """Days of one series each."""
    left: int = 0
    """Days that stay, since a block of them is damaged."""


async def give_up(database: Database, readings: ReadingStore, *, now: datetime) -> GivenUp:
    """Give up what no farm keeps any longer."""
    async with database.transaction() as tx:
        connection = await tx.psycopg()
        farms = await (await connection.execute(_FARMS_SQL)).fetchall()
    days = left = 0
    for farm_id, readings_days, minutes_days, five_minutes_days in farms:
        retention = DEFAULT
        if readings_days is not None:
            retention = Retention(
                readings_days=readings_days,
                minutes_days=minutes_days,
                five_minutes_days=five_minutes_days,
            )
        gone = await _give_up_farm(database, readings, farm_id, retention, now.date())
        days += gone.days
        left += gone.left
    return GivenUp(days=days, left=left)


async def _give_up_farm(
    database: Database, readings: ReadingStore, farm_id: UUID, retention: Retention, today: date
) -> GivenUp:
    horizon = today - timedelta(days=retention.readings_days)
    days = left = 0
    # From the last one on: those that stay must not be all that is looked up again and again.
    after = (0, date.min)
    while True:
        async with database.transaction() as tx:
            connection = await tx.psycopg()
            found = await connection.execute(_OLD_SQL, (farm_id, horizon, *after, _DAYS_AT_ONCE))
            old = await found.fetchall()
        for series_id, day, count in old:
            try:
                await _sum_up(database, readings, series_id, day, retention)
            except BlockError:
                _log.exception("telemetry.day_not_given_up", series=series_id, day=str(day))
                left += 1
                continue
            async with database.transaction() as tx:
                days += await readings.within(tx).give_up(series_id, day_number(day), count=count)
        if len(old) < _DAYS_AT_ONCE:
            break
        after = old[-1][:2]
    async with database.transaction() as tx:
        connection = await tx.psycopg()
        for width_s, kept_days in retention.widths().items():
            first = day_number(today - timedelta(days=kept_days)) * DAY_S // width_s
            await connection.execute(_FORGET_SQL, (farm_id, width_s, first))
    return GivenUp(days=days, left=left)


async def _sum_up(
    database: Database, readings: ReadingStore, series_id: int, day: date, retention: Retention
) -> None:
    """Commit what outlives the readings of a day, before any of them goes."""
    widths = [
        width_s for width_s, days in retention.widths().items() if days > retention.readings_days
    ]
    async with database.transaction() as tx:
        columns = await readings.within(tx).folded_day(series_id, day_number(day))
        connection = await tx.psycopg()
        # Fewer than its roll-ups tell of: the others went in a pass that was cut off behind this.
        if len(columns) < max(1, await rolled_count(connection, series_id, day_number(day))):
            return
        for width_s in widths:
            summary = await asyncio.to_thread(summarise, columns, width_s * 1000)
            await keep_rolled(connection, series_id, width_s, summary)
