"""A journal in memory, for tests of what stands on it; it passes the real one's contract suite."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from uuid import UUID

import msgspec
from typing_extensions import override

from tokkatot.hub.drivers.port import Position
from tokkatot.hub.journal.port import (
    Answer,
    Condition,
    JournalError,
    JournalFull,
    JournalPort,
    condition_of,
)
from tokkatot.hub.journal.rows import RowRefused, asked_in, interrupted, pack, pack_tail
from tokkatot.kit.waiting import Bell
from tokkatot.wire.messages import CommandRow, Row, ScheduleRunRow, StreamName, encode
from tokkatot.wire.streams import StreamHead, Stretch

# Never the same name twice, not even on a card that was restored from an image.
_EPOCHS = count(1)


@dataclass(slots=True)
class _FakeStream:
    epoch: str
    rows: list[Row] = field(default_factory=list)
    base: int = 0
    acked: int = 0
    unsent_from: int = 1


@dataclass(slots=True)
class FakeCard:
    """What outlives the process: hand it to the next `FakeJournal`."""

    streams: dict[StreamName, _FakeStream]
    positions: dict[str, int] = field(default_factory=dict)
    orders: dict[UUID, Answer | None] = field(default_factory=dict)
    states: dict[str, bytes] = field(default_factory=dict)
    desired: list[tuple[int, bytes]] = field(default_factory=list)
    aside: bytes = b""
    contacted: bool = False


class FakeJournal(JournalPort):
    """Commits at once; with `trouble` set, every call that waits for the disk fails with it."""

    def __init__(self, card: FakeCard | None = None, *, now_ms: int = 0) -> None:
        self.card = card or FakeCard(
            {"events": _FakeStream("events-0"), "readings": _FakeStream("readings-0")}
        )
        self.grown = Bell()
        self._watchers: list[Callable[[Row], None]] = []
        self.trouble: JournalError | None = None
        self.is_full = False
        """Whether it has no room for what is offered without waiting."""
        self._refused = 0
        if self.card.contacted:
            for stream in self.card.streams.values():
                stream.unsent_from = len(stream.rows) + 1
        self.card.contacted = False
        self._interrupted = [
            interrupted(pack_tail(row), now_ms)
            for row in self.card.orders.values()
            if row is not None
        ]
        self.card.orders = dict.fromkeys(self.card.orders)
        self._append("events", self._interrupted)

    @override
    def condition(self) -> Condition:
        return condition_of(self.trouble)

    @property
    @override
    def refused(self) -> int:
        return self._refused

    @override
    def watch(self, watcher: Callable[[Row], None]) -> None:
        self._watchers.append(watcher)

    def _show(self, *rows: Row) -> None:
        for watcher in self._watchers:
            for row in rows:
                watcher(row)

    def recorded(self, stream: StreamName) -> list[Row]:
        """Return all rows of a stream with their numbers, for assertions."""
        return [
            msgspec.structs.replace(row, seq=seq)
            for seq, row in enumerate(self.card.streams[stream].rows, start=1)
        ]

    def _append(self, stream: StreamName, rows: Sequence[Row]) -> None:
        for row in rows:
            try:
                pack(row)
            except RowRefused:
                self._refused += 1
            else:
                self.card.streams[stream].rows.append(row)
        self.grown.set()

    def _keep(
        self, events: Sequence[Row], readings: Sequence[Row], position: Position | None
    ) -> None:
        self._append("events", events)
        self._append("readings", readings)
        if position is not None:
            self.card.positions[position.source] = position.value
        self._show(*events, *readings)

    @override
    async def record(
        self,
        *,
        events: Sequence[Row] = (),
        readings: Sequence[Row] = (),
        position: Position | None = None,
        urgent: bool,
    ) -> None:
        self._keep(events, readings, position)
        if urgent and self.trouble is not None:
            raise self.trouble

    @override
    def offer(
        self,
        *,
        events: Sequence[Row] = (),
        readings: Sequence[Row] = (),
        position: Position | None = None,
        urgent: bool = False,
    ) -> bool:
        if self.is_full:
            return False
        self._keep(events, readings, position)
        return True

    @override
    async def positions(self) -> Mapping[str, int]:
        return dict(self.card.positions)

    @override
    async def begin_order(self, command_id: UUID, row: CommandRow) -> bool:
        if self.trouble is not None:
            raise self.trouble
        if command_id in self.card.orders:
            return False
        self.card.orders[command_id] = row
        self._append("events", [row])
        self._show(row)
        return True

    @override
    async def note_begun(self, row: CommandRow) -> None:
        if UUID(row.command) not in self.card.orders:
            self.card.orders[UUID(row.command)] = row
            self._append("events", [row])
        self._show(row)

    @override
    async def begin_request(self, row: ScheduleRunRow) -> bool:
        if self.trouble is not None:
            raise self.trouble
        if asked_in(row) in self.card.orders:
            return False
        self.card.orders[asked_in(row)] = row
        return True

    @override
    async def finish_order(self, row: Answer) -> None:
        if self.card.orders.get(asked_in(row), row) is not None:
            self._end(row)
        self._show(row)

    def _end(self, row: Answer) -> None:
        self.card.orders[asked_in(row)] = None
        self._append("events", [row])

    @override
    async def refuse_order(self, row: Answer) -> None:
        if asked_in(row) not in self.card.orders:
            self._end(row)

    @override
    async def interrupted(self) -> Sequence[Answer]:
        return self._interrupted

    @override
    async def desired(self) -> bytes | None:
        return self.card.desired[-1][1] if self.card.desired else None

    @override
    async def older_desired(self) -> bytes | None:
        return self.card.desired[-2][1] if len(self.card.desired) > 1 else None

    @override
    async def keep_desired(self, envelope: bytes, version: int) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.card.desired = sorted([*self.card.desired[-1:], (version, envelope)])

    @override
    async def state(self, name: str) -> bytes | None:
        if self.trouble is not None:
            raise self.trouble
        return self.card.states.get(name)

    @override
    async def keep_state(self, name: str, value: bytes) -> None:
        self.card.states[name] = value

    @override
    async def keep_aside(self, value: bytes) -> None:
        if self.trouble is not None and not isinstance(self.trouble, JournalFull):
            raise self.trouble
        self.card.aside = value

    @override
    def aside(self) -> bytes:
        return self.card.aside

    @override
    def heads(self) -> Mapping[StreamName, StreamHead]:
        return {
            name: StreamHead(
                epoch=stream.epoch,
                next=len(stream.rows) + 1 - stream.base,
                acked=stream.acked - stream.base,
                unsent_from=(len(stream.rows) + 1 if self.card.contacted else stream.unsent_from)
                - stream.base,
            )
            for name, stream in self.card.streams.items()
        }

    @override
    async def stretch(
        self, stream: StreamName, first: int, *, max_rows: int, max_bytes: int
    ) -> Stretch | None:
        kept = self.card.streams[stream]
        start = max(first, 1)
        rows = kept.rows[kept.base + start - 1 :][:max_rows]
        if not rows:
            return None
        raws: list[msgspec.Raw] = []
        for seq, row in enumerate(rows, start=start):
            raw = encode(msgspec.structs.replace(row, seq=seq))
            if raws and sum(len(bytes(item)) + 1 for item in raws) + len(raw) + 1 > max_bytes:
                break
            raws.append(msgspec.Raw(raw))
        return Stretch(
            stream=stream,
            epoch=kept.epoch,
            first=start,
            last=start + len(raws) - 1,
            rows=raws,
        )

    @override
    async def contacted(self) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.card.contacted = True

    @override
    async def acked(self, stream: StreamName, epoch: str, through: int) -> None:
        kept = self.card.streams[stream]
        if kept.epoch == epoch and 0 <= through <= len(kept.rows) - kept.base:
            kept.acked = through + kept.base

    @override
    async def new_epoch(self, stream: StreamName) -> StreamHead:
        kept = self.card.streams[stream]
        kept.epoch = f"{stream}-{next(_EPOCHS)}"
        kept.base = kept.acked = 0
        kept.unsent_from = 1
        return self.heads()[stream]

    @override
    async def close(self) -> None:
        self.grown.set()
