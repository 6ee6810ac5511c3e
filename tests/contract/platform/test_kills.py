"""Kills at random moments; too long for every run."""

import asyncio
import os
import signal
from pathlib import Path
from random import Random  # noqa: TID251 - seeded, to place the kills

import psycopg
import pytest

from tokkatot.cloud.platform.postgres import EmbeddedPostgres

pytestmark = pytest.mark.proof

ROUNDS = 50


async def write_until_killed(url: str, first: int) -> int:
    """Store numbers one by one, and return the last that was acknowledged."""
    stored = first
    try:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            while True:
                await connection.execute("INSERT INTO numbers VALUES (%s)", (stored + 1,))
                stored += 1
    except psycopg.OperationalError:
        return stored


async def kill_after(server: EmbeddedPostgres, delay_s: float) -> None:
    await asyncio.sleep(delay_s)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await server.wait()


async def test_no_acknowledged_row_is_lost_in_fifty_kills(tmp_path: Path) -> None:
    random = Random(1)
    acknowledged = 0
    for _ in range(ROUNDS):
        server = EmbeddedPostgres(tmp_path / "postgres", log_path=tmp_path / "postgres.log")
        url = await server.start()
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute("CREATE TABLE IF NOT EXISTS numbers (n integer PRIMARY KEY)")
            rows = await (
                await connection.execute("SELECT count(*), max(n) FROM numbers")
            ).fetchone()
        assert rows is not None
        count, highest = rows[0], rows[1] or 0
        # The last one may be stored though the answer never came.
        assert count == highest
        assert acknowledged <= highest <= acknowledged + 1
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(write_until_killed(url, highest))
            group.create_task(kill_after(server, random.uniform(0.0, 0.5)))
        acknowledged = writing.result()

    assert acknowledged > ROUNDS
