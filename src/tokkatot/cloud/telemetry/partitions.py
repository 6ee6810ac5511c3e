"""Days of open readings: made when their first reading comes, dropped when the last is packed."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

import psycopg
import structlog
from sqlalchemy import exists, select, table, text
from sqlalchemy.exc import DBAPIError

from tokkatot.cloud.platform.database import Database, Transaction
from tokkatot.cloud.platform.problems import Unavailable
from tokkatot.kit.clock import to_ms

log = structlog.get_logger(__name__)

DAY_MS = 86_400_000
DAYS_AT_ONCE = 32
"""Each new day takes locks until the end of its transaction, and the server has a few thousand."""
OPEN_DAYS: Final = timedelta(days=8)
"""As long as a hub is expected to be alone, and then some: its day is ready for what it brings."""
MAX_OLD_DAYS: Final = 300
"""Once so many days older than that are open, more wait until some are packed: a chart of years
locks each of them, and the server has a few thousand locks."""
MAX_NEW_DAYS: Final = 1000
"""What one request or batch may open beside them; none has readings of more days."""
FULL_CHANNEL: Final = "tokkatot_open_days"
"""Heard by who packs, when days wait for others to go."""
_RETRY_AFTER_S: Final = 15
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
    """Make the tables of these days; many processes may ask for the same day at once.

    Raises:
        Unavailable: when very many old days are open; they are being packed, and it is their turn
            once those have gone.
    """
    wanted = sorted(set(days))
    for start in range(0, len(wanted), DAYS_AT_ONCE):
        async with database.transaction() as tx:
            await tx.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            there = set(await _open_days(tx))
            is_room = _is_room(there, wanted, today=day_of(to_ms(tx.now)), begun=start > 0)
            if is_room:
                for day in wanted[start : start + DAYS_AT_ONCE]:
                    if day not in there:
                        await _make(tx, day)
            else:
                tx.notify(FULL_CHANNEL, "")
        if not is_room:
            raise Unavailable("Very many past days are being stored.", retry_after_s=_RETRY_AFTER_S)


def _is_room(there: Collection[int], wanted: Iterable[int], *, today: int, begun: bool) -> bool:
    """Tell whether the old ones of the days that are wanted may be opened."""
    oldest = today - OPEN_DAYS.days
    new = sum(day < oldest for day in wanted if day not in there)
    count = sum(day < oldest for day in there)
    if begun:
        # It comes to its end, or a batch of many days would never get through.
        return not new or count < MAX_OLD_DAYS + MAX_NEW_DAYS
    return not new or (count < MAX_OLD_DAYS and new <= MAX_NEW_DAYS)


async def _make(tx: Transaction, day: int) -> None:
    name = partition_name(day)
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
        return await _open_days(tx)


async def _open_days(tx: Transaction) -> Sequence[int]:
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
