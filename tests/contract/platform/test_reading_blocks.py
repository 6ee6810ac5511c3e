"""Readings that were rows become blocks, and rows again on the way down."""

from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

from tokkatot.cloud.platform.database import Database, libpq_url
from tokkatot.cloud.platform.migrate import downgrade, upgrade
from tokkatot.cloud.telemetry.blocks import unpack
from tokkatot.cloud.telemetry.folding import fold
from tokkatot.cloud.telemetry.postgres import PostgresReadingStore
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource

BEFORE, BLOCKS = "0006", "0007"
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
    # One day is packed, one is still open: both go down.
    clock = SystemClock()
    database = Database.open(empty_postgres_url, clock=clock, ids=IdSource(clock))
    store = PostgresReadingStore(database)
    assert (await fold(database, store, now=T + timedelta(hours=1, seconds=5))).days == 2
    await database.close()
    downgrade(empty_postgres_url, BEFORE)
    with psycopg.connect(libpq_url(empty_postgres_url), options="-c timezone=UTC") as connection:
        back = connection.execute(
            "SELECT t, value, series_id, quality FROM readings ORDER BY t"
        ).fetchall()
    assert back == rows


def _columns(body: bytes) -> tuple[NDArray[np.generic], ...]:
    block = unpack(body)
    return block.t_ms, block.value, block.quality
