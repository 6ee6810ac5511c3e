"""What people want of one hub, as the cloud keeps it: a document, and orders on their way."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tokkatot.automation.runs import goes_on
from tokkatot.cloud.sync.dispatch import DESIRED_AGAIN_S
from tokkatot.domain.commands import lifetime_ms
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.devices import OFF, ON, Level
from tokkatot.domain.ids import CommandId, DeviceId, RequestId, ScheduleId, UserId
from tokkatot.kit.clock import Clock
from tokkatot.kit.ids import IdSource
from tokkatot.sim.network import Message
from tokkatot.wire import messages as wire
from tokkatot.wire.envelope import seal
from tokkatot.wire.messages import EventRow, OrderAction, Row
from tokkatot.wire.topics import HubLeaf

KID: Final = "k1"
REQUEST_LIVES_MS: Final = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenOrder:
    """A person's order as the cloud queued it."""

    id: CommandId
    device_id: DeviceId
    action: OrderAction
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """A request to run a schedule now, on its way; nobody queues one.

    One that `goes_on` asks for a stretch of time, whose end a clock tells.
    """

    id: RequestId
    schedule_id: ScheduleId
    session: str
    goes_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskBackup:
    """What a backup of the cloud holds of one hub."""

    held_version: int
    document: DesiredDocument


class Desk:
    """Sends one hub what people want, as the dispatcher does."""

    def __init__(
        self,
        document: DesiredDocument,
        *,
        clock: Clock,
        ids: IdSource,
        key: Ed25519PrivateKey,
        publish: Callable[[Message], None],
    ) -> None:
        self._clock = clock
        self._ids = ids
        self._key = key
        self._publish = publish
        self.document = document
        self.documents = {document.version: document}
        self.held_version = 0
        self._greeted_in: str | None = None
        self.sent_count = 0
        self.ordered: Callable[[SentOrder], None] = lambda _order: None
        self.requested: Callable[[SentRequest], None] = lambda _request: None
        self._queued: list[GivenOrder] = []
        self._sent_desired = (0, "", 0.0)

    def start(self) -> None:
        """Begin anew with what the database holds."""
        self._sent_desired = (0, "", 0.0)

    def backup(self) -> DeskBackup:
        """Return what is durable."""
        return DeskBackup(held_version=self.held_version, document=self.document)

    def restore(self, backup: DeskBackup) -> None:
        """Go back to a backup; versions go on above the one that the hub may hold."""
        self.held_version = backup.held_version
        self.want(replace(backup.document, version=self.document.version + 1))

    def want(self, document: DesiredDocument) -> None:
        """Want the hub to hold another document."""
        self.document = self.documents[document.version] = document

    def forget(self, below: int) -> None:
        """Drop the documents that nobody can hold any more."""
        self.documents = {
            version: document for version, document in self.documents.items() if version >= below
        }

    def order(self, device_id: DeviceId, action: OrderAction, *, end_s: int, by: UserId) -> None:
        """Queue a person's order."""
        self._queued.append(
            GivenOrder(
                id=CommandId(self._ids.new()),
                device_id=device_id,
                action=action,
                level=ON if action == "on" else OFF,
                end_s=end_s,
                by=by,
                given_ms=self._clock.now_ms(),
            )
        )

    def execute(self, schedule_id: ScheduleId, session: str, *, by: UserId) -> None:
        """Ask the hub to run a schedule now."""
        (schedule,) = (one for one in self.document.schedules if one.id == schedule_id)
        request = SentRequest(
            id=RequestId(self._ids.new()),
            schedule_id=schedule_id,
            session=session,
            goes_on=goes_on(schedule),
        )
        body = wire.Execute(
            hub=self.document.hub_id,
            id=request.id,
            session=session,
            schedule=schedule_id,
            issued=self._clock.now_ms(),
            ttl_ms=REQUEST_LIVES_MS,
            by=by,
        )
        self.requested(request)
        self._publish((HubLeaf.EXECUTE, self._sealed(wire.encode(body))))

    def greeted(self, session: str, held_version: int) -> None:
        """Believe the hub; after a restore go on above the version that it holds.

        A greeting that comes again says what was so before what was told since.
        """
        is_again, self._greeted_in = session == self._greeted_in, session
        self.held_version = max(self.held_version, held_version) if is_again else held_version
        if self.document.version < held_version:
            self.want(replace(self.document, version=held_version + 1))

    def heard(self, row: Row) -> None:
        """Note what the hub says of its document."""
        if isinstance(row, EventRow) and row.type == "desired.taken":
            version = row.data.get("version")
            assert isinstance(version, int), "the hub names the version"
            self.held_version = max(self.held_version, version)

    def dispatch(self, session: str) -> None:
        """Send what the hub does not have yet."""
        if self.held_version != self.document.version:
            self._send_desired(session)
        now_ms = self._clock.now_ms()
        queued, self._queued = self._queued, []
        for order in queued:
            if order.expires_ms > now_ms:
                self._send_order(order, session, now_ms)

    def _send_desired(self, session: str) -> None:
        version, told, sent_s = self._sent_desired
        now_s = self._clock.monotonic()
        if (version, told) == (self.document.version, session) and now_s - sent_s < DESIRED_AGAIN_S:
            return
        self._sent_desired = (self.document.version, session, now_s)
        self._publish((HubLeaf.DESIRED, self._sealed(msgspec.json.encode(self.document))))

    def _send_order(self, order: GivenOrder, session: str, now_ms: int) -> None:
        body = wire.Command(
            hub=self.document.hub_id,
            id=order.id,
            session=session,
            device=order.device_id,
            action=order.action,
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
