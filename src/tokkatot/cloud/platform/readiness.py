"""Whether a process can do its work: its database, broker and stores answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tokkatot.cloud.platform.database import Database
from tokkatot.cloud.platform.migrate import current_revision, newest_revision

_TIMEOUT_S = 3.0
_PORTS = {"mqtt": 1883, "mqtts": 8883}

Probe = Callable[[], Awaitable[bool]]


class Readiness:
    """Asks every part at once, each within a few seconds."""

    def __init__(self, probes: Mapping[str, Probe]) -> None:
        self._probes = dict(probes)

    async def ask(self) -> dict[str, bool]:
        """Return each part with whether it works."""
        async with asyncio.TaskGroup() as group:
            asked = {
                name: group.create_task(_within_time(probe)) for name, probe in self._probes.items()
            }
        return {name: task.result() for name, task in asked.items()}


def database_probe(database: Database) -> Probe:
    """Return a probe of the database."""

    async def probe() -> bool:
        async with database.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
        return True

    return probe


def schema_probe(database: Database) -> Probe:
    """Return a probe of the schema's revision."""
    newest = newest_revision()

    async def probe() -> bool:
        async with database.engine.connect() as connection:
            return await connection.run_sync(current_revision) == newest

    return probe


def broker_probe(url: str) -> Probe:
    """Return a probe that opens a connection to the broker."""
    parts = urlsplit(url)
    host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme, 1883)

    async def probe() -> bool:
        _, writer = await asyncio.open_connection(host, port)
        writer.close()
        return True

    return probe


async def _within_time(probe: Probe) -> bool:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            return await probe()
    except (SQLAlchemyError, OSError, TimeoutError):
        return False
