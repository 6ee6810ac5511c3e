"""A cloud in memory: the true cloud side of the session over lists instead of tables."""

import copy
from dataclasses import dataclass, field
from uuid import UUID

from tokkatot.wire.cursor import Cursor, Verdict, ack, open_cursor, receive
from tokkatot.wire.messages import (
    Hello,
    Live,
    MessageError,
    ReadingRow,
    Row,
    StreamName,
    StreamPosition,
    decode,
    decode_up,
    encode,
)
from tokkatot.wire.pictures import Kept, Original
from tokkatot.wire.session_cloud import Peer, ask_for_hello, greet, is_current, welcome
from tokkatot.wire.topics import HubLeaf

Answer = tuple[HubLeaf, bytes]


@dataclass(slots=True)
class Stored:
    """What is durable; `copy.deepcopy` of it is a backup."""

    peer: Peer | None = None
    cursors: dict[tuple[StreamName, str], Cursor] = field(default_factory=dict)
    rows: dict[StreamName, list[Row]] = field(
        default_factory=lambda: {"events": [], "readings": []}
    )
    quarantined: int = 0
    sessions: int = 0


class FakeCloud:
    """`hear` commits and returns the answers; an answer that is not delivered was a crash."""

    def __init__(self) -> None:
        self.stored = Stored()
        self.now_ms = 1_800_000_000_000
        self.desired_version = 0
        self.live: list[Live] = []
        self.originals: dict[UUID, bytes] = {}
        self.dropped = 0

    def backup(self) -> Stored:
        return copy.deepcopy(self.stored)

    def readings(self) -> list[ReadingRow]:
        return [row for row in self.stored.rows["readings"] if isinstance(row, ReadingRow)]

    def hear(self, leaf: HubLeaf, payload: bytes) -> list[Answer]:
        try:
            match leaf:
                case HubLeaf.HELLO:
                    return self._hello(decode(payload, Hello))
                case HubLeaf.UP:
                    return self._up(payload)
                case HubLeaf.ORIGINAL:
                    return self._original(decode(payload, Original))
                case _:
                    return self._live(decode(payload, Live))
        except MessageError:
            self.dropped += 1
            return []

    def _original(self, part: Original) -> list[Answer]:
        kept = self.originals.get(part.id, b"")
        if part.at == len(kept):
            self.originals[part.id] = kept = kept + part.data
        return [(HubLeaf.KEPT, encode(Kept(id=part.id, through=len(kept))))]

    def _live(self, live: Live) -> list[Answer]:
        if not is_current(self.stored.peer, live.session):
            return self._stale()
        self.live.append(live)
        return []

    def _stale(self) -> list[Answer]:
        self.dropped += 1
        return [(HubLeaf.WELCOME, encode(ask_for_hello(now_ms=self.now_ms)))]

    def _hello(self, hello: Hello) -> list[Answer]:
        stored = self.stored
        peer = greet(stored.peer, hello, new_session=f"session-{stored.sessions + 1}")
        if peer is None:
            return []
        stored.sessions += 1
        stored.peer = peer
        answer = welcome(
            peer,
            now_ms=self.now_ms,
            events=self._open("events", hello.events),
            readings=self._open("readings", hello.readings),
            desired_version=self.desired_version,
        )
        return [(HubLeaf.WELCOME, encode(answer))]

    def _open(self, stream: StreamName, position: StreamPosition) -> Cursor:
        known = self.stored.cursors.get((stream, position.epoch))
        epochs = [epoch for name, epoch in self.stored.cursors if name == stream]
        cursor = open_cursor(known, position, newest_epoch=epochs[-1] if epochs else None)
        self.stored.cursors[stream, position.epoch] = cursor
        return cursor

    def _up(self, payload: bytes) -> list[Answer]:
        batch = decode_up(payload)
        if not is_current(self.stored.peer, batch.session):
            return self._stale()
        key = (batch.stream, batch.epoch)
        receipt = receive(self.stored.cursors.get(key) or Cursor(epoch=batch.epoch), batch)
        if receipt.verdict is Verdict.STORE:
            kept = self.stored.rows[batch.stream]
            known = {_content(row) for row in kept} if receipt.join else set()
            kept += [
                row for row in (*receipt.readings, *receipt.rows) if _content(row) not in known
            ]
            self.stored.quarantined += len(receipt.refused)
            self.stored.cursors[key] = receipt.cursor
        return [(HubLeaf.ACK, encode(ack(receipt, batch)))]


def _content(row: Row) -> bytes:
    return encode(row).partition(b",")[2]
