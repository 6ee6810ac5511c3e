"""How much a hub's journal writes in a day: into its files, and onto the disk under them."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from uuid import UUID

import apsw
from typing_extensions import override

from tokkatot.hub.journal.journal import Journal
from tokkatot.hub.journal.settings import JournalSettings
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource
from tokkatot.wire.messages import EventRow, ReadingRow

FILES, DISK = "journal_mb_per_day", "journal_disk_mb_per_day"
FIGURES = (FILES, DISK)

TIMES = 200
"""So much faster than on a farm: what is grouped there in 4 s is grouped here in 20 ms."""

HOURS = 3
READINGS_PER_S = 4
EVENT_EVERY_S = 300
MEMORY_EVERY_S = 60
MEMORY = b"m" * 1500
"""As large as what control keeps of a coop's timers and alarms."""

_DAY_S = 86_400
_SENSORS = [str(UUID(int=number)) for number in range(READINGS_PER_S)]


class _CountedFile(apsw.VFSFile):
    """A file of SQLite whose writes are counted."""

    def __init__(
        self, counter: "_Counter", name: str | apsw.URIFilename | None, flags: list[int]
    ) -> None:
        super().__init__("", name, flags)
        self._counter = counter

    @override
    def xWrite(self, data: bytes, offset: int) -> None:
        self._counter.written_bytes += len(data)
        super().xWrite(data, offset)


class _Counter(apsw.VFS):
    """The machine's files, and how many bytes were written into them."""

    NAME = "bench-counter"

    def __init__(self) -> None:
        super().__init__(self.NAME, "")
        self.written_bytes = 0

    @override
    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _CountedFile(self, name, flags)


def measure(folder: Path, say: Callable[[str], None]) -> Iterator[tuple[str, float]]:
    """Measure the MB (10^6 bytes) of a day at 4 readings a second."""
    seconds = HOURS * 3600
    say(f"{HOURS} hours of a journal, {TIMES} times as fast")
    folder.mkdir()
    counter, before = _Counter(), _on_disk_bytes()
    asyncio.run(_live(folder / "journal.sqlite", seconds))
    days_mb = _DAY_S / seconds / 1e6
    yield FILES, counter.written_bytes * days_mb
    on_disk = _on_disk_bytes() - before
    if on_disk:
        yield DISK, on_disk * days_mb
    else:
        say(f"{DISK} is left out: {folder} is not on a disk; name another folder in TMPDIR")


async def _live(path: Path, seconds: int) -> None:
    clock = SystemClock()
    usual = JournalSettings()
    settings = replace(usual, group_s=usual.group_s / TIMES, upkeep_s=usual.upkeep_s / TIMES)
    journal = await Journal.open(
        path, clock=clock, ids=IdSource(clock), settings=settings, vfs=_Counter.NAME
    )
    began_s = perf_counter()
    for second in range(seconds):
        await _record(journal, second, clock.now_ms())
        await asyncio.sleep(max(began_s + (second + 1) / TIMES - perf_counter(), 0))
    await journal.close()


async def _record(journal: Journal, second: int, t_ms: int) -> None:
    """Record what a second brings: readings, now and then an event and control's memory."""
    readings: Sequence[ReadingRow] = [
        ReadingRow(0, "r", device, "temperature", t_ms, 20 + second % 97 / 10, 0)
        for device in _SENSORS
    ]
    await journal.record(readings=readings, urgent=False)
    if second % EVENT_EVERY_S == 0:
        journal.offer(events=[EventRow(0, "e", t_ms, "bench", {"second": second})], urgent=True)
    if second % MEMORY_EVERY_S == 0:
        await journal.keep_state("engine", MEMORY)


def _on_disk_bytes() -> int:
    """Return how much this process has had written to disks (proc(5), `write_bytes`)."""
    counts = Path("/proc/self/io").read_text()
    return next(
        int(line.split()[1]) for line in counts.splitlines() if line.startswith("write_bytes")
    )
