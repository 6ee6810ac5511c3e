"""A process that writes a journal as fast as it can and tells what is committed; to be killed."""

import asyncio
import sys
from pathlib import Path

from tokkatot.hub.drivers.port import Position
from tokkatot.hub.journal.journal import Journal
from tokkatot.hub.journal.settings import JournalSettings
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource
from tokkatot.wire.messages import EventRow, ReadingRow

SOURCE = "file"
DEVICE = "0190b5a0-0000-7000-8000-00000000000a"


async def write(path: Path) -> None:
    """Go on where the position says, a few rows a time, and print each promise that was made."""
    clock = SystemClock()
    journal = await Journal.open(
        path, clock=clock, ids=IdSource(clock), settings=JournalSettings(group_s=0.01)
    )
    line = (await journal.positions()).get(SOURCE, 0)
    while True:
        step = line % 7 + 1
        rows = [
            ReadingRow(0, "r", DEVICE, "temperature", t, t / 4, 0)
            for t in range(line + 1, line + step + 1)
        ]
        line += step
        urgent = line % 3 == 0
        await journal.record(
            readings=rows,
            events=[EventRow(0, "e", line, "line", {})],
            position=Position(source=SOURCE, value=line),
            urgent=urgent,
        )
        if urgent:
            print(line, flush=True)  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1])))
