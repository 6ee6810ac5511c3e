"""What the cloud sends to hubs by itself: what people asked for, and what a hub is to hold."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import aiomqtt
import msgspec
import psycopg
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

from tokkatot.cloud.commands import photographs
from tokkatot.cloud.commands import service as commands
from tokkatot.cloud.commands import store as command_store
from tokkatot.cloud.commands.model import Command, PhotographRequest
from tokkatot.cloud.platform.database import Database, Transaction
from tokkatot.cloud.platform.keys import SigningKeys
from tokkatot.cloud.platform.listen import Subscriber
from tokkatot.cloud.platform.problems import NotFound
from tokkatot.cloud.schedules import executions
from tokkatot.cloud.schedules import store as schedule_store
from tokkatot.cloud.schedules.model import Execution
from tokkatot.cloud.sync.desired import build_desired
from tokkatot.cloud.sync.service import Outgoing
from tokkatot.domain.commands import AT_ONCE, Action
from tokkatot.domain.devices import OFF
from tokkatot.domain.ids import FarmId, HubId
from tokkatot.domain.orders import AT_ONCE_S
from tokkatot.kit.clock import Clock, to_ms
from tokkatot.wire import messages as wire
from tokkatot.wire.envelope import seal
from tokkatot.wire.session_cloud import SILENT_AFTER_S
from tokkatot.wire.topics import HubLeaf, HubTopic

_log = structlog.get_logger(__name__)

SWEEP_EVERY_S = 5.0
"""How often everything that waits is looked for, should a notice have been lost."""
DESIRED_AGAIN_S = 15.0
"""When a document is sent again to a hub that has not said that it holds it."""
PUBLISH_TIMEOUT_S = 5.0
MAX_WAITING = 10_000
# Any number that no other advisory lock of ours has ("tkdi" in ASCII).
_LOCK = 0x746B6469

Publish = Callable[[Outgoing], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    """A hub that can be spoken to."""

    hub_id: HubId
    farm_id: FarmId
    session: str
    desired_version: int
    held_version: int


class Waiting(Subscriber):
    """Remembers for which hubs there is something to send."""

    def __init__(self) -> None:
        self._hubs: set[HubId] = set()
        self._woken = asyncio.Event()

    @override
    def heard(self, payload: str) -> None:
        try:
            self.add(HubId(UUID(payload)))
        except ValueError:
            _log.warning("dispatch.bad_notice", payload=payload)

    @override
    def missed(self) -> None:
        # The sweep finds what waits; waking it costs one look.
        self._woken.set()

    def add(self, hub_id: HubId) -> None:
        """Look at this hub next."""
        if len(self._hubs) < MAX_WAITING:  # The sweep finds those that have no room here.
            self._hubs.add(hub_id)
        self._woken.set()

    async def take(self, *, timeout_s: float) -> set[HubId]:
        """Return the hubs that wait, or none after a time without any."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._woken.wait()
        except TimeoutError:
            return set()
        self._woken.clear()
        hubs, self._hubs = self._hubs, set()
        return hubs


class Dispatcher:
    """Sends each order and each document once it is there, and again where it was not heard."""

    def __init__(
        self,
        database: Database,
        *,
        keys: SigningKeys,
        clock: Clock,
        waiting: Waiting,
        publish: Publish,
    ) -> None:
        self._database = database
        self._keys = keys
        self._clock = clock
        self._waiting = waiting
        self._publish = publish
        self._sent_desired: dict[HubId, tuple[int, str, float]] = {}

    async def run(self) -> None:
        """Send until cancelled."""
        swept_s = -SWEEP_EVERY_S
        while True:
            hubs = await self._waiting.take(timeout_s=SWEEP_EVERY_S)
            if not hubs or self._clock.monotonic() - swept_s >= SWEEP_EVERY_S:
                hubs |= await self._sweep()
                swept_s = self._clock.monotonic()
            for hub_id in hubs:
                await self._alone(hub_id, self._serve(hub_id))

    async def _alone(self, hub_id: HubId, work: Awaitable[None]) -> None:
        """Do something for one hub: what breaks there is logged, and holds up nobody else.

        The sweep comes back to it. A broker that is gone is gone for all.
        """
        try:
            await work
        except aiomqtt.MqttError:
            raise
        except (SQLAlchemyError, psycopg.Error, OSError, TimeoutError) as error:
            _log.warning("dispatch.not_sent", hub=str(hub_id), error=str(error)[:500])
        except Exception:  # noqa: BLE001 - supervisor: one spoilt document must not silence the others
            _log.exception("dispatch.failed", hub=str(hub_id))

    async def _serve(self, hub_id: HubId) -> None:
        """Send what waits for one hub."""
        async with self._database.transaction() as tx:
            link = await _link(tx, hub_id)
            if link is None:
                return
            if link.held_version == link.desired_version:
                await self._send_asked(tx, link)
                return
        # The document first: the order may be of somebody whom only the newest one names. Without
        # it the hub still obeys those whom it knows, and "off" must reach it.
        await self._alone(hub_id, self._send_desired(link))
        async with self._database.transaction() as tx:
            await self._send_asked(tx, link)

    async def _send_asked(self, tx: Transaction, link: _Link) -> None:
        # What another process sends to this hub just now goes out before what came after it.
        await tx.session.execute(
            text("SELECT pg_advisory_xact_lock(:lock, hashtext(:hub))"),
            {"lock": _LOCK, "hub": str(link.hub_id)},
        )
        queued = await command_store.queued(tx.session, link.hub_id, tx.now)
        for command in queued:
            # Published before the commit: at worst a crash sends it again under the same id, and
            # the hub begins an id once.
            await self._publish(self._order(link, command, now_ms=to_ms(tx.now)))
            await commands.mark_sent(tx, command)
        if len(queued) == command_store.SENT_AT_ONCE:
            # Only behind those that went out: what can't be sent must not be tried without a pause.
            self._waiting.add(link.hub_id)
        for execution in await schedule_store.asked(tx.session, link.hub_id, tx.now):
            await self._publish(self._execute(link, execution, now_ms=to_ms(tx.now)))
            executions.mark_sent(tx, execution)
        for wish in await command_store.photographs_waiting(tx.session, link.hub_id, tx.now):
            await self._publish(self._photograph(link, wish, now_ms=to_ms(tx.now)))
            photographs.mark_sent(tx, wish)

    def _order(self, link: _Link, command: Command, *, now_ms: int) -> Outgoing:
        assert command.requested_by is not None, "an order of the cloud was given by somebody"
        holds = command.action not in AT_ONCE
        assert not holds or command.value is not None, "what holds has a level"
        assert not holds or command.duration_s is not None, "what holds has an end"
        body = wire.Command(
            hub=link.hub_id,
            id=command.id,
            session=link.session,
            device=command.device_id,
            action=_wire_action(command.action),
            value=OFF if command.value is None else command.value,
            issued=now_ms,
            ttl_ms=max(to_ms(command.expires_at) - now_ms, 1),
            end_s=AT_ONCE_S if command.duration_s is None else command.duration_s,
            by=command.requested_by,
        )
        return self._sealed(link, HubLeaf.COMMAND, wire.encode(body))

    def _execute(self, link: _Link, execution: Execution, *, now_ms: int) -> Outgoing:
        assert execution.requested_by is not None, "a run was asked for by somebody"
        assert execution.expires_at is not None, "what is asked for has a lifetime"
        body = wire.Execute(
            hub=link.hub_id,
            id=execution.id,
            session=link.session,
            schedule=execution.schedule_id,
            issued=now_ms,
            ttl_ms=max(to_ms(execution.expires_at) - now_ms, 1),
            by=execution.requested_by,
        )
        return self._sealed(link, HubLeaf.EXECUTE, wire.encode(body))

    def _photograph(self, link: _Link, wish: PhotographRequest, *, now_ms: int) -> Outgoing:
        body = wire.Photograph(
            hub=link.hub_id,
            id=wish.id,
            session=link.session,
            house=wish.house_id,
            issued=now_ms,
            ttl_ms=max(to_ms(wish.expires_at) - now_ms, 1),
            by=wish.requested_by,
        )
        return self._sealed(link, HubLeaf.PHOTOGRAPH, wire.encode(body))

    async def _send_desired(self, link: _Link) -> None:
        now_s = self._clock.monotonic()
        version, session, sent_s = self._sent_desired.get(link.hub_id, (0, "", 0.0))
        fresh = (version, session) == (link.desired_version, link.session)
        if fresh and now_s - sent_s < DESIRED_AGAIN_S:
            return
        try:
            async with self._database.transaction() as tx:
                document = await build_desired(tx, link.hub_id)
        except NotFound:
            return  # Revoked a moment ago.
        await self._publish(self._sealed(link, HubLeaf.DESIRED, msgspec.json.encode(document)))
        self._sent_desired[link.hub_id] = (document.version, link.session, now_s)

    def _sealed(self, link: _Link, leaf: HubLeaf, body: bytes) -> Outgoing:
        return Outgoing(
            topic=HubTopic(farm_id=link.farm_id, hub_id=link.hub_id, leaf=leaf),
            payload=seal(body, kid=self._keys.order_kid, key=self._keys.order_key),
        )

    async def _sweep(self) -> set[HubId]:
        async with self._database.transaction() as tx:
            waiting = set(await command_store.hubs_with_queued(tx.session, tx.now))
            waiting.update(await schedule_store.hubs_asked(tx.session, tx.now))
            waiting.update(await command_store.hubs_to_photograph(tx.session, tx.now))
            behind = await tx.session.scalars(
                text(
                    "SELECT h.id FROM hubs h JOIN hub_links l ON l.hub_id = h.id"
                    " WHERE h.revoked_at IS NULL AND h.last_seen_at > :since"
                    " AND h.held_version IS DISTINCT FROM h.desired_version"
                ),
                {"since": tx.now - timedelta(seconds=SILENT_AFTER_S)},
            )
            waiting.update(behind.all())
        return {HubId(hub_id) for hub_id in waiting}


async def _link(tx: Transaction, hub_id: HubId) -> _Link | None:
    rows = await tx.session.execute(
        text(
            "SELECT h.farm_id, l.session, h.desired_version, coalesce(h.held_version, 0)"
            " FROM hubs h JOIN hub_links l ON l.hub_id = h.id"
            " WHERE h.id = :hub AND h.revoked_at IS NULL"
        ),
        {"hub": hub_id},
    )
    found = rows.one_or_none()
    if found is None:
        return None
    farm_id, session, desired_version, held_version = found
    return _Link(
        hub_id=hub_id,
        farm_id=FarmId(farm_id),
        session=session,
        desired_version=desired_version,
        held_version=held_version,
    )


def _wire_action(action: Action) -> wire.OrderAction:
    match action:
        case Action.ON:
            return "on"
        case Action.OFF:
            return "off"
        case Action.SET_VALUE:
            return "set_value"
        case Action.AUTO:
            return "auto"
        case Action.RESET:
            return "reset"
        case Action.TOGGLE:
            raise AssertionError("a toggle is resolved before it is queued")
