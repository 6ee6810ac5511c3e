"""What the page knows of the time before somebody came to it: read from the hub's journal."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec
import structlog

from tokkatot.hub.journal.port import JournalError, JournalPort
from tokkatot.hub.web.notebook import Notebook
from tokkatot.kit.clock import Clock
from tokkatot.kit.waiting import Bell
from tokkatot.wire.messages import MessageError, ReadingRow, Row, StreamName, decode_row, row_kind

MAX_EVENTS: Final = 5_000
"""Some days of what happens in a house, and a fraction of a second to read."""

MAX_READINGS: Final = 400_000
"""A day of four readings a second."""

A_DAY_MS: Final = 86_400_000
CHUNK_ROWS: Final = 500
CHUNK_BYTES: Final = 256 * 1024
PAUSE_S: Final = 0.02
"""Between two chunks of readings, so that reading a day of them holds nobody up."""

EVENTS_WITHIN_S: Final = 3.0
STATE: Final = "s"
"""The kind of the rows that tell how a device stands."""

log = structlog.get_logger(__name__)


class Past:
    """Reads once, when the first person comes in: a page that nobody opens costs nothing."""

    def __init__(
        self,
        *,
        journal: JournalPort,
        notes: Notebook,
        recall: Callable[[Row], None],
        clock: Clock,
    ) -> None:
        self._journal = journal
        self._notes = notes
        self._recall = recall
        self._clock = clock
        self._wanted = asyncio.Event()
        self._told = Bell()

    async def told(self) -> bool:
        """Return True once the events are read or can't be; the readings follow by and by."""
        self._wanted.set()
        return await self._told.set_within(2 * EVENTS_WITHIN_S)

    async def run(self) -> None:
        """Wait until the past is asked for, and read it."""
        await self._wanted.wait()
        if self._told.is_set():
            return
        self._notes.listen()
        try:
            async with asyncio.timeout(EVENTS_WITHIN_S):
                await self._read_events()
        except (JournalError, TimeoutError) as error:
            log.warning("web.past_not_read", reason=str(error))
        finally:
            self._notes.wake()
            self._told.set()
        try:
            await self._read_readings()
        except JournalError as error:
            log.warning("web.readings_not_read", reason=error.reason)

    async def _read_events(self) -> None:
        # What was taken before this moment is on the disk with it.
        await self._journal.record(urgent=True)
        end = self._journal.heads()["events"].next
        chunks = [chunk async for chunk in self._backwards("events", end, MAX_EVENTS)]
        for chunk in reversed(chunks):
            for row in chunk:
                self._recall(row)

    async def _read_readings(self) -> None:
        since_ms = self._clock.now_ms() - A_DAY_MS
        end = self._journal.heads()["readings"].next
        async for chunk in self._backwards("readings", end, MAX_READINGS):
            readings = [row for row in chunk if isinstance(row, ReadingRow)]
            for row in reversed(readings):
                self._notes.history.add_before(row)
            if readings and readings[0].t < since_ms:
                return
            await self._clock.sleep(PAUSE_S)

    async def _backwards(
        self, stream: StreamName, end: int, at_most: int
    ) -> AsyncIterator[list[Row]]:
        """Yield the rows before `end` in chunks, the newest chunk first."""
        last = max(end - at_most, 1)
        while end > last:
            first = max(end - CHUNK_ROWS, last)
            rows: list[Row] = []
            at = first
            while at < end:
                stretch = await self._journal.stretch(
                    stream, at, max_rows=end - at, max_bytes=CHUNK_BYTES
                )
                if stretch is None:
                    break
                rows.extend(row for row in _decoded(stretch.rows) if row.seq < end)
                at = stretch.last + 1
            yield rows
            end = first


def _decoded(raws: list[msgspec.Raw]) -> list[Row]:
    rows: list[Row] = []
    for raw in raws:
        if row_kind(raw) == STATE:
            continue  # most of what is kept, and the page asks the hub how a device stands
        try:
            rows.append(decode_row(raw))
        except MessageError:
            continue  # of another version of the hub; the page does without
    return rows
