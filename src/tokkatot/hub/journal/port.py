"""What the rest of the hub may ask of its journal."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol
from uuid import UUID

from tokkatot.hub.drivers.port import Position
from tokkatot.kit.waiting import Bell
from tokkatot.wire.messages import CommandRow, Row, ScheduleRunRow, StreamName
from tokkatot.wire.streams import StreamHead, Stretch

Answer = CommandRow | ScheduleRunRow
"""What tells a person who asked something what became of it."""

Condition = Literal["ok", "full", "failing"]
"""How the last write went; but for "ok", rows wait in memory."""


class JournalError(Exception):
    """The journal could not do what was asked, for now; `reason` says why, for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class JournalFull(JournalError):
    """No room: the disk, the size limit or the buffer before the disk is full."""


class JournalTimeout(JournalError):
    """The disk did not answer within `after_s`; what was to be recorded stays in the buffer."""

    def __init__(self, after_s: float) -> None:
        super().__init__(f"the disk did not answer within {after_s:g} s")
        self.after_s = after_s


def condition_of(trouble: JournalError | None) -> Condition:
    """Return what the last write's trouble means."""
    if trouble is None:
        return "ok"
    return "full" if isinstance(trouble, JournalFull) else "failing"


class JournalPort(Protocol):
    """Rows are numbered by the journal, in the transaction that makes them durable.

    Calls keep their order: a row recorded earlier has the lower number. Every call that waits for
    the disk is bounded and raises `JournalTimeout` or `JournalFull` when the bound is passed; rows
    that were handed over with `record` stay in the buffer and are committed when it works again.
    """

    grown: Bell
    """Set when rows were committed; who waits for it clears it."""

    def condition(self) -> Condition:
        """Return how it stands with the disk."""
        ...

    @property
    def refused(self) -> int:
        """Return how many rows could not be kept, being wrong or without room."""
        ...

    def watch(self, watcher: Callable[[Row], None]) -> None:
        """Show `watcher` each row that is taken from now on; it notes it, and is quick about it.

        An order that was refused before it began is not shown.
        """
        ...

    async def record(
        self,
        *,
        events: Sequence[Row] = (),
        readings: Sequence[Row] = (),
        position: Position | None = None,
        urgent: bool,
    ) -> None:
        """Keep rows and the position of the source they came from, both or neither.

        With `urgent` it returns when they are on the disk, else at once (they are there within
        5 seconds) or, while the buffer is full, when there is room.
        """
        ...

    def offer(
        self,
        *,
        events: Sequence[Row] = (),
        readings: Sequence[Row] = (),
        position: Position | None = None,
        urgent: bool = False,
    ) -> bool:
        """Buffer rows without ever waiting; False where there is no room (counted, told later).

        With `urgent` they are written at once, with all before them, else grouped.
        """
        ...

    async def positions(self) -> Mapping[str, int]:
        """Return how far each source was read, as committed with its rows."""
        ...

    async def begin_order(self, command_id: UUID, row: CommandRow) -> bool:
        """Commit that an order has STARTED, with its row; False if this order was begun before.

        It must return True before the relay moves. When it raises, the order must not start: refuse
        it with `finish_order` and the reason `journal_full`; or, where it is safe to be done twice,
        tell of it with `note_begun`.
        """
        ...

    async def note_begun(self, row: CommandRow) -> None:
        """Record that an order has begun without its STARTED on the disk; urgent, but doesn't wait.

        Of an order that was begun before nothing is recorded.
        """
        ...

    async def begin_request(self, row: ScheduleRunRow) -> bool:
        """Commit that the run that `row` requests begins; False if this request was begun before.

        The row itself is told only where a crash keeps the run from its answer. It must return
        True before a relay moves; when it raises, answer as for an order.
        """
        ...

    async def finish_order(self, row: Answer) -> None:
        """Record how it ended (or that it never started), once; urgent, but doesn't wait."""
        ...

    async def refuse_order(self, row: Answer) -> None:
        """Record that it never started, unless it did or was refused before; doesn't wait."""
        ...

    async def interrupted(self) -> Sequence[Answer]:
        """Return the answers to what a crash interrupted, as recorded when it was opened."""
        ...

    async def desired(self) -> bytes | None:
        """Return the newest desired document that was kept whole, still in its signed envelope."""
        ...

    async def older_desired(self) -> bytes | None:
        """Return the one before it, for when the newest is not understood."""
        ...

    async def keep_desired(self, envelope: bytes, version: int) -> None:
        """Keep a desired document that was found valid; the one before it stays beside it."""
        ...

    async def state(self, name: str) -> bytes | None:
        """Return what was kept under a name."""
        ...

    async def keep_state(self, name: str, value: bytes) -> None:
        """Keep a small value (a driver's, a rule's) under a name; grouped like readings."""
        ...

    async def keep_aside(self, value: bytes) -> None:
        """Keep a small value at once where a full disk has room too; the one before it is gone.

        It lies apart from the rows: a place on the disk that fails them may not fail this.
        """
        ...

    def aside(self) -> bytes:
        """Return what was kept aside; nothing where nothing was."""
        ...

    def heads(self) -> Mapping[StreamName, StreamHead]:
        """Return where both streams stand, committed rows only."""
        ...

    async def stretch(
        self, stream: StreamName, first: int, *, max_rows: int, max_bytes: int
    ) -> Stretch | None:
        """Return committed rows from `first` on, at least one; None where there are none.

        Rows that are no longer kept are stood for by one gap row with the reason `not_kept`.
        """
        ...

    async def contacted(self) -> None:
        """Commit that rows may leave the hub from now on; before the first batch of a process."""
        ...

    async def acked(self, stream: StreamName, epoch: str, through: int) -> None:
        """Note what the cloud has stored; also less than before, where the cloud was restored."""
        ...

    async def new_epoch(self, stream: StreamName) -> StreamHead:
        """Begin a new epoch: all rows that are held are numbered anew from 1.

        Also those that were acknowledged: the cloud that did so may have been replaced since.
        """
        ...

    async def close(self) -> None:
        """Commit what is buffered and close the file."""
        ...
