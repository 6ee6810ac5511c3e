"""The hub's journal as the loop and the uplink see it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from typing_extensions import override

from tokkatot.hub.drivers.port import Position
from tokkatot.hub.journal.disk import Disk, DiskThread
from tokkatot.hub.journal.faults import JournalUnmade
from tokkatot.hub.journal.port import (
    Answer,
    Condition,
    JournalError,
    JournalFull,
    JournalPort,
    JournalTimeout,
    condition_of,
)
from tokkatot.hub.journal.rows import Entry, RowRefused, asked_in, pack, pack_tail
from tokkatot.hub.journal.settings import JournalSettings
from tokkatot.hub.journal.slots import TwoSlots
from tokkatot.hub.journal.store import JournalStore
from tokkatot.hub.journal.writer import Writer
from tokkatot.kit.clock import Clock
from tokkatot.kit.ids import IdSource
from tokkatot.wire.messages import CommandRow, Row, ScheduleRunRow, StreamName
from tokkatot.wire.streams import StreamHead, Stretch

T = TypeVar("T")


def _free_bytes(path: Path) -> int:
    return shutil.disk_usage(path.parent).free


class Journal(JournalPort):
    """Made by `open`, ended by `close`; belongs to the loop that opened it."""

    def __init__(
        self, writer: Writer, *, disk: Disk, slots: TwoSlots, settings: JournalSettings
    ) -> None:
        self._writer = writer
        self._disk = disk
        self._slots = slots
        self._settings = settings
        self._running = asyncio.create_task(writer.run(), name="journal")
        self._closed = False
        self._watchers: list[Callable[[Row], None]] = []
        self.grown = writer.grown

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        clock: Clock,
        ids: IdSource,
        settings: JournalSettings | None = None,
        disk: Disk | None = None,
        free_bytes: Callable[[Path], int] = _free_bytes,
        vfs: str | None = None,
    ) -> "Journal":
        """Open the file or make it; a damaged one is moved aside and told of in the events.

        On a full disk it opens all the same: what is kept can be read, and what is to be written
        waits in memory until there is room.

        Raises:
            JournalError: when the disk can't be used for another reason.
        """
        settings = settings or JournalSettings()
        disk = disk or DiskThread()
        writer = Writer(
            path,
            clock=clock,
            ids=ids,
            disk=disk,
            settings=settings,
            free_bytes=free_bytes,
            vfs=vfs,
        )
        with ExitStack() as unless_opened:
            unless_opened.callback(disk.stop)
            async with _bounded(settings.open_timeout_s):
                await writer.open()
            unless_opened.pop_all()
        return cls(writer, disk=disk, slots=TwoSlots(path.parent, "desired"), settings=settings)

    @override
    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            async with _bounded(self._settings.timeout_s):
                self._writer.stop()
                await self._running
                await self._writer.close()
        finally:
            self._running.cancel()
            self._disk.stop()

    # ---------------------------------------------------------------------------------- figures

    @property
    @override
    def refused(self) -> int:
        """Return how many rows could not be kept, being wrong or without room."""
        return self._writer.refused

    @property
    def replaced(self) -> int:
        """Return how often a damaged file was moved aside."""
        return self._writer.replaced

    @property
    def trouble(self) -> str | None:
        """Return why the last write failed, None while the disk works."""
        trouble = self._writer.trouble
        return None if trouble is None else trouble.reason

    @override
    def condition(self) -> Condition:
        return condition_of(self._writer.trouble)

    @property
    def waiting(self) -> int:
        """Return how many rows wait in memory for the disk."""
        return len(self._writer.buffer)

    # -------------------------------------------------------------------------------- recording

    @override
    def watch(self, watcher: Callable[[Row], None]) -> None:
        self._watchers.append(watcher)

    def _show(self, rows: Iterable[Row]) -> None:
        for row in rows if self._watchers else ():
            for watcher in self._watchers:
                watcher(row)

    @override
    async def record(
        self,
        *,
        events: Sequence[Row] = (),
        readings: Sequence[Row] = (),
        position: Position | None = None,
        urgent: bool,
    ) -> None:
        entry = self._entry(events, readings, position)
        buffer = self._writer.buffer
        async with _bounded(self._settings.timeout_s):
            while not buffer.has_room(entry.size):
                await buffer.wait_for_room()
            self._show((*events, *readings))
            if urgent:
                # Whoever stops waiting leaves the entry in the buffer: the disk may come back.
                await asyncio.shield(buffer.push_urgent(entry).done)
            else:
                buffer.push(entry)

    @override
    def offer(
        self,
        *,
        events: Sequence[Row] = (),
        readings: Sequence[Row] = (),
        position: Position | None = None,
        urgent: bool = False,
    ) -> bool:
        entry = self._entry(events, readings, position)
        buffer = self._writer.buffer
        if not buffer.has_room(entry.size):
            self._writer.refused += len(entry.events) + len(entry.readings)
            return False
        self._show((*events, *readings))
        if urgent:
            buffer.push_urgent(entry)
        else:
            buffer.push(entry)
        return True

    @override
    async def begin_order(self, command_id: UUID, row: CommandRow) -> bool:
        begun = await self._begun(_start(row))
        if begun:
            self._show((row,))
        return begun

    @override
    async def note_begun(self, row: CommandRow) -> None:
        self._push_order(_start(row))
        self._show((row,))

    @override
    async def begin_request(self, row: ScheduleRunRow) -> bool:
        return await self._begun(Entry(begins=asked_in(row), open_tail=pack_tail(row)))

    async def _begun(self, entry: Entry) -> bool:
        buffer = self._writer.buffer
        pending = buffer.push_urgent(entry)
        try:
            async with _bounded(self._settings.start_timeout_s):
                return await pending.done
        except (JournalError, asyncio.CancelledError):
            # What the disk has already is corrected by the refusal that follows in the buffer.
            buffer.withdraw(pending)
            raise

    @override
    async def finish_order(self, row: Answer) -> None:
        self._push_order(Entry(finishes=asked_in(row), events=(pack_tail(row),)))
        self._show((row,))

    @override
    async def refuse_order(self, row: Answer) -> None:
        self._push_order(Entry(begins=asked_in(row), over=True, events=(pack_tail(row),)))

    def _push_order(self, entry: Entry) -> None:
        try:
            self._writer.buffer.push_urgent(entry)
        except JournalFull:
            # Unfinished, it is reported as interrupted at the next start: late, but never lost.
            self._writer.refused += 1

    @override
    async def keep_state(self, name: str, value: bytes) -> None:
        self._writer.buffer.push(Entry(state=(name, value)))

    @override
    async def keep_aside(self, value: bytes) -> None:
        async with _bounded(self._settings.start_timeout_s):
            await self._disk.call(lambda: self._writer.keep_aside(value))

    @override
    def aside(self) -> bytes:
        return self._writer.aside

    def _entry(
        self, events: Sequence[Row], readings: Sequence[Row], position: Position | None
    ) -> Entry:
        return Entry(
            events=tuple(self._packed(events, pack_tail)),
            readings=tuple(self._packed(readings, pack)),
            position=position,
        )

    def _packed(self, rows: Sequence[Row], how: Callable[[Row], T]) -> list[T]:
        packed: list[T] = []
        for row in rows:
            try:
                packed.append(how(row))
            except RowRefused:
                self._writer.refused += 1
        return packed

    # ---------------------------------------------------------------------------------- reading

    @override
    async def positions(self) -> Mapping[str, int]:
        return await self._call(JournalStore.positions, {})

    @override
    async def interrupted(self) -> Sequence[Answer]:
        return self._writer.interrupted

    @override
    async def state(self, name: str) -> bytes | None:
        return await self._call(lambda store: store.state(name), None)

    @override
    async def desired(self) -> bytes | None:
        return await self._slot(0)

    @override
    async def older_desired(self) -> bytes | None:
        return await self._slot(1)

    async def _slot(self, index: int) -> bytes | None:
        async with _bounded(self._settings.timeout_s):
            kept = await self._disk.call(self._slots.newest_first)
        return kept[index].value if len(kept) > index else None

    @override
    async def keep_desired(self, envelope: bytes, version: int) -> None:
        try:
            async with _bounded(self._settings.timeout_s):
                await self._disk.call(lambda: self._slots.keep(envelope, version))
        except OSError as error:
            raise JournalError(f"the disk refuses: {error}") from error

    # ------------------------------------------------------------------------------- the uplink

    @override
    def heads(self) -> Mapping[StreamName, StreamHead]:
        return self._writer.heads

    @override
    async def stretch(
        self, stream: StreamName, first: int, *, max_rows: int, max_bytes: int
    ) -> Stretch | None:
        t_ms = self._writer.now_ms()
        return await self._call(
            lambda store: store.stretch(
                stream, first, max_rows=max_rows, max_bytes=max_bytes, t_ms=t_ms
            ),
            None,
        )

    @override
    async def contacted(self) -> None:
        await self._change(JournalStore.contacted)

    @override
    async def acked(self, stream: StreamName, epoch: str, through: int) -> None:
        await self._change(lambda store: store.note_acked(stream, epoch, through))

    @override
    async def new_epoch(self, stream: StreamName) -> StreamHead:
        epoch = self._writer.new_epoch()
        await self._change(lambda store: store.new_epoch(stream, epoch))
        return self._writer.heads[stream]

    async def _call(self, job: Callable[[JournalStore], T], nothing: T) -> T:
        try:
            async with _bounded(self._settings.timeout_s):
                return await self._writer.call(job)
        except JournalUnmade:
            return nothing

    async def _change(self, job: Callable[[JournalStore], None]) -> None:
        async with _bounded(self._settings.timeout_s):
            await self._writer.change(job)


def _start(row: CommandRow) -> Entry:
    tail = pack_tail(row)
    return Entry(begins=asked_in(row), open_tail=tail, events=(tail,))


@asynccontextmanager
async def _bounded(timeout_s: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError:
        raise JournalTimeout(timeout_s) from None
