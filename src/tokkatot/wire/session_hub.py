"""The hub's side of the sync session, as a state machine without I/O."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID
from zlib import crc32

from tokkatot.kit.backoff import Backoff
from tokkatot.wire.messages import (
    MAX_BATCH_BYTES,
    NO_SESSION,
    PROTOCOL_VERSION,
    Ack,
    AckedThrough,
    Hello,
    Live,
    LiveDevice,
    LiveReading,
    MessageError,
    StreamName,
    StreamPosition,
    Up,
    Welcome,
    decode,
    encode,
)
from tokkatot.wire.pictures import Kept
from tokkatot.wire.session_actions import (
    Action,
    BeginEpochs,
    LearnClock,
    MarkContact,
    NoteAcked,
    Now,
    ReadRows,
    Reconnect,
    Send,
    TakeDesired,
    TakeExecute,
    TakeKept,
    TakeOrder,
    TakePhotograph,
)
from tokkatot.wire.session_tables import (
    LANE,
    SESSION,
    LaneSignal,
    LaneState,
    LaneStep,
    Phase,
    Signal,
    Step,
)
from tokkatot.wire.streams import StreamHead, Stretch, is_another
from tokkatot.wire.topics import HubLeaf

ANSWER_WITHIN_S = 15.0
"""A batch that gets no answer for so long is followed by a hello."""

GREET_AGAIN_S = 1.0
"""A hello that gets no answer is followed by the next one after so long, and then ever later.

After a broker's restart the first one is often lost, for the cloud does not listen yet; and while
the hub greets, orders are of no session and refused.
"""

SILENCE_S = 45.0
"""While an answer is due and nothing at all is heard for so long, the link counts as half open."""

RENEW_S = 6 * 3600.0
"""A session lasts no longer, so that the hub's idea of the time drifts by less than a second."""

LOOK_AGAIN_S = 1.0
"""A lane that found no rows where some should be looks again after so long."""

ROWS_BYTES = MAX_BATCH_BYTES - 512
"""What the rows of a batch may take: the rest is for the fields around them."""


@dataclass(slots=True)
class _Lane:
    """One stream: `due` is the next row to send, `sent` the batch in flight.

    `mark` is what the cloud knows of the row before it, until that was found to be the hub's own.
    """

    head: StreamHead
    state: LaneState = LaneState.CLOSED
    due: int = 1
    mark: str | None = None
    sent: tuple[int, int] | None = None
    sent_at_s: float = 0.0
    look_again_at_s: float = 0.0

    def has_rows_due(self) -> bool:
        """Tell whether the lane is free and rows wait for it."""
        return self.state is LaneState.IDLE and self.first < self.head.next

    @property
    def first(self) -> int:
        """Return the row to read next: the last one that is stored, where it is to be compared."""
        return self.due if self.mark is None else self.due - 1


class HubSession:
    """Inputs are method calls with the moment; each returns the actions to be done, in order."""

    def __init__(
        self,
        *,
        hub_id: UUID,
        boot: str,
        software: str,
        heads: Mapping[StreamName, StreamHead],
        random: Callable[[], float],
    ) -> None:
        self._hub_id = hub_id
        self._boot = boot
        self._software = software
        self._lanes = {name: _Lane(head) for name, head in heads.items()}
        # A machine's moments begin anew with it: a welcome that was long under way must not
        # answer a hello of this life because one of an earlier life was said as soon.
        self._origin_ms = crc32(boot.encode())
        self._hello_ms = -1
        self._hello_at_s = 0.0
        self._greet_again = Backoff(first_s=GREET_AGAIN_S, cap_s=ANSWER_WITHIN_S, random=random)
        self._greet_again_s = GREET_AGAIN_S
        self._opened_at_s = 0.0
        self._heard_at_s = 0.0
        self._waiting_since_s: float | None = None
        self._later: tuple[StreamName, ...] = ()
        self.desired_version = 0
        """The version of the desired document that the hub holds; kept current by the caller."""
        self.addresses: tuple[str, ...] = ()
        """Where phones on the farm's network find the hub; kept current by the caller."""
        self.phase = Phase.OFFLINE
        self.session: str | None = None
        """The session that holds; orders of any other one are stale."""
        self.dropped: Counter[str] = Counter()
        """Messages that were of no use, by what was wrong with them."""

    # ---------------------------------------------------------------------------------- inputs

    def link_up(self, now: Now) -> list[Action]:
        """The broker has accepted the hub, and its subscriptions."""
        self._heard_at_s = now.mono_s
        self._waiting_since_s = None
        self._greet_again.reset()
        return self._move(Signal.LINK_UP, now)

    def link_down(self, now: Now) -> list[Action]:
        """The link to the broker is gone."""
        if self.phase is Phase.OFFLINE:
            return []
        return self._move(Signal.LINK_DOWN, now)

    def grew(self, heads: Mapping[StreamName, StreamHead], now: Now) -> list[Action]:
        """The journal has committed rows, or its heads moved otherwise."""
        moved = self._take_heads(heads)
        if moved and self.phase in (Phase.GREETING, Phase.SYNCED):
            return self._move(Signal.EPOCH_CHANGED, now)
        return self._read_due(now)

    def renumbered(self, heads: Mapping[StreamName, StreamHead], now: Now) -> list[Action]:
        """The new epochs that were asked for are kept."""
        self._take_heads(heads)
        if self.phase is not Phase.RENUMBERING:
            return []
        return self._move(Signal.RENUMBERED, now)

    def rows(self, stream: StreamName, stretch: Stretch | None, now: Now) -> list[Action]:
        """The rows that were asked for; None where there are none, or none could be read."""
        lane = self._lanes[stream]
        if lane.state is not LaneState.READING:
            return []
        if stretch is None or (stretch.epoch, stretch.first) != (lane.head.epoch, lane.first):
            lane.look_again_at_s = now.mono_s + LOOK_AGAIN_S
            return self._shift(stream, LaneSignal.NO_ROWS, now)
        if lane.mark is not None and is_another(stretch.rows[0], lane.mark):
            self._later = (stream,)
            return self._move(Signal.FORKED, now)
        lane.mark = None
        if stretch.last < lane.due:
            return self._shift(stream, LaneSignal.NO_ROWS, now)
        lane.sent, lane.sent_at_s = (stretch.first, stretch.last), now.mono_s
        return self._shift(stream, LaneSignal.ROWS, now, stretch)

    def receive(self, leaf: HubLeaf, payload: bytes, now: Now) -> list[Action]:
        """A message came from the cloud; one that makes no sense is dropped and counted."""
        self._heard_at_s = now.mono_s
        try:
            match leaf:
                case HubLeaf.WELCOME:
                    return self._welcome(decode(payload, Welcome), now)
                case HubLeaf.ACK:
                    return self._ack(decode(payload, Ack), now)
                case HubLeaf.COMMAND:
                    return [TakeOrder(payload=payload, session=self.session)]
                case HubLeaf.EXECUTE:
                    return [TakeExecute(payload=payload, session=self.session)]
                case HubLeaf.PHOTOGRAPH:
                    return [TakePhotograph(payload=payload, session=self.session)]
                case HubLeaf.DESIRED:
                    return [TakeDesired(payload=payload)]
                case HubLeaf.KEPT:
                    return [TakeKept(kept=decode(payload, Kept))]
                case (
                    HubLeaf.FW_UPDATE | HubLeaf.HELLO | HubLeaf.UP | HubLeaf.LIVE | HubLeaf.ORIGINAL
                ):
                    self.dropped[f"{leaf} is not for this hub"] += 1
                    return []
        except MessageError:
            self.dropped[f"{leaf} malformed"] += 1
            return []

    def tick(self, now: Now) -> list[Action]:
        """Time has passed; to be called at `deadline_s`, and harmless at any other time."""
        if self.phase in (Phase.OFFLINE, Phase.RENUMBERING):
            return []
        answer_due_s = self._answer_due_s()
        if answer_due_s is not None:
            if now.mono_s - self._silent_since_s() >= SILENCE_S:
                return self._move(Signal.SILENCE, now)
            if now.mono_s >= answer_due_s:
                greeting = self.phase is Phase.GREETING
                return self._move(Signal.NO_WELCOME if greeting else Signal.NO_ANSWER, now)
        if self.phase is Phase.SYNCED and now.mono_s - self._opened_at_s >= RENEW_S:
            return self._move(Signal.RENEWAL, now)
        return self._read_due(now)

    def live(
        self, t_ms: int, readings: Sequence[LiveReading], devices: Sequence[LiveDevice]
    ) -> Send | None:
        """Return the snapshot as a message; None while no session holds."""
        if self.session is None:
            return None
        body = Live(session=self.session, t=t_ms, readings=list(readings), devices=list(devices))
        return Send(leaf=HubLeaf.LIVE, payload=encode(body), qos=0)

    def deadline_s(self) -> float | None:
        """Return when `tick` is due, in monotonic seconds; None: not before another input."""
        if self.phase in (Phase.OFFLINE, Phase.RENUMBERING):
            return None
        answer_due_s = self._answer_due_s()
        times: list[float] = []
        if answer_due_s is not None:
            times += [answer_due_s, self._silent_since_s() + SILENCE_S]
        if self.phase is Phase.SYNCED:
            times.append(self._opened_at_s + RENEW_S)
            times += [lane.look_again_at_s for lane in self._lanes.values() if lane.has_rows_due()]
        return min(times, default=None)

    def _take_heads(self, heads: Mapping[StreamName, StreamHead]) -> bool:
        """Note where the streams stand; True where one is in another epoch than before."""
        moved = False
        for name, head in heads.items():
            lane = self._lanes[name]
            moved = moved or lane.head.epoch != head.epoch
            lane.head, lane.look_again_at_s = head, 0.0
        return moved

    # ---------------------------------------------------------------------------------- answers

    def _welcome(self, welcome: Welcome, now: Now) -> list[Action]:
        if welcome.session == NO_SESSION:
            # Asked more than once on the way, it is heeded once.
            if self.phase is Phase.SYNCED and now.mono_s - self._opened_at_s >= ANSWER_WITHIN_S:
                return self._move(Signal.FORGOTTEN, now)
            return []
        if self.phase is not Phase.GREETING or welcome.mono_ms != self._hello_ms:
            self.dropped["welcome to another hello"] += 1
            return []
        self._waiting_since_s = None
        actions: list[Action] = [
            LearnClock(cloud_ms=welcome.t, sent_s=self._hello_at_s, heard_s=now.mono_s)
        ]
        told: dict[StreamName, AckedThrough | None] = {
            "events": welcome.events,
            "readings": welcome.readings,
        }
        acked = {name: _seq(told[name]) for name in self._lanes}
        self._later = tuple(
            name for name, lane in self._lanes.items() if acked[name] >= lane.head.unsent_from
        )
        if self._later:
            return actions + self._move(Signal.WELCOMED_BY_LATER_LIFE, now)
        self.session = welcome.session
        actions.append(MarkContact())
        for name, lane in self._lanes.items():
            lane.due, lane.mark = acked[name] + 1, _mark(told[name])
            if acked[name] != lane.head.acked:
                actions.append(NoteAcked(stream=name, epoch=lane.head.epoch, through=acked[name]))
        return actions + self._move(Signal.WELCOMED, now)

    def _ack(self, ack: Ack, now: Now) -> list[Action]:
        lane = self._lanes[ack.stream]
        if ack.session != self.session or ack.epoch != lane.head.epoch or lane.sent is None:
            self.dropped["ack of another batch"] += 1
            return []
        first, last = lane.sent
        if not first <= ack.acked_through <= last:
            # A repeated ack of an earlier batch, or the cloud asks for rows before this one; the
            # welcome to the next hello tells which.
            self.dropped["ack outside the batch"] += 1
            return []
        lane.sent, lane.due = None, ack.acked_through + 1
        self._waiting_since_s = self._batch_sent_at_s()
        return [
            NoteAcked(stream=ack.stream, epoch=ack.epoch, through=ack.acked_through),
            *self._shift(ack.stream, LaneSignal.ACKED, now),
            *self._read_due(now),
        ]

    # -------------------------------------------------------------------------------- the tables

    def _move(self, signal: Signal, now: Now) -> list[Action]:
        self.phase, steps = SESSION[self.phase, signal]
        actions: list[Action] = []
        for step in steps:
            match step:
                case Step.SAY_HELLO:
                    actions.append(self._hello(now))
                case Step.OPEN_LANES:
                    self._opened_at_s = now.mono_s
                    self._greet_again.reset()
                    for name in self._lanes:
                        actions += self._shift(name, LaneSignal.OPENED, now)
                    actions += self._read_due(now)
                case Step.CLOSE_LANES:
                    self.session = None
                    for name, lane in self._lanes.items():
                        lane.sent = lane.mark = None
                        actions += self._shift(name, LaneSignal.CLOSED, now)
                case Step.NEW_EPOCH:
                    actions.append(BeginEpochs(streams=self._later))
                case Step.RECONNECT:
                    actions.append(Reconnect())
                case _:
                    assert_never(step)
        return actions

    def _read_due(self, now: Now) -> list[Action]:
        actions: list[Action] = []
        for name, lane in self._lanes.items():
            if not lane.has_rows_due() or now.mono_s < lane.look_again_at_s:
                continue
            actions += self._shift(name, LaneSignal.ROWS_DUE, now)
        return actions

    def _shift(
        self, stream: StreamName, signal: LaneSignal, now: Now, stretch: Stretch | None = None
    ) -> list[Action]:
        lane = self._lanes[stream]
        lane.state, steps = LANE[lane.state, signal]
        actions: list[Action] = []
        for step in steps:
            match step:
                case LaneStep.READ:
                    actions.append(ReadRows(stream=stream, first=lane.first))
                case LaneStep.SEND:
                    assert stretch is not None, "what was read is sent"
                    actions.append(self._batch(stretch, now))
                case _:
                    assert_never(step)
        return actions

    def _hello(self, now: Now) -> Send:
        # The hub knows its hellos apart by this number, so two never bear the same one.
        self._hello_ms = max(self._origin_ms + int(now.mono_s * 1000), self._hello_ms + 1)
        self._hello_at_s = now.mono_s
        self._greet_again_s = self._greet_again.next_s()
        self._wait_from(now)
        hello = Hello(
            hub=self._hub_id,
            events=_position(self._lanes["events"].head),
            readings=_position(self._lanes["readings"].head),
            boot=self._boot,
            mono_ms=self._hello_ms,
            t=now.wall_ms,
            desired_version=self.desired_version,
            software=self._software,
            protocol=(PROTOCOL_VERSION, PROTOCOL_VERSION),
            addresses=self.addresses,
        )
        return Send(leaf=HubLeaf.HELLO, payload=encode(hello))

    def _batch(self, stretch: Stretch, now: Now) -> Send:
        assert self.session is not None, "batches are sent within a session"
        self._wait_from(now)
        batch = Up(
            session=self.session,
            stream=stretch.stream,
            epoch=stretch.epoch,
            first=stretch.first,
            rows=stretch.rows,
        )
        return Send(leaf=HubLeaf.UP, payload=encode(batch))

    # ------------------------------------------------------------------------------------ timers

    def _wait_from(self, now: Now) -> None:
        if self._waiting_since_s is None:
            self._waiting_since_s = now.mono_s

    def _answer_due_s(self) -> float | None:
        """Return when the oldest request that still lacks its answer is given up."""
        if self.phase is Phase.GREETING:
            return self._hello_at_s + self._greet_again_s
        sent_at_s = self._batch_sent_at_s()
        return None if sent_at_s is None else sent_at_s + ANSWER_WITHIN_S

    def _batch_sent_at_s(self) -> float | None:
        sent = [lane.sent_at_s for lane in self._lanes.values() if lane.sent is not None]
        return min(sent, default=None)

    def _silent_since_s(self) -> float:
        waiting_since_s = self._waiting_since_s
        assert waiting_since_s is not None, "silence counts while an answer is due"
        return max(self._heard_at_s, waiting_since_s)


def _position(head: StreamHead) -> StreamPosition:
    return StreamPosition(epoch=head.epoch, next=head.next)


def _seq(acked: AckedThrough | None) -> int:
    return 0 if acked is None else acked.seq


def _mark(acked: AckedThrough | None) -> str | None:
    return None if acked is None or acked.seq == 0 else acked.mark
