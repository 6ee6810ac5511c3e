"""Looks into the store of readings with SQL and the program's own unpacking, and damages it."""

from dataclasses import dataclass

import psycopg

from tokkatot.cloud.telemetry.blocks import open_block, unpack
from tokkatot.cloud.telemetry.bundles import BODY_SQL

COUNT_SQL = (
    "SELECT ((SELECT coalesce(sum(n), 0) FROM open_readings)"
    " + (SELECT coalesce(sum(n), 0) FROM packed_readings))::bigint"
)
_BODIES_SQL = f"""
SELECT {BODY_SQL} FROM packed_readings p WHERE series_id = ANY(%(series)s)
UNION ALL SELECT body FROM open_readings WHERE series_id = ANY(%(series)s)
"""  # noqa: S608 - our own text
_SERIES_SQL = """
SELECT id FROM series WHERE device_id = ANY(%s::uuid[]) AND (%s::text IS NULL OR quantity = %s)
"""


def count_stored(connection: psycopg.Connection) -> int:
    """Return how many readings are stored, open and packed."""
    row = connection.execute(COUNT_SQL).fetchone()
    assert row is not None, "a sum has one row"
    return int(row[0])


def stored_of(
    connection: psycopg.Connection, devices: list[str], quantity: str | None = None
) -> list[tuple[int, float]]:
    """Return the times and values of devices, of one quantity or of all, in their order."""
    series = [
        series_id for (series_id,) in connection.execute(_SERIES_SQL, (devices, quantity, quantity))
    ]
    blocks = [unpack(body) for (body,) in connection.execute(_BODIES_SQL, {"series": series})]
    return sorted(
        pair
        for block in blocks
        for pair in zip(block.t_ms.tolist(), block.value.tolist(), strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A reading that was taken out of the store."""

    series_id: int
    t_ms: int
    value: float
    quality: int


def take_one(connection: psycopg.Connection) -> Taken:
    """Take one reading out of an open block, as a fault might lose it."""
    row = connection.execute(
        "WITH one AS (SELECT tableoid, ctid FROM open_readings LIMIT 1)"
        " DELETE FROM open_readings o USING one"
        " WHERE o.tableoid = one.tableoid AND o.ctid = one.ctid RETURNING o.series_id, o.body"
    ).fetchone()
    assert row is not None, "there are open readings"
    series_id, body = row
    block = unpack(body)
    times, values, qualities = (
        block.t_ms.tolist(),
        block.value.tolist(),
        block.quality.tolist(),
    )
    if len(times) > 1:
        put(connection, series_id, times[1:], values[1:], qualities[1:])
    return Taken(series_id=series_id, t_ms=times[0], value=values[0], quality=qualities[0])


def put_back(connection: psycopg.Connection, taken: Taken) -> None:
    """Store a reading that was taken."""
    put(connection, taken.series_id, [taken.t_ms], [taken.value], [taken.quality])


def put(
    connection: psycopg.Connection,
    series_id: int,
    t_ms: list[int],
    values: list[float],
    qualities: list[int],
) -> None:
    """Store an open block."""
    connection.execute(
        "INSERT INTO open_readings (t, series_id, n, body)"
        " VALUES (to_timestamp(%s / 1000.0), %s, %s, %s)",
        (min(t_ms), series_id, len(t_ms), open_block(t_ms, values, qualities)),
    )
