"""How fast a chart comes out of 63 million stored readings, and what one of them costs on disk."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import psycopg

from benches.support.statistics import p95
from tests.support.postgres import TestDatabases, running_postgres
from tokkatot.cli.bench import Report
from tokkatot.cloud.platform.database import Database
from tokkatot.cloud.telemetry import history
from tokkatot.cloud.telemetry.blocks import Columns, pack
from tokkatot.cloud.telemetry.drawing import Shape
from tokkatot.cloud.telemetry.history import SeriesKey
from tokkatot.cloud.telemetry.postgres import PostgresReadingStore, keep_day
from tokkatot.cloud.telemetry.store import Span
from tokkatot.kit.clock import SystemClock, to_ms
from tokkatot.kit.ids import IdSource

UNITS = {
    "history_24h_p95_ms": "ms",
    "history_30d_p95_ms": "ms",
    "history_1y_p95_ms": "ms",
    "growth_x": "1",
    "bytes_per_sealed_reading": "B",
}
FIGURES = tuple(UNITS)

SENSORS = 20
DAYS = 366
FEW_DAYS = 37
"""A tenth: growth compares what is asked of both."""
STEP_MS = 10_000
QUESTIONS = 200
POINTS = 500
SPANS = {"history_24h_p95_ms": 1, "history_30d_p95_ms": 30, "history_1y_p95_ms": 365}
END = datetime(2026, 1, 1, tzinfo=UTC)


def run(figures: Sequence[str], report: Report) -> None:
    """Fill a store by days, ask it for charts, and weigh it."""
    with (
        tempfile.TemporaryDirectory(prefix="tokkatot-bench-") as folder,
        running_postgres(Path(folder)) as server,
    ):
        databases = TestDatabases(server)
        with databases.migrated() as url:
            found = asyncio.run(_measure(url))
        with databases.migrated() as url:
            found["bytes_per_sealed_reading"] = asyncio.run(_weigh(url))
    for figure in figures:
        report(figure, found[figure], UNITS[figure])


async def _measure(url: str) -> dict[str, float]:
    clock = SystemClock()
    database = Database.open(url, clock=clock, ids=IdSource(clock))
    try:
        await _fill(url, range(FEW_DAYS), step_ms=STEP_MS)
        few = {
            name: await _p95_ms(database, days, FEW_DAYS)
            for name, days in SPANS.items()
            if days < FEW_DAYS
        }
        await _fill(url, range(FEW_DAYS, DAYS), step_ms=STEP_MS)
        many = {name: await _p95_ms(database, days, DAYS) for name, days in SPANS.items()}
    finally:
        await database.close()
    return many | {"growth_x": max(many[name] / few[name] for name in few)}


async def _weigh(url: str) -> float:
    """Return the bytes on disk of a reading every 30 seconds, its index and all included."""
    await _fill(url, range(30), step_ms=30_000)
    async with await psycopg.AsyncConnection.connect(url, connect_timeout=10) as connection:
        row = await (
            await connection.execute(
                "SELECT pg_total_relation_size('packed_readings')::float8 / sum(n)"
                " FROM packed_readings"
            )
        ).fetchone()
    assert row is not None, "a sum has one row"
    return float(row[0])


async def _fill(url: str, days: range, *, step_ms: int) -> None:
    """Write packed days, counted back from the end, of sensors with jitter, steps and noise."""
    count = 86_400_000 // step_ms
    say(f"filling {len(days) * SENSORS * count:,} readings")
    random = np.random.default_rng(days.start)
    wave = 25 + 5 * np.sin(np.arange(count) / count * 2 * np.pi)
    async with await psycopg.AsyncConnection.connect(url, connect_timeout=10) as connection:
        await connection.execute("SET session_replication_role = replica")
        for series_id in range(1, SENSORS + 1):
            await connection.execute(
                "INSERT INTO series (id, farm_id, house_id, device_id, quantity)"
                " OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s, 'temperature')"
                " ON CONFLICT DO NOTHING",
                (series_id, *(UUID(int=series_id),) * 3),
            )
        for back in days:
            day = END - timedelta(days=back + 1)
            for series_id in range(1, SENSORS + 1):
                columns = Columns(
                    t_ms=to_ms(day) + np.arange(count) * step_ms + random.integers(0, 41, count),
                    value=np.round(wave + random.normal(0, 0.2, count), 1),
                    quality=np.zeros(count, np.uint8),
                )
                await keep_day(connection, series_id, day.date(), columns, pack(columns))
            await connection.commit()
        await connection.set_autocommit(True)
        for table in ("packed_readings", "rollups"):
            await connection.execute(
                psycopg.sql.SQL("VACUUM ANALYZE {}").format(psycopg.sql.Identifier(table))
            )


async def _p95_ms(database: Database, days: int, stored_days: int) -> float:
    """Return how long a chart of so many days takes, of any sensor and at any place."""
    random = np.random.default_rng(days)
    readings = PostgresReadingStore(database)
    took_ms = []
    for _ in range(QUESTIONS):
        key = SeriesKey(
            id=int(random.integers(1, SENSORS + 1)), device_id=UUID(int=1), quantity="temperature"
        )
        end = END - timedelta(days=random.random() * (stored_days - days))
        span = Span(start=end - timedelta(days=days), end=end)
        began_s = time.perf_counter()
        async with database.transaction() as tx:
            (drawn,) = await history.draw(
                readings.within(tx), [key], span, points=POINTS, shape=Shape.AVERAGE
            )
        took_ms.append((time.perf_counter() - began_s) * 1000)
        assert POINTS / 2 < len(drawn.points) <= POINTS, f"{len(drawn.points)} points"
    return p95(took_ms)


def say(text: str) -> None:
    """Tell a person what goes on; standard output is for figures alone."""
    print(text, file=sys.stderr, flush=True)
