"""Readings that were rows become blocks, and rows again on the way down."""

import struct
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

from tokkatot.cloud.platform.database import Database, libpq_url
from tokkatot.cloud.platform.migrate import downgrade, upgrade
from tokkatot.cloud.telemetry.blocks import Columns, pack, unpack
from tokkatot.cloud.telemetry.folding import fold
from tokkatot.cloud.telemetry.postgres import PostgresReadingStore
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource

BEFORE, BLOCKS = "0006", "0007"
TREND = 3
T = datetime(2026, 2, 1, 23, 59, 58, tzinfo=UTC)
Row = tuple[datetime, float, int, int]


@pytest.fixture
def rows() -> list[Row]:
    return [
        (T + timedelta(seconds=n, milliseconds=n), n / (3 + n % 2), 1 + n % 2, quality)
        for n, quality in enumerate([0, 0, 0, 3, 0, 1])
    ]


def insert_rows(connection: psycopg.Connection, rows: list[Row]) -> None:
    connection.execute("SET session_replication_role = replica")
    connection.execute(
        "INSERT INTO series (id, farm_id, house_id, device_id, quantity) OVERRIDING SYSTEM VALUE"
        " SELECT id, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'vpd'"
        " FROM unnest(ARRAY[1, 2]) AS id"
    )
    connection.execute("SET session_replication_role = origin")
    for day in (T.date(), T.date() + timedelta(days=1)):
        connection.execute(
            f"CREATE TABLE readings_{day:%Y%m%d} PARTITION OF readings"
            f" FOR VALUES FROM ('{day}') TO ('{day + timedelta(days=1)}')"
        )
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO readings (t, value, series_id, quality) VALUES (%s, %s, %s, %s)", rows
        )


async def test_readings_survive_the_step_up_the_folding_and_the_step_down(
    empty_postgres_url: str, rows: list[Row]
) -> None:
    upgrade(empty_postgres_url, BEFORE)
    with psycopg.connect(libpq_url(empty_postgres_url), options="-c timezone=UTC") as connection:
        insert_rows(connection, rows)
    upgrade(empty_postgres_url, BLOCKS)
    with psycopg.connect(libpq_url(empty_postgres_url)) as connection:
        blocks = connection.execute("SELECT series_id, n, body FROM open_readings").fetchall()
    assert sum(n for _, n, _ in blocks) == len(rows)
    found = [
        (t_ms, value, series_id, quality)
        for series_id, _, body in blocks
        for t_ms, value, quality in zip(
            *(column.tolist() for column in _columns(body)), strict=True
        )
    ]
    assert sorted(found) == [
        (round(t.timestamp() * 1000), value, series_id, quality)
        for t, value, series_id, quality in rows
    ]
    # One day is packed and lies in a bundle, one is still open: both go down.
    upgrade(empty_postgres_url)
    clock = SystemClock()
    database = Database.open(empty_postgres_url, clock=clock, ids=IdSource(clock))
    store = PostgresReadingStore(database)
    assert (await fold(database, store, now=T + timedelta(hours=1, seconds=5))).days == 2
    assert await store.settle(now=T + timedelta(days=40)) == 2
    await database.close()
    downgrade(empty_postgres_url, BEFORE)
    with psycopg.connect(libpq_url(empty_postgres_url), options="-c timezone=UTC") as connection:
        back = connection.execute(
            "SELECT t, value, series_id, quality FROM readings ORDER BY t"
        ).fetchall()
    assert back == rows


async def test_a_day_that_follows_a_trend_is_packed_as_before_on_the_way_down(
    empty_postgres_url: str,
) -> None:
    upgrade(empty_postgres_url)
    count = 2000
    noise = np.random.default_rng(4).integers(-5, 6, count)
    day = Columns(
        t_ms=1_790_000_000_000 + np.arange(count) * 30_000,
        value=(np.arange(count) - 300 + noise) / 10,
        quality=np.zeros(count, np.uint8),
    )
    packed = pack(day)
    with psycopg.connect(libpq_url(empty_postgres_url), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "INSERT INTO packed_readings (series_id, day, n, imported, body)"
            " VALUES (1, '2026-09-21', 2000, false, %s)",
            (packed,),
        )
    downgrade(empty_postgres_url, "0017")
    with psycopg.connect(libpq_url(empty_postgres_url)) as connection:
        row = connection.execute("SELECT body FROM packed_readings").fetchone()
    assert row is not None
    (older,) = row
    assert (TREND in codings(packed), TREND in codings(older)) == (True, False)
    assert unpack(older).t_ms.tolist() == day.t_ms.tolist()
    assert unpack(older).value.tolist() == day.value.tolist()


def codings(body: bytes) -> list[int]:
    """Return how each part of a packed block is coded."""
    found, at = [], 21
    while at < len(body):
        coding, _, _, length = struct.unpack_from("<BBBI", body, at)
        found.append(coding)
        at += 7 + length
    return found


def _columns(body: bytes) -> tuple[NDArray[np.generic], ...]:
    block = unpack(body)
    return block.t_ms, block.value, block.quality
