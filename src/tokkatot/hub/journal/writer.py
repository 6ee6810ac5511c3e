"""Brings the buffer to the disk in groups and keeps the file whole and within its limits."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import structlog

from tokkatot.hub.journal.buffer import Buffer
from tokkatot.hub.journal.disk import Disk
from tokkatot.hub.journal.faults import JournalBroken
from tokkatot.hub.journal.port import Answer, JournalError, JournalFull
from tokkatot.hub.journal.reserve import Reserve
from tokkatot.hub.journal.rows import Entry, pack_tail
from tokkatot.hub.journal.settings import JournalSettings
from tokkatot.hub.journal.store import JournalStore
from tokkatot.kit.backoff import Backoff
from tokkatot.kit.clock import Clock
from tokkatot.kit.ids import IdSource
from tokkatot.kit.waiting import Bell
from tokkatot.wire.messages import EventRow, StreamName
from tokkatot.wire.streams import STREAMS, StreamHead

T = TypeVar("T")

log = structlog.get_logger(__name__)

_ROOM_TO_WRITE_BYTES = 1024 * 1024
"""With so much free inside the file, a full disk does not stop it."""

RESERVE = "reserve.sqlite"

_SQLITE_FILES = ("", "-wal", "-shm")


class Writer:
    """Owns the store: it is made, used, replaced and closed on the disk's thread alone."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        ids: IdSource,
        disk: Disk,
        settings: JournalSettings,
        free_bytes: Callable[[Path], int],
        vfs: str | None,
    ) -> None:
        self._path = path
        self._clock = clock
        self._ids = ids
        self._disk = disk
        self._settings = settings
        self._free_bytes = free_bytes
        self._vfs = vfs
        self._store: JournalStore | None = None
        self._reserve: Reserve | None = None
        self._opened_at_s = clock.monotonic()
        self._uptime_before_s = 0
        self._is_taken_up = False
        self._upkeep_at_s = clock.monotonic()
        self._stopping = Bell()
        self._told = 0
        # A fixed jitter: one thread on one disk has nobody to keep out of step with.
        self._backoff = Backoff(
            first_s=settings.retry_first_s, cap_s=settings.retry_cap_s, random=lambda: 1.0
        )
        self.buffer = Buffer(settings.buffer_rows, group_rows=settings.group_rows)
        self.grown = Bell()
        self.heads: dict[StreamName, StreamHead] = {}
        self.interrupted: list[Answer] = []
        self.aside = b""
        """What is kept in the reserve, as it was found there or put."""
        self.refused = 0
        self.replaced = 0
        self.trouble: JournalError | None = None

    # ---------------------------------------------------------------------- on the disk's thread

    def _open(self) -> tuple[dict[StreamName, StreamHead], JournalFull | None]:
        full: JournalFull | None = None
        with suppress(JournalError):
            self.aside = self._reserved(Reserve.value)
        try:
            try:
                self._take_up(self._opened())
            except JournalBroken as error:
                self._replace(error)
                self._take_up(self._opened())
        except JournalFull as error:
            full = error
        return self._empty_heads() if self._store is None else self._store.heads(), full

    def _empty_heads(self) -> dict[StreamName, StreamHead]:
        return {
            name: StreamHead(epoch=self.new_epoch(), next=1, acked=0, unsent_from=1)
            for name in STREAMS
        }

    def _take_up(self, store: JournalStore) -> None:
        """Go on where an earlier life has left off; no order of this one is begun before."""
        if self._is_taken_up:
            return
        self._uptime_before_s = store.uptime_s()
        store.begin_life()
        self.interrupted = store.interrupt_orders(self._clock.now_ms())
        self._is_taken_up = True

    def _apply(self, store: JournalStore, entries: Sequence[Entry]) -> list[bool]:
        self._take_up(store)
        return store.apply(entries, uptime_s=self._uptime_s())

    def _open_store(self) -> JournalStore:
        return JournalStore.open(
            self._path,
            new_epoch=self.new_epoch,
            size_limit_bytes=self._settings.size_limit_bytes * 5 // 4,
            vfs=self._vfs,
        )

    def _replace(self, reason: JournalBroken) -> None:
        """Move a damaged file aside, over an earlier one, and begin a new one."""
        if self._store is not None:
            self._store.close()
            self._store = None
        try:
            for suffix in _SQLITE_FILES:
                file = self._path.with_name(self._path.name + suffix)
                aside = self._path.with_name(f"{self._path.name}.broken{suffix}")
                aside.unlink(missing_ok=True)
                if file.exists():
                    file.rename(aside)
        except OSError as error:
            raise JournalError(f"a damaged journal can't be moved aside: {error}") from error
        try:
            self._store = self._open_store()
        except JournalBroken as error:
            raise JournalError(f"the disk damages what is written: {error}") from error
        self.replaced += 1
        event = EventRow(
            0, "e", self._clock.now_ms(), "journal.replaced", {"reason": str(reason)[:200]}
        )
        self._store.append(event)

    def _opened(self) -> JournalStore:
        if self._store is None:
            self._store = self._open_store()
        return self._store

    def keep_aside(self, value: bytes) -> None:
        """Keep a small value where a full disk has room for it."""
        self._reserved(lambda reserve: reserve.keep(value))
        self.aside = value

    def _reserved(self, job: Callable[[Reserve], T]) -> T:
        """Run a job with the reserve; a damaged one is made anew at the next."""
        path = self._path.with_name(RESERVE)
        try:
            if self._reserve is None:
                self._reserve = Reserve.open(path, vfs=self._vfs)
            return job(self._reserve)
        except JournalBroken as error:
            self._close_reserve()
            for suffix in ("", "-journal"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            raise JournalError(f"the reserve was damaged: {error}") from error

    def _close_reserve(self) -> None:
        if self._reserve is not None:
            self._reserve.close()
            self._reserve = None

    def _run(self, job: Callable[[JournalStore], T]) -> T:
        try:
            return job(self._opened())
        except JournalBroken as error:
            self._replace(error)
            raise JournalError("the journal was damaged and had to begin anew") from error

    def _run_and_look(
        self, job: Callable[[JournalStore], T]
    ) -> tuple[T, dict[StreamName, StreamHead]]:
        result = self._run(job)
        return result, self._opened().heads()

    def _relieve(self, store: JournalStore) -> None:
        """Thin the oldest readings where the file or the disk is nearly full."""
        used, free_inside = store.room()
        if used > self._settings.size_limit_bytes:
            reason = "size_limit"
        elif free_inside < _ROOM_TO_WRITE_BYTES and self._disk_is_tight():
            reason = "disk_full"
        else:
            return
        store.thin(max_rows=self._settings.step_rows, t_ms=self._clock.now_ms(), reason=reason)

    def _disk_is_tight(self) -> bool:
        try:
            return self._free_bytes(self._path) < self._settings.disk_floor_bytes
        except OSError:
            return False

    def _keep_house(self, store: JournalStore) -> bool:
        """Make acks durable and forget what is old; True where more is to be forgotten."""
        uptime_s = self._uptime_s()
        store.keep_acks(uptime_s=uptime_s, mark_every_s=self._settings.mark_every_s)
        removed = store.prune(
            acked_before_uptime_s=uptime_s - self._settings.keep_acked_s,
            max_rows=self._settings.step_rows,
        )
        return removed >= self._settings.step_rows

    def _close(self) -> None:
        self._close_reserve()
        if self._store is None:
            return
        try:
            self._store.keep_acks(
                uptime_s=self._uptime_s(), mark_every_s=self._settings.mark_every_s
            )
        except (JournalError, JournalBroken) as error:
            # It costs no more than rows that are sent again; what is damaged is found at the start.
            log.warning("journal.acks_not_kept", reason=str(error))
        finally:
            self._store.close()
            self._store = None

    # ------------------------------------------------------------------------------ on the loop

    async def open(self) -> None:
        """Open the file or make it; the caller then keeps `run` running.

        On a full disk there is what can be read, and `run` tries again until there is room.
        """
        self.heads, full = await self._disk.call(self._open)
        if full is not None:
            self._note(full)
            self.buffer.push_urgent(Entry())  # also where nobody has anything to tell

    async def call(self, job: Callable[[JournalStore], T]) -> T:
        """Run a job with the store; the caller bounds the wait."""
        return await self._disk.call(lambda: self._run(job))

    async def change(self, job: Callable[[JournalStore], None]) -> None:
        """Run a job that moves the heads."""
        _, self.heads = await self._disk.call(lambda: self._run_and_look(job))

    async def run(self) -> None:
        """Write what is due until `stop`; a disk in trouble is tried again, for ever."""
        while not self._stopping.is_set() or len(self.buffer):
            await self.buffer.wait_until_due(
                group_s=self._settings.group_s, idle_s=self._settings.upkeep_s
            )
            try:
                await self._write_group()
                await self._upkeep()
            except JournalError as error:
                self._note(error)
                if self._stopping.is_set():
                    return
                await self._stopping.set_within(self._backoff.next_s())
            else:
                self._note(None)
                self._backoff.reset()

    def _note(self, trouble: JournalError | None) -> None:
        if trouble is not None and self.trouble is None:
            log.warning("journal.trouble", reason=trouble.reason)
        elif trouble is None and self.trouble is not None:
            log.info("journal.works_again", after=self.trouble.reason)
        self.trouble = trouble

    def stop(self) -> None:
        """Have `run` write what waits, if the disk works, and return."""
        self._stopping.set()
        self.buffer.hurry()

    async def close(self) -> None:
        """Close the file, after `run` has returned."""
        await self._disk.call(self._close)

    async def _write_group(self) -> None:
        entries = self.buffer.take(self._settings.flush_rows)
        if not entries:
            return
        try:
            # Waits for as long as the disk takes: only its answer tells whether the group is kept.
            # Who waits for an entry has a bound of his own.
            results, self.heads = await self._disk.call(
                lambda: self._run_and_look(lambda store: self._apply(store, entries))
            )
        except JournalError as error:
            self.buffer.put_back(error)
            if isinstance(error, JournalFull):
                await self._make_room()
            raise
        self.buffer.settle(results)
        self.grown.set()
        await self.call(self._relieve)

    async def _make_room(self) -> None:
        step, t_ms = self._settings.step_rows, self._clock.now_ms()
        await self.call(lambda store: store.thin(max_rows=step, t_ms=t_ms, reason="disk_full"))

    async def _upkeep(self) -> None:
        if self._clock.monotonic() < self._upkeep_at_s:
            return
        self._tell_refused()
        more = await self.call(self._keep_house)
        self._upkeep_at_s = self._clock.monotonic() + (1.0 if more else self._settings.upkeep_s)

    def _tell_refused(self) -> None:
        if self.refused == self._told:
            return
        refused = self.refused
        row = EventRow(
            0, "e", self._clock.now_ms(), "journal.refused", {"rows": refused - self._told}
        )
        self.buffer.push(Entry(events=(pack_tail(row),)))
        self._told = refused

    def now_ms(self) -> int:
        """Return the wall time by which the journal dates its own rows."""
        return self._clock.now_ms()

    def new_epoch(self) -> str:
        """Return the name of an epoch that never was."""
        return str(self._ids.new())

    def _uptime_s(self) -> int:
        return self._uptime_before_s + int(self._clock.monotonic() - self._opened_at_s)
