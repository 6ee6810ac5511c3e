"""The cloud of the simulation: the real sync service over the memory store, and a desk a hub."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tokkatot.cloud.sync.dispatch import SWEEP_EVERY_S
from tokkatot.cloud.sync.memory import Kept, MemoryStore
from tokkatot.cloud.sync.service import Incoming, Outgoing, SyncService
from tokkatot.cloud.sync.store import CursorKey, HubRecord
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.ids import HubId, UserId
from tokkatot.domain.people import Language
from tokkatot.kit.ids import IdSource
from tokkatot.sim.chance import Chance
from tokkatot.sim.desk import KID, Desk, DeskBackup
from tokkatot.sim.layout import FARM
from tokkatot.sim.network import Message
from tokkatot.sim.time import LocalClock, VirtualLoop
from tokkatot.wire.cursor import Cursor
from tokkatot.wire.messages import (
    Hello,
    Live,
    MessageError,
    ReadingRow,
    Row,
    Welcome,
    decode,
    decode_up,
)
from tokkatot.wire.passes import issue_pass
from tokkatot.wire.topics import HubLeaf, HubTopic

T = TypeVar("T")

_KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a backup of the cloud holds."""

    kept: Kept
    desks: Mapping[HubId, DeskBackup]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """What the cloud no longer stores, the hub's name with each."""

    readings: Sequence[tuple[HubId, ReadingRow]]
    rows: Sequence[tuple[HubId, Row]]
    cursors: frozenset[CursorKey]


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
    ) -> None:
        self._loop = loop
        self._clock = LocalClock(loop, wall_ms=wall_ms())
        self._ids = IdSource(self._clock, lambda bits: int(chance.uniform() * (1 << min(bits, 52))))
        self.store = store
        self.is_down = False
        self.dies_after_commit = False
        self.answered: Callable[[HubId, HubLeaf, bytes], None] = lambda *_: None
        self._desks: dict[HubId, Desk] = {}
        self._publish: dict[HubId, Callable[[Message], None]] = {}
        self._rows_seen = 0
        self._service = self._start()
        loop.call_later(SWEEP_EVERY_S, self._sweep)

    def open_desk(self, document: DesiredDocument, *, publish: Callable[[Message], None]) -> Desk:
        """Take in a hub."""
        hub_id = document.hub_id
        self.store.kept.hubs[hub_id] = HubRecord(
            hub_id=hub_id, farm_id=FARM, desired_version=document.version, peer=None
        )
        self._publish[hub_id] = publish
        desk = self._desks[hub_id] = Desk(
            document, clock=self._clock, ids=self._ids, key=_KEY, publish=publish
        )
        return desk

    @property
    def keys(self) -> dict[str, Ed25519PublicKey]:
        """Return the keys that a hub believes."""
        return {KID: _KEY.public_key()}

    def pass_for(self, user_id: UserId, hub_id: HubId) -> str:
        """Return what lets a person in at a hub's own page."""
        token, _ = issue_pass(
            user_id,
            name="",
            language=Language.KHMER,
            hub_id=hub_id,
            now_ms=self._clock.now_ms(),
            kid=KID,
            key=_KEY,
        )
        return token

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
        for desk in self._desks.values():
            desk.start()

    def backup(self) -> Backup:
        """Return a copy of everything durable."""
        desks = {hub_id: desk.backup() for hub_id, desk in self._desks.items()}
        return Backup(kept=self.store.kept.copy(), desks=desks)

    def restore(self, backup: Backup) -> None:
        """Go back to a backup."""
        self.store.kept = backup.kept.copy()
        self._rows_seen = len(self.store.kept.rows)
        for hub_id, desk in self._desks.items():
            desk.restore(backup.desks[hub_id])
        self.start()
        self.dispatch()

    def forget(self, *, readings: int, rows: int, then: Mapping[CursorKey, Cursor]) -> Dropped:
        """Drop the oldest of what is stored, and return it.

        An epoch that was over when the cursors stood so, and of which nothing came since, is gone.
        """
        kept = self.store.kept
        newest = {(key.hub_id, key.stream): key for key in then}
        dropped = Dropped(
            readings=kept.readings[:readings],
            rows=kept.rows[:rows],
            cursors=frozenset(
                key
                for key, cursor in then.items()
                if kept.cursors.get(key) is cursor and newest[key.hub_id, key.stream] is not key
            ),
        )
        kept.readings, kept.rows = kept.readings[readings:], kept.rows[rows:]
        for key in dropped.cursors:
            del kept.cursors[key]
        self._rows_seen -= rows
        return dropped

    def session(self, hub_id: HubId) -> str | None:
        """Return the session that holds with a hub; None where there is nobody to hold it."""
        peer = self.store.kept.hubs[hub_id].peer
        return None if self.is_down or peer is None else peer.session

    # ----------------------------------------------------------------------------- what hubs say

    def hear(self, hub_id: HubId, message: Message) -> None:
        """Take a message of a hub, as the sync's worker does."""
        if self.is_down:
            return
        leaf, payload = message
        try:
            answers = self._answers(HubTopic(farm_id=FARM, hub_id=hub_id, leaf=leaf), payload)
        except MessageError:
            return
        if self.dies_after_commit:
            self.crash()
            return
        for answer in answers:
            self.answered(hub_id, answer.topic.leaf, answer.payload)
            self._publish[hub_id]((answer.topic.leaf, answer.payload))
        self._note_rows()
        if leaf is HubLeaf.HELLO and answers:
            session = decode(answers[0].payload, Welcome).session
            self._desks[hub_id].greeted(session, decode(payload, Hello).desired_version)
            self.dispatch()

    def _answers(self, topic: HubTopic, payload: bytes) -> Sequence[Outgoing]:
        match topic.leaf:
            case HubLeaf.HELLO:
                return now_or_never(self._service.hello(topic, decode(payload, Hello)))
            case HubLeaf.UP:
                incoming = Incoming(topic=topic, up=decode_up(payload))
                return now_or_never(self._service.batches([incoming]))
            case _:
                return now_or_never(self._service.live(topic, decode(payload, Live)))

    def _note_rows(self) -> None:
        rows = self.store.kept.rows
        for hub_id, row in rows[self._rows_seen :]:
            self._desks[hub_id].heard(row)
        self._rows_seen = len(rows)

    # --------------------------------------------------------------------------- what people want

    def _sweep(self) -> None:
        self._loop.call_later(SWEEP_EVERY_S, self._sweep)
        self.dispatch()

    def dispatch(self) -> None:
        """Send each hub that is in session what it does not have yet."""
        hubs = self.store.kept.hubs
        for hub_id, desk in self._desks.items():
            record = hubs[hub_id]
            if record.desired_version != desk.document.version:
                hubs[hub_id] = replace(record, desired_version=desk.document.version)
            session = self.session(hub_id)
            if session is not None:
                desk.dispatch(session)
