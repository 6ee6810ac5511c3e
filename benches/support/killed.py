"""How many readings a second are in the store after cloud and database were killed at the end."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from benches.support.beside import Beside, cloud_beside
from benches.support.streams import SENT, lay_out, send_all
from tests.support.readings import count_stored

INGEST = "ingest_readings_per_s"


def measure(folder: Path, say: Callable[[str], None]) -> Iterator[tuple[str, float]]:
    """Let hubs send all they can, kill everything, and count."""
    yield INGEST, asyncio.run(_measure(folder, say))


async def _measure(folder: Path, say: Callable[[str], None]) -> float:
    async with cloud_beside(folder, "api,ingest,jobs") as beside:
        streams = await lay_out(beside.staff)
        took_s = await send_all(beside.broker.url, streams, say)
        stored = await _stored_after_kills(beside)
    say(f"{stored} readings in the store after {took_s:.1f} s and the kills")
    assert stored == SENT, f"{stored} stored of {SENT}"
    return SENT / took_s


async def _stored_after_kills(beside: Beside) -> int:
    for cloud in beside.clouds:
        cloud.kill()
    assert beside.postgres.pid is not None, "it runs"
    os.kill(beside.postgres.pid, signal.SIGKILL)
    await beside.postgres.wait()
    url = await beside.postgres.start()
    with psycopg.connect(url) as connection:
        return count_stored(connection)
