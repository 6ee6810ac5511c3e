"""Puts the packed days of a series together, since a row of a page each leaves much of it empty."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Final

import psycopg

from tokkatot.cloud.platform.database import Database
from tokkatot.cloud.telemetry.store import day_date, day_number

BUNDLE_DAYS: Final = 16
"""Long enough to fill pages, short enough to be written anew when a late reading comes."""
OWN_ROW: Final = timedelta(days=8)
"""As long as late readings are usual, a day that is packed anew stays apart from the others."""

_BEGINS_SQL: Final = f"p.day - mod(p.day - date '1970-01-01', {BUNDLE_DAYS})"
# A piece of a body that is stored plainly costs the pages of that piece alone.
BODY_SQL: Final = f"""coalesce(p.body, (
  SELECT substring(b.body FROM p.place + 1 FOR p.size) FROM bundled_readings b
  WHERE b.series_id = p.series_id AND b.begins = {_BEGINS_SQL}
))"""  # noqa: S608 - our own text
# Any number that no other advisory lock of ours has ("tkfo" in ASCII).
_LOCK: Final = 0x746B666F
_LOCK_SQL: Final = "SELECT pg_advisory_xact_lock(%s, %s)"
_LOOSE_SQL: Final = f"""
SELECT DISTINCT p.series_id, {_BEGINS_SQL}
FROM packed_readings p WHERE p.body IS NOT NULL AND p.day < %s
"""  # noqa: S608 - our own text
_DAYS_SQL: Final = f"""
SELECT p.day, p.n, p.imported, {BODY_SQL} FROM packed_readings p
WHERE p.series_id = %s AND p.day >= %s AND p.day < %s ORDER BY p.day FOR UPDATE
"""  # noqa: S608 - our own text
_BUNDLE_SQL: Final = """
INSERT INTO bundled_readings (series_id, begins, body) VALUES (%s, %s, %b)
ON CONFLICT (series_id, begins) DO UPDATE SET body = excluded.body
"""
_PLACE_SQL: Final = """
INSERT INTO packed_readings (series_id, day, n, imported, place, size)
SELECT %s, * FROM unnest(%s::date[], %s::int[], %s::bool[], %s::int[], %s::int[])
ON CONFLICT (series_id, day) DO UPDATE
SET body = NULL, place = excluded.place, size = excluded.size
"""
_EMPTY_SQL: Final = f"""
DELETE FROM bundled_readings b WHERE b.series_id = %s AND b.begins = %s AND NOT EXISTS (
  SELECT FROM packed_readings p
  WHERE p.series_id = b.series_id AND p.body IS NULL
  AND p.day >= b.begins AND p.day < b.begins + {BUNDLE_DAYS}
)
"""  # noqa: S608 - our own text


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedDay:
    """A packed day of a series."""

    day: date
    n: int
    imported: bool
    body: bytes


def begin_of(day: date) -> date:
    """Return the first day of the bundle in which a day comes to lie."""
    return day_date(day_number(day) // BUNDLE_DAYS * BUNDLE_DAYS)


async def lock_series(connection: psycopg.AsyncConnection, series_id: int) -> None:
    """Let nobody else pack, put together or give up days of a series until the commit.

    Two that fold the same day would each pack what it alone has seen.
    """
    await connection.execute(_LOCK_SQL, (_LOCK, series_id))


async def bundle_old(database: Database, *, now: datetime) -> int:
    """Put together what is old; return how many bundles that made."""
    before = begin_of((now - OWN_ROW).date())
    async with database.transaction() as tx:
        connection = await tx.psycopg()
        loose = await (await connection.execute(_LOOSE_SQL, (before,))).fetchall()
    for series_id, begins in loose:
        async with database.transaction() as tx:
            await _bundle(await tx.psycopg(), series_id, begins)
    return len(loose)


async def _bundle(connection: psycopg.AsyncConnection, series_id: int, begins: date) -> None:
    await lock_series(connection, series_id)
    end = begins + timedelta(days=BUNDLE_DAYS)
    found = await connection.execute(_DAYS_SQL, (series_id, begins, end))
    days = [
        PackedDay(day=day, n=n, imported=imported, body=body)
        for day, n, imported, body in await found.fetchall()
    ]
    await write_bundle(connection, series_id, begins, days)


async def write_bundle(
    connection: psycopg.AsyncConnection, series_id: int, begins: date, days: Sequence[PackedDay]
) -> None:
    """Write days in place of what was there of a bundle; every day of it must be among them."""
    sizes = [len(one.body) for one in days]
    body = b"".join(one.body for one in days)
    await connection.execute(_BUNDLE_SQL, (series_id, begins, body))
    await connection.execute(
        _PLACE_SQL,
        (
            series_id,
            [one.day for one in days],
            [one.n for one in days],
            [one.imported for one in days],
            list(accumulate(sizes[:-1], initial=0)),
            sizes,
        ),
    )


async def drop_if_empty(connection: psycopg.AsyncConnection, series_id: int, day: date) -> None:
    """Delete the bundle in which a day was, where that was its last."""
    await connection.execute(_EMPTY_SQL, (series_id, begin_of(day)))
