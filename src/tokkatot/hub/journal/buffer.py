"""What waits in memory for the disk, in the order of the calls."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from tokkatot.hub.journal.port import JournalFull
from tokkatot.hub.journal.rows import Entry
from tokkatot.kit.waiting import Bell

_RESERVE_ROWS = 1_000
"""Orders may go so far above the limit, so that readings never keep them out."""


@dataclass(slots=True, eq=False)
class Pending:
    """An entry that waits; `done` is for callers that wait with it."""

    entry: Entry
    done: asyncio.Future[bool] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    withdrawn: bool = False


class Buffer:
    """A queue limited in rows; what was taken stays counted until it is settled or put back."""

    def __init__(self, limit_rows: int, *, group_rows: int) -> None:
        self._limit_rows = limit_rows
        self._group_rows = group_rows
        self._waiting: deque[Pending] = deque()
        self._taken: list[Pending] = []
        self._size = 0
        self._filled = Bell()
        self._due = Bell()
        self._room = asyncio.Event()

    def __len__(self) -> int:
        return self._size

    def has_room(self, size: int) -> bool:
        """Tell whether `size` more rows fit; an empty buffer takes anything."""
        return not self._size or self._size + size <= self._limit_rows

    async def wait_for_room(self) -> None:
        """Have what waits written at once, and return after something has left."""
        self.hurry()
        self._room.clear()
        await self._room.wait()

    def push(self, entry: Entry) -> Pending:
        """Add an entry that can wait for company."""
        if self._size + entry.size > self._limit_rows + _RESERVE_ROWS and self._size:
            raise JournalFull("the buffer before the disk is full")
        pending = Pending(entry)
        self._waiting.append(pending)
        self._size += entry.size
        self._filled.set()
        if self._size >= self._group_rows:
            self._due.set()
        return pending

    def push_urgent(self, entry: Entry) -> Pending:
        """Add an entry that is to be written at once, with all before it."""
        pending = self.push(entry)
        self._due.set()
        return pending

    def withdraw(self, pending: Pending) -> None:
        """Take an entry back, unless the disk has it already."""
        pending.withdrawn = True
        if pending in self._waiting:
            self._waiting.remove(pending)
            self._left(pending.entry.size)

    def hurry(self) -> None:
        """Wake the writer at once."""
        self._filled.set()
        self._due.set()

    async def wait_until_due(self, *, group_s: float, idle_s: float) -> None:
        """Return when something is to be written, or after `idle_s` with nothing to write.

        A group waits for company no longer than `group_s`, and no longer than until it is one.
        """
        if await self._filled.set_within(idle_s):
            await self._due.set_within(group_s)

    def take(self, max_rows: int) -> list[Entry]:
        """Return the oldest entries up to so many rows, one at least where there is any."""
        assert not self._taken, "one group at a time"
        size = 0
        while self._waiting and (not size or size + self._waiting[0].entry.size <= max_rows):
            pending = self._waiting.popleft()
            self._taken.append(pending)
            size += pending.entry.size
        if not self._waiting:
            self._filled.clear()
            self._due.clear()
        return [pending.entry for pending in self._taken]

    def settle(self, results: Sequence[bool]) -> None:
        """Tell those who wait that the group is on the disk."""
        taken, self._taken = self._taken, []
        for pending, result in zip(taken, results, strict=True):
            if not pending.done.done():
                pending.done.set_result(result)
        self._left(sum(pending.entry.size for pending in taken))

    def put_back(self, error: Exception) -> None:
        """Tell those who wait that the disk failed; the entries wait for the next attempt."""
        taken, self._taken = self._taken, []
        for pending in reversed(taken):
            if not pending.done.done():
                pending.done.set_exception(error)
                pending.done.exception()  # it may be that nobody waits: then nobody is to be warned
            if pending.withdrawn:
                self._left(pending.entry.size)
            else:
                self._waiting.appendleft(pending)
        if self._waiting:
            self._filled.set()

    def _left(self, size: int) -> None:
        self._size -= size
        self._room.set()
