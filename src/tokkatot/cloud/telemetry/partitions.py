"""Days of readings, made when their first reading comes."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text

from tokkatot.cloud.platform.database import Database, Transaction

DAY_MS = 86_400_000
DAYS_AT_ONCE = 32
"""Each new day takes locks until the end of its transaction, and the server has a few thousand."""
_EPOCH = date(1970, 1, 1)
# Any number that no other advisory lock of ours has ("tkpa" in ASCII).
_LOCK = 0x746B7061


def day_of(t_ms: int) -> int:
    """Return the day of an instant, counted from 1970-01-01 UTC."""
    return t_ms // DAY_MS


def partition_name(day: int) -> str:
    """Return the table that holds a day."""
    return f"readings_{_EPOCH + timedelta(days=day):%Y%m%d}"


class Partitions:
    """Remembers which days are there, so that only a new day asks the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: set[int] = set()

    async def ensure(self, days: Iterable[int]) -> None:
        """Make the tables of these days; many processes may ask for the same day at once."""
        missing = sorted(set(days) - self._known)
        for start in range(0, len(missing), DAYS_AT_ONCE):
            chunk = missing[start : start + DAYS_AT_ONCE]
            async with self._database.transaction() as tx:
                await _make(tx, chunk)
            self._known.update(chunk)

    def forget(self) -> None:
        """Ask the database again: a day was dropped elsewhere."""
        self._known.clear()


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
        await tx.session.execute(text(f"CREATE TABLE {name} (LIKE readings INCLUDING DEFAULTS)"))
        await tx.session.execute(
            text(
                f"ALTER TABLE readings ATTACH PARTITION {name}"
                f" FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
            )
        )
