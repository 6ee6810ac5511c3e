"""Who looks at which farm through this process, and whether they still may."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import psycopg
import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

from tokkatot.cloud.accounts.caller import Caller
from tokkatot.cloud.platform import outbox
from tokkatot.cloud.platform.database import Database, Transaction
from tokkatot.cloud.platform.listen import Ear, Subscriber
from tokkatot.cloud.platform.metrics import Metrics
from tokkatot.cloud.realtime.feed import FarmFeed, Viewer
from tokkatot.cloud.realtime.frames import PING, encoded, heartbeat_frame
from tokkatot.cloud.telemetry import live
from tokkatot.domain.ids import FarmId, HubId, UserId
from tokkatot.kit.clock import Clock

_log = structlog.get_logger(__name__)

MAX_SOCKETS = 10_000
MAX_SOCKETS_OF_USER = 20
HEARTBEAT_S = 3.0
PING_EVERY = 10
"""With every so many heartbeats the client is asked whether it is there."""
GUESTS_AT_ONCE = 200
CHECK_EVERY_S = 3.0
"""So soon whoever may look no longer is shown out, and a change without a notice is found."""

SESSION_ENDED = 4401
FARM_GONE = 4404
UNAVAILABLE = 1013


class Guest(Viewer, Protocol):
    """A socket whose person is known."""

    @property
    def caller(self) -> Caller:
        """Whose it is."""
        ...

    @property
    def farms(self) -> frozenset[FarmId]:
        """The farms that it looks at."""
        ...

    def beat(self, heartbeat: bytes, *, now_s: float) -> None:
        """Take a heartbeat; whoever is gone or too slow for too long is cut off."""
        ...

    def cut(self, code: int) -> None:
        """Close it."""
        ...


class Full(Exception):
    """No room for another socket of this person, or at all."""


class Realtime:
    """Keeps a feed for each farm that somebody looks at; made before the listener runs."""

    def __init__(
        self, database: Database, ears: Sequence[Ear], *, clock: Clock, metrics: Metrics
    ) -> None:
        self._database = database
        self._clock = clock
        self._feeds: dict[FarmId, FarmFeed] = {}
        self._runs: dict[FarmId, asyncio.Task[None]] = {}
        self._guests: set[Guest] = set()
        self._of_user: Counter[UserId] = Counter()
        self._tasks: asyncio.TaskGroup | None = None
        self._sockets = metrics.gauge("tokkatot_sockets", "Open sockets of people.")
        for ear in ears:
            ear.subscribe(outbox.CHANNEL, _Changes(self))
            ear.subscribe(live.CHANNEL, _Live(self))

    @property
    def running(self) -> bool:
        """Tell whether sockets are served."""
        return self._tasks is not None

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self._beat())
                tasks.create_task(self._check_often())
        finally:
            self._tasks = None
            self._feeds.clear()
            self._runs.clear()
            # Their feeds are gone: they come back and resume.
            for guest in tuple(self._guests):
                guest.cut(UNAVAILABLE)

    def enter(self, guest: Guest) -> None:
        """Let a socket in.

        Raises:
            Full: when its person, or this process, has too many.
        """
        user_id = guest.caller.user_id
        if len(self._guests) >= MAX_SOCKETS or self._of_user[user_id] >= MAX_SOCKETS_OF_USER:
            raise Full
        self._guests.add(guest)
        self._of_user[user_id] += 1
        self._sockets.set(len(self._guests))

    def exit(self, guest: Guest) -> None:
        """Forget a socket."""
        if guest not in self._guests:
            return
        self._guests.discard(guest)
        user_id = guest.caller.user_id
        self._of_user[user_id] -= 1
        if not self._of_user[user_id]:
            del self._of_user[user_id]
        self._sockets.set(len(self._guests))
        for farm_id in guest.farms:
            self.unsubscribe(guest, farm_id)

    async def subscribe(self, guest: Guest, farm_id: FarmId, *, since: int | None) -> None:
        """Show a farm to a socket, whose right to see it the caller has checked."""
        assert self._tasks is not None, "sockets are served while this runs"
        feed = self._feeds.get(farm_id)
        if feed is None:
            feed = self._feeds[farm_id] = FarmFeed(self._database, farm_id, clock=self._clock)
            self._runs[farm_id] = self._tasks.create_task(feed.run())
        await feed.join(guest, since=since)

    def unsubscribe(self, guest: Guest, farm_id: FarmId) -> None:
        """Show a farm no longer; a farm at which nobody looks is no longer read."""
        feed = self._feeds.get(farm_id)
        if feed is None:
            return
        feed.leave(guest)
        if feed.empty:
            del self._feeds[farm_id]
            self._runs.pop(farm_id).cancel()

    def changed(self, farm_id: FarmId) -> None:
        """Note that a farm has changes."""
        feed = self._feeds.get(farm_id)
        if feed is not None:
            feed.wake()

    def spoke(self, farm_id: FarmId, hub_id: HubId) -> None:
        """Note that a hub has said what is so."""
        feed = self._feeds.get(farm_id)
        if feed is not None:
            feed.wake(hub_id)

    def missed(self) -> None:
        """Look at every farm: notices may have been lost."""
        for feed in self._feeds.values():
            feed.wake()

    async def _beat(self) -> None:
        for beat in itertools.count():
            await self._clock.sleep(HEARTBEAT_S)
            heartbeat = encoded(heartbeat_frame(self._clock.now_ms()))
            if beat % PING_EVERY == 0:
                heartbeat += PING
            now_s = self._clock.monotonic()
            for number, guest in enumerate(tuple(self._guests), start=1):
                guest.beat(heartbeat, now_s=now_s)
                if number % GUESTS_AT_ONCE == 0:
                    await asyncio.sleep(0)

    async def _check_often(self) -> None:
        while True:
            await self._clock.sleep(CHECK_EVERY_S)
            if not self._guests:
                continue
            try:
                async with self._database.transaction() as tx:
                    await self._check(tx)
                    await self._catch_up(tx)
            except (SQLAlchemyError, psycopg.Error, OSError, TimeoutError) as error:
                _log.warning("realtime.not_checked", error=str(error)[:300])

    async def _catch_up(self, tx: Transaction) -> None:
        """Wake the feeds that lag behind their farms."""
        rows = await tx.session.execute(
            text("SELECT id, change_seq FROM farms WHERE id = ANY(:farms)"),
            {"farms": list(self._feeds)},
        )
        for farm_id, seq in rows:
            feed = self._feeds.get(FarmId(farm_id))
            if feed is not None and feed.lags(seq):
                feed.wake()

    async def _check(self, tx: Transaction) -> None:
        """Show out whose session is over, and who may no longer see a farm."""
        guests = tuple(self._guests)
        rows = await tx.session.execute(
            text(
                "SELECT s.id, u.is_staff FROM user_sessions s JOIN users u ON u.id = s.user_id"
                " WHERE s.id = ANY(:ids) AND s.ended_at IS NULL AND s.expires_at > :now"
                " AND u.deleted_at IS NULL"
            ),
            {"ids": list({guest.caller.session_id for guest in guests}), "now": tx.now},
        )
        alive: dict[UUID, bool] = dict(rows.all())
        seen = await tx.session.execute(
            text(
                "SELECT f.id, m.user_id FROM farms f"
                " LEFT JOIN farm_members m ON m.farm_id = f.id AND m.user_id = ANY(:users)"
                " WHERE f.id = ANY(:farms) AND f.deleted_at IS NULL"
            ),
            {
                "users": list({guest.caller.user_id for guest in guests}),
                "farms": list({farm_id for guest in guests for farm_id in guest.farms}),
            },
        )
        members = {(farm_id, user_id) for farm_id, user_id in seen}
        there = {farm_id for farm_id, _ in members}
        for guest in guests:
            is_staff = alive.get(guest.caller.session_id)
            if is_staff is None:
                guest.cut(SESSION_ENDED)
            elif not all(
                (farm_id, guest.caller.user_id) in members or (is_staff and farm_id in there)
                for farm_id in guest.farms
            ):
                guest.cut(FARM_GONE)


class _Changes(Subscriber):
    """Hears of changes: `FARM SEQ`."""

    def __init__(self, realtime: Realtime) -> None:
        self._realtime = realtime

    @override
    def heard(self, payload: str) -> None:
        farm, _, _ = payload.partition(" ")
        self._realtime.changed(FarmId(UUID(farm)))

    @override
    def missed(self) -> None:
        self._realtime.missed()


class _Live(Subscriber):
    """Hears of hubs that say what is so: `FARM HUB`."""

    def __init__(self, realtime: Realtime) -> None:
        self._realtime = realtime

    @override
    def heard(self, payload: str) -> None:
        farm, _, hub = payload.partition(" ")
        self._realtime.spoke(FarmId(UUID(farm)), HubId(UUID(hub)))

    @override
    def missed(self) -> None:
        # The hub says it again within seconds.
        return
