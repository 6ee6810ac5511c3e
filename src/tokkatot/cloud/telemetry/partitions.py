"""Days of open readings: made when their first reading comes, dropped when the last is packed."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

import psycopg
import structlog
from sqlalchemy import exists, select, table, text
from sqlalchemy.exc import DBAPIError

from tokkatot.cloud.platform.database import Database, Transaction

log = structlog.get_logger(__name__)

DAY_MS = 86_400_000
DAYS_AT_ONCE = 32
"""Each new day takes locks until the end of its transaction, and the server has a few thousand."""
_EPOCH = date(1970, 1, 1)
_DROP_WITHIN = "500ms"
"""How long readings may have to wait for an old day to be dropped; it is tried again later."""
# Any number that no other advisory lock of ours has ("tkpa" in ASCII).
_LOCK = 0x746B7061


def day_of(t_ms: int) -> int:
    """Return the day of an instant, counted from 1970-01-01 UTC."""
    return t_ms // DAY_MS


def partition_name(day: int) -> str:
    """Return the table that holds a day."""
    return f"open_readings_{_EPOCH + timedelta(days=day):%Y%m%d}"


async def ensure(database: Database, days: Iterable[int]) -> None:
    """Make the tables of these days; many processes may ask for the same day at once."""
    wanted = sorted(set(days))
    for start in range(0, len(wanted), DAYS_AT_ONCE):
        async with database.transaction() as tx:
            await _make(tx, wanted[start : start + DAYS_AT_ONCE])


async def _make(tx: Transaction, days: Iterable[int]) -> None:
    await tx.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    for day in days:
        name = partition_name(day)
        there = await tx.session.scalar(
            text("SELECT to_regclass(:name) IS NOT NULL"), {"name": name}
        )
        if there:
            continue
        start = datetime.combine(_EPOCH + timedelta(days=day), datetime.min.time(), UTC)
        end = start + timedelta(days=1)
        # Made aside and attached: attaching lets readings flow into the other days, while
        # CREATE TABLE … PARTITION OF would lock them all out.
        await tx.session.execute(
            # Rows stay an hour and go: what they leave is cleared away before it piles up.
            text(
                f"CREATE TABLE {name} (LIKE open_readings INCLUDING DEFAULTS)"
                " WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0)"
            )
        )
        await tx.session.execute(
            text(
                f"ALTER TABLE open_readings ATTACH PARTITION {name}"
                f" FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
            )
        )


async def open_days(database: Database) -> Sequence[int]:
    """Return the days that may hold open readings, counted from 1970-01-01, the oldest first."""
    async with database.transaction() as tx:
        names = await tx.session.scalars(
            text(
                "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
                " WHERE i.inhparent = 'open_readings'::regclass ORDER BY c.relname"
            )
        )
        dates = [datetime.strptime(name[-8:], "%Y%m%d").replace(tzinfo=UTC) for name in names]
    return [(found.date() - _EPOCH).days for found in dates]


async def drop_empty(database: Database, days: Iterable[int]) -> int:
    """Drop those of these days that hold nothing; return how many.

    A process that remembers such a day is refused when it writes there, and makes it again.
    """
    dropped = 0
    for day in days:
        name = partition_name(day)
        try:
            async with database.transaction() as tx:
                await tx.session.execute(text(f"SET LOCAL lock_timeout = '{_DROP_WITHIN}'"))
                await tx.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                await tx.session.execute(text(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"))
                full = await tx.session.scalar(select(exists().select_from(table(name))))
                if not full:
                    await tx.session.execute(text(f"DROP TABLE {name}"))
                    dropped += 1
        except DBAPIError as error:
            if not isinstance(
                error.orig, (psycopg.errors.LockNotAvailable, psycopg.errors.UndefinedTable)
            ):
                raise
            log.info("telemetry.day_kept", day=name, reason=str(error.orig))
    return dropped
