"""The cloud of the simulation: the real sync service over the memory store, orders, documents."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeVar
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tokkatot.cloud.sync.dispatch import DESIRED_AGAIN_S, SWEEP_EVERY_S
from tokkatot.cloud.sync.memory import Kept, MemoryStore
from tokkatot.cloud.sync.service import Incoming, Outgoing, SyncService
from tokkatot.cloud.sync.store import HubRecord
from tokkatot.domain.commands import lifetime_ms
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.devices import OFF, Level
from tokkatot.domain.ids import CommandId, DeviceId, UserId
from tokkatot.kit.ids import IdSource
from tokkatot.sim.chance import Chance
from tokkatot.sim.layout import DOCUMENT, FARM, HUB
from tokkatot.sim.network import Message
from tokkatot.sim.time import LocalClock, VirtualLoop
from tokkatot.wire import messages as wire
from tokkatot.wire.envelope import seal
from tokkatot.wire.messages import EventRow, Hello, Live, MessageError, decode, decode_up
from tokkatot.wire.topics import HubLeaf, HubTopic

T = TypeVar("T")

KID: Final = "k1"


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenOrder:
    """A person's order as the cloud queued it."""

    id: CommandId
    device_id: DeviceId
    level: Level
    end_s: int
    by: UserId
    given_ms: int

    @property
    def expires_ms(self) -> int:
        """Return when it may not start any more."""
        return self.given_ms + lifetime_ms(self.level)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentOrder:
    """An order on its way, under the session that held."""

    order: GivenOrder
    session: str


@dataclass(slots=True)
class Backup:
    """What a backup of the cloud holds."""

    kept: Kept
    held_version: int
    document: DesiredDocument


def now_or_never(call: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns that never waits."""
    try:
        call.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]  # it is a T
    raise AssertionError("the memory store never waits")


class SimStore(MemoryStore):
    """The memory store as a database that may die: what it has committed is durable."""

    def crash(self) -> None:
        """Lose what was not durable: nothing."""


class SimCloud:
    """One process at a time over a store that outlives it."""

    def __init__(
        self,
        loop: VirtualLoop,
        chance: Chance,
        *,
        store: SimStore,
        wall_ms: Callable[[], int],
        publish: Callable[[Message], None],
    ) -> None:
        self._loop = loop
        self._chance = chance
        self._clock = LocalClock(loop, wall_ms=wall_ms())
        self._ids = IdSource(self._clock, lambda bits: int(chance.uniform() * (1 << min(bits, 52))))
        self._publish = publish
        self._key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
        self.store = store
        self.document: DesiredDocument = DOCUMENT
        self.documents: dict[int, DesiredDocument] = {DOCUMENT.version: DOCUMENT}
        self.held_version = 0
        self.is_down = False
        self.dies_after_commit = False
        self.sent_count = 0
        self.answered: Callable[[HubLeaf, bytes], None] = lambda _leaf, _payload: None
        self.ordered: Callable[[SentOrder], None] = lambda _order: None
        self._queued: list[GivenOrder] = []
        self._sent_desired = (0, "", 0.0)
        self._rows_seen = 0
        store.kept.hubs[HUB] = HubRecord(
            hub_id=HUB, farm_id=FARM, desired_version=self.document.version, peer=None
        )
        self._service = self._start()
        loop.call_later(SWEEP_EVERY_S, self._sweep)

    @property
    def keys(self) -> dict[str, Ed25519PublicKey]:
        """Return the keys that a hub believes."""
        return {KID: self._key.public_key()}

    @property
    def session(self) -> str | None:
        """Return the session that holds."""
        peer = self.store.kept.hubs[HUB].peer
        return None if peer is None else peer.session

    def _start(self) -> SyncService:
        return SyncService(self.store, clock=self._clock, new_session=lambda: str(self._ids.new()))

    def crash(self) -> None:
        """Forget everything but the store."""
        self.is_down = True
        self.dies_after_commit = False
        self.store.crash()

    def start(self) -> None:
        """Begin anew on what the store holds."""
        self.is_down = self.dies_after_commit = False
        self._service = self._start()
        self._sent_desired = (0, "", 0.0)

    def backup(self) -> Backup:
        """Return a copy of everything durable."""
        return Backup(
            kept=self.store.kept.copy(), held_version=self.held_version, document=self.document
        )

    def restore(self, backup: Backup) -> None:
        """Go back to a backup; versions go on above the one that the hub may hold."""
        newest = self.document.version
        self.store.kept = backup.kept.copy()
        self.held_version = backup.held_version
        self._rows_seen = len(self.store.kept.rows)
        self.set_document(replace(backup.document, version=newest + 1))
        self.start()

    # ----------------------------------------------------------------------------- what hubs say

    def hear(self, message: Message) -> None:
        """Take a message of the hub, as the sync's worker does."""
        if self.is_down:
            return
        leaf, payload = message
        topic = HubTopic(farm_id=FARM, hub_id=HUB, leaf=leaf)
        try:
            answers = self._answers(topic, payload)
        except MessageError:
            return
        if self.dies_after_commit:
            self.crash()
            return
        for answer in answers:
            self.answered(answer.topic.leaf, answer.payload)
            self._publish((answer.topic.leaf, answer.payload))
        self._note_rows()
        if leaf is HubLeaf.HELLO and answers:
            self._note_held(decode(payload, Hello).desired_version)
            self._dispatch()

    def _answers(self, topic: HubTopic, payload: bytes) -> Sequence[Outgoing]:
        match topic.leaf:
            case HubLeaf.HELLO:
                return now_or_never(self._service.hello(topic, decode(payload, Hello)))
            case HubLeaf.UP:
                incoming = Incoming(topic=topic, up=decode_up(payload))
                return now_or_never(self._service.batches([incoming]))
            case _:
                return now_or_never(self._service.live(topic, decode(payload, Live)))

    def _note_held(self, version: int) -> None:
        """Believe the hub; after a restore go on above the version that it holds."""
        self.held_version = version
        if self.document.version < version:
            self.set_document(replace(self.document, version=version + 1))

    def _note_rows(self) -> None:
        rows = self.store.kept.rows
        for _, row in rows[self._rows_seen :]:
            if isinstance(row, EventRow) and row.type == "desired.taken":
                version = row.data.get("version")
                assert isinstance(version, int), "the hub names the version"
                self.held_version = max(self.held_version, version)
        self._rows_seen = len(rows)

    # --------------------------------------------------------------------------- what people want

    def order(self, device_id: DeviceId, level: Level, *, end_s: int, by: UserId) -> GivenOrder:
        """Queue a person's order and send it as soon as there is a hub to send it to."""
        order = GivenOrder(
            id=CommandId(self._ids.new()),
            device_id=device_id,
            level=level,
            end_s=end_s,
            by=by,
            given_ms=self._clock.now_ms(),
        )
        self._queued.append(order)
        self._dispatch()
        return order

    def set_document(self, document: DesiredDocument) -> None:
        """Want the hub to hold another document."""
        self.document = self.documents[document.version] = document
        record = self.store.kept.hubs[HUB]
        self.store.kept.hubs[HUB] = replace(record, desired_version=document.version)
        self._dispatch()

    def _sweep(self) -> None:
        self._loop.call_later(SWEEP_EVERY_S, self._sweep)
        self._dispatch()

    def _dispatch(self) -> None:
        session = self.session
        if self.is_down or session is None:
            return
        if self.held_version != self.document.version:
            self._send_desired(session)
        now_ms = self._clock.now_ms()
        queued, self._queued = self._queued, []
        for order in queued:
            if order.expires_ms > now_ms:
                self._send_order(order, session, now_ms)

    def _send_desired(self, session: str) -> None:
        version, told, sent_s = self._sent_desired
        now_s = self._loop.time()
        if (version, told) == (self.document.version, session) and now_s - sent_s < DESIRED_AGAIN_S:
            return
        self._sent_desired = (self.document.version, session, now_s)
        self._publish((HubLeaf.DESIRED, self._sealed(msgspec.json.encode(self.document))))

    def _send_order(self, order: GivenOrder, session: str, now_ms: int) -> None:
        action: Literal["off", "on"] = "off" if order.level == OFF else "on"
        body = wire.Command(
            hub=HUB,
            id=UUID(str(order.id)),
            session=session,
            device=order.device_id,
            action=action,
            value=order.level,
            issued=now_ms,
            ttl_ms=order.expires_ms - now_ms,
            end_s=order.end_s,
            by=order.by,
        )
        self.sent_count += 1
        self.ordered(SentOrder(order=order, session=session))
        self._publish((HubLeaf.COMMAND, self._sealed(wire.encode(body))))

    def _sealed(self, body: bytes) -> bytes:
        return seal(body, kid=KID, key=self._key)
