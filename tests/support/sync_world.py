"""A hub, a cloud and a bad network between them, in one thread and on a made-up clock."""

import copy
from collections.abc import Coroutine
from typing import Any, TypeVar
from uuid import UUID

from tests.support.fake_cloud import FakeCloud, Stored
from tests.support.fake_journal import FakeCard, FakeJournal
from tokkatot.wire.messages import EventRow, ReadingRow
from tokkatot.wire.session_actions import (
    Action,
    BeginEpochs,
    MarkContact,
    NoteAcked,
    Now,
    ReadRows,
    Reconnect,
    Send,
)
from tokkatot.wire.session_hub import HubSession
from tokkatot.wire.session_tables import Phase
from tokkatot.wire.topics import HubLeaf

T = TypeVar("T")

HUB = UUID("0190b5a0-0000-7000-8000-0000000000aa")
DEVICE = "0190b5a0-0000-7000-8000-00000000000a"
BATCH_ROWS = 4

Message = tuple[HubLeaf, bytes]


def done(call: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns that never waits."""
    try:
        call.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]  # it is a T
    raise AssertionError("the fake journal never waits")


class SyncWorld:
    """Messages lie in `up` and `down` until they are delivered, in any order, or lost."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.cloud = FakeCloud()
        self.card = FakeJournal().card
        self.boots = 0
        self.up: list[Message] = []
        self.down: list[Message] = []
        self.reads: list[ReadRows] = []
        self.is_linked = False
        self.is_half_open = False
        self.recorded = 0
        self.expected: set[int] = set()
        self.other: list[Action] = []
        self.boot()

    # ------------------------------------------------------------------------------------ the hub

    def boot(self) -> None:
        """Start the hub's process on what the card holds."""
        self.unlink()
        self.boots += 1
        self.journal = FakeJournal(self.card)
        self.session = HubSession(
            hub_id=HUB,
            boot=f"boot-{self.boots}",
            software="1",
            heads=self.journal.heads(),
            random=lambda: 1.0,
        )

    def record(self, count: int) -> None:
        """Have the hub commit readings and an event, each with a number of its own."""
        first = self.recorded + 1
        self.recorded += count
        rows = [
            ReadingRow(0, "r", DEVICE, "temperature", t, 20.5, 0)
            for t in range(first, self.recorded + 1)
        ]
        event = EventRow(0, "e", first, "test", {})
        done(self.journal.record(readings=rows, events=[event], urgent=True))
        self.expected.update(row.t for row in rows)
        self.do(self.session.grew(self.journal.heads(), self.now))

    def image(self) -> FakeCard:
        return copy.deepcopy(self.card)

    def restore_card(self, image: FakeCard) -> None:
        """Boot from an old image: what came later is gone, but for what the cloud has."""
        self.card = copy.deepcopy(image)
        self.expected = self._left()
        self.boot()

    def restore_cloud(self, backup: Stored) -> None:
        """Take the cloud back to a backup: what the hub still holds is to come again."""
        self.cloud.stored = copy.deepcopy(backup)
        self.expected = self._left()

    def _left(self) -> set[int]:
        """Return the readings that lie anywhere at all."""
        held = self.card.streams["readings"].rows
        return {row.t for row in (*held, *self.cloud.readings()) if isinstance(row, ReadingRow)}

    @property
    def now(self) -> Now:
        return Now(mono_s=self.now_s)

    def do(self, actions: list[Action]) -> None:
        for action in actions:
            self._do(action)
        if actions:
            self.do(self.session.grew(self.journal.heads(), self.now))

    def _do(self, action: Action) -> None:
        match action:
            case Send():
                if self.is_linked and not self.is_half_open:
                    self.up.append((action.leaf, action.payload))
            case ReadRows():
                self.reads.append(action)
            case NoteAcked():
                done(self.journal.acked(action.stream, action.epoch, action.through))
            case MarkContact():
                done(self.journal.contacted())
            case BeginEpochs():
                for stream in action.streams:
                    done(self.journal.new_epoch(stream))
                self.do(self.session.renumbered(self.journal.heads(), self.now))
            case Reconnect():
                self.unlink()
            case _:
                self.other.append(action)

    def read(self) -> None:
        """Answer what the session asked of the journal."""
        reads, self.reads = self.reads, []
        for wanted in reads:
            stretch = done(
                self.journal.stretch(
                    wanted.stream, wanted.first, max_rows=BATCH_ROWS, max_bytes=9999
                )
            )
            self.do(self.session.rows(wanted.stream, stretch, self.now))

    # -------------------------------------------------------------------------------- the network

    def link(self) -> None:
        if not self.is_linked:
            self.is_linked, self.is_half_open = True, False
            self.do(self.session.link_up(self.now))

    def unlink(self) -> None:
        if self.is_linked:
            self.is_linked = self.is_half_open = False
            self.down.clear()
            self.do(self.session.link_down(self.now))

    def deliver_up(self, index: int = 0, *, answered: bool = True) -> None:
        """Let the cloud hear a message; unanswered, it commits and dies before it answers."""
        leaf, payload = self.up.pop(index % len(self.up))
        answers = self.cloud.hear(leaf, payload)
        if answered and self.is_linked and not self.is_half_open:
            self.down += answers

    def deliver_down(self, index: int = 0) -> None:
        leaf, payload = self.down.pop(index % len(self.down))
        self.do(self.session.receive(leaf, payload, self.now))

    def show(self) -> None:
        """Send what is live now."""
        message = self.session.live(0, [], [])
        if message is not None:
            self.do([message])

    def pass_time(self, seconds: float) -> None:
        self.now_s += seconds
        self.cloud.now_ms += round(seconds * 1000)
        self.do(self.session.tick(self.now))

    def heal(self, seconds: int) -> None:
        """Let so much time pass on a network without faults, and the hub have something to say."""
        self.is_half_open = False
        self.record(1)
        for _ in range(seconds):
            self.link()
            self.show()
            while self.up or self.down or self.reads:
                while self.up:
                    self.deliver_up()
                while self.down:
                    self.deliver_down()
                self.read()
            self.pass_time(1.0)

    # --------------------------------------------------------------------------------- the checks

    def check_nothing_doubled(self) -> None:
        times = [row.t for row in self.cloud.readings()]
        assert len(times) == len(set(times)), "a reading is stored twice"

    def check_nothing_lost(self) -> None:
        assert self.session.phase is Phase.SYNCED
        # A row of a lost card may still have been under way, so the cloud can have more.
        assert {row.t for row in self.cloud.readings()} >= self.expected
        heads = self.journal.heads()
        assert all(head.acked == head.next - 1 for head in heads.values())
