"""How late a change comes to thousands who look at one farm, and what each of them costs."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import msgspec

from benches.support.beside import Beside, cloud_beside
from benches.support.people import tokens_of
from benches.support.statistics import p95, spread
from tests.support.site import Site
from tests.support.weight import resident_mb
from tokkatot.cloud.platform.database import Database
from tokkatot.domain.ids import FarmId
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource

SOCKETS, FANOUT, SIZE = "sockets", "fanout_p95_ms", "kb_per_socket"
FIGURES = (SOCKETS, FANOUT, SIZE)

COUNT = 5000
OF_ONE = 20
"""A person may have so many sockets."""
CHANGES = 30
EVERY_S = 1.0
_ROOT = Path(__file__).parents[2]
_OPEN_WITHIN_S = 480.0
_END_WITHIN_S = 60.0


def measure(folder: Path, say: Callable[[str], None]) -> Iterator[tuple[str, float]]:
    """Open the sockets, change the farm each second, and ask how late each change came."""
    yield from asyncio.run(_measure(folder, say)).items()


async def _measure(folder: Path, say: Callable[[str], None]) -> dict[str, float]:
    async with cloud_beside(folder, "api,jobs") as beside:
        site = await Site.found(beside.staff, "Crowd")
        tokens = await tokens_of(beside, site.farm_id, COUNT // OF_ONE)
        (cloud,) = beside.clouds
        before_mb = resident_mb(cloud.program.pid)
        async with _crowd(cloud.port, site.farm_id, tokens) as crowd:
            opened = await crowd.answer(_OPEN_WITHIN_S)
            say(f"{opened.open} sockets are open")
            after_mb = resident_mb(cloud.program.pid)
            await _change(beside, FarmId(UUID(site.farm_id)))
            await asyncio.sleep(2)
            crowd.end()
            told = await crowd.answer(_END_WITHIN_S)
    late_ms = told.late_ms
    say(f"{len(late_ms)} of {COUNT * CHANGES} came; {spread(late_ms, 'ms')}")
    assert len(late_ms) == COUNT * CHANGES, "each change comes to everybody once"
    return {
        SOCKETS: told.open,
        FANOUT: p95(late_ms),
        SIZE: (after_mb - before_mb) * 1024 / COUNT,
    }


async def _change(beside: Beside, farm_id: FarmId) -> None:
    clock = SystemClock()
    database = Database.open(beside.postgres.url(), clock=clock, ids=IdSource(clock))
    try:
        for _ in range(CHANGES):
            async with database.transaction() as tx:
                tx.emit(farm_id, "bench.tick", {"sent": clock.now().timestamp() * 1000})
            await asyncio.sleep(EVERY_S)
    finally:
        await database.close()


class _Told(msgspec.Struct):
    """What the crowd says: how many sockets are open, and how late each change came to each."""

    open: int
    late_ms: list[float] = []


class _Crowd:
    """The process that holds the sockets."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def answer(self, within_s: float) -> "_Told":
        """Return what it says next."""
        assert self._process.stdout is not None, "it is a pipe"
        async with asyncio.timeout(within_s):
            line = await self._process.stdout.readline()
        assert line, "the crowd has ended"
        return msgspec.json.decode(line, type=_Told)

    def tell(self, word: object) -> None:
        """Send it a line."""
        assert self._process.stdin is not None, "it is a pipe"
        self._process.stdin.write(msgspec.json.encode(word) + b"\n")

    def end(self) -> None:
        """Ask what it has seen."""
        self.tell("enough")


@asynccontextmanager
async def _crowd(port: int, farm_id: str, tokens: list[str]) -> AsyncIterator[_Crowd]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benches.support.crowd",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=_ROOT,
        limit=256 * 1024 * 1024,
    )
    crowd = _Crowd(process)
    crowd.tell({"port": port, "farm": farm_id, "tokens": tokens, "count": COUNT})
    try:
        yield crowd
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
