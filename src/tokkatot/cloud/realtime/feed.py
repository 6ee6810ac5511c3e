"""One farm's changes to everybody who looks at it, in the order of their numbers."""

import asyncio
from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

import psycopg
import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from tokkatot.cloud.devices.model import Device
from tokkatot.cloud.platform import outbox
from tokkatot.cloud.platform.database import Database, Transaction
from tokkatot.cloud.realtime.frames import (
    ReadingTuple,
    change_frame,
    encoded,
    readings_frame,
    reload_frame,
    snapshot_frame,
)
from tokkatot.cloud.telemetry.live import HubNow, live_of_hub
from tokkatot.cloud.telemetry.snapshot import farm_now, live_readings
from tokkatot.domain.ids import FarmId, HubId
from tokkatot.kit.clock import Clock, to_ms

_log = structlog.get_logger(__name__)

CHANGES_AT_ONCE = 500
VIEWERS_AT_ONCE = 200
"""After so many others get their turn: thousands of writes take a while."""
RETRY_S = 1.0
FARM_CHANGED = "farm.changed"


class Viewer(Protocol):
    """Somebody who looks at the farm."""

    def offer(self, frames: bytes) -> None:
        """Take frames without waiting; a viewer that is too slow is cut off."""
        ...


class FarmFeed:
    """Reads each change once and hands it to all viewers.

    A viewer that joins gets everything up to `_position` by itself, and everything above it with
    the others; the lock keeps the two from overlapping.
    """

    def __init__(self, database: Database, farm_id: FarmId, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.farm_id = farm_id
        self._viewers: set[Viewer] = set()
        self._coming: dict[Viewer, int | None] = {}
        self._lock = asyncio.Lock()
        self._woken = asyncio.Event()
        self._changed = False
        self._hubs: set[HubId] = set()
        self._position: int | None = None
        self._houses: Mapping[UUID, UUID] | None = None
        self._told: dict[tuple[UUID, str], tuple[int, float, int]] = {}

    @property
    def empty(self) -> bool:
        """Tell whether nobody looks, or is about to."""
        return not self._viewers and not self._coming

    def lags(self, seq: int) -> bool:
        """Tell whether a number of the farm has not been handed on."""
        return self._position is not None and self._position < seq

    def wake(self, hub_id: HubId | None = None) -> None:
        """Look for changes, or at what a hub says is so now."""
        if hub_id is None:
            self._changed = True
        else:
            self._hubs.add(hub_id)
        self._woken.set()

    async def join(self, viewer: Viewer, *, since: int | None) -> None:
        """Hand over what was missed since a number, how things stand, and all that follows.

        Whoever comes while others are let in waits with the rest, and all are let in at once: after
        a restart thousands come back within seconds.
        """
        self._coming[viewer] = since
        try:
            async with self._lock:
                if viewer in self._coming:
                    await self._read_changes()
                    await self._let_in()
        finally:
            self._coming.pop(viewer, None)

    async def _let_in(self) -> None:
        async with self._database.transaction() as tx:
            t_ms = to_ms(tx.now)
            coming = dict(self._coming)
            missed = {
                since: await self._missed(tx, since, t_ms=t_ms) for since in set(coming.values())
            }
            now = await farm_now(tx, self.farm_id)
        snapshot = encoded(snapshot_frame(self.farm_id, now.view(), t_ms=t_ms))
        for viewer, since in coming.items():
            # Some may have gone meanwhile.
            if viewer in self._coming:
                viewer.offer(missed[since] + snapshot)
                self._viewers.add(viewer)
                del self._coming[viewer]

    async def _missed(self, tx: Transaction, since: int | None, *, t_ms: int) -> bytes:
        """Return the frames from a number up to the position."""
        assert self._position is not None, "it was read just now"
        if since is None or since == self._position:
            return b""
        missed = await outbox.read(tx.session, self.farm_id, since=since, limit=CHANGES_AT_ONCE + 1)
        if missed.reload or len(missed.changes) > CHANGES_AT_ONCE:
            return encoded(reload_frame(self.farm_id, t_ms=t_ms))
        return b"".join(
            encoded(change_frame(change))
            for change in missed.changes
            if change.seq <= self._position
        )

    def leave(self, viewer: Viewer) -> None:
        """Hand nothing more to a viewer."""
        self._viewers.discard(viewer)

    async def run(self) -> None:
        """Hand on changes until cancelled; a database that is away for a while is waited for."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                await self._hand_on()
            except (SQLAlchemyError, psycopg.Error, OSError, TimeoutError) as error:
                _log.warning("realtime.not_read", farm=str(self.farm_id), error=str(error)[:300])
                await self._clock.sleep(RETRY_S)
                self.wake()

    async def _hand_on(self) -> None:
        async with self._lock:
            if self._changed:
                self._changed = False
                await self._read_changes()
            while self._hubs:
                await self._read_live(self._hubs.pop())

    async def _read_changes(self) -> None:
        """Hand on everything above the position; the first time, only find the position."""
        while True:
            async with self._database.transaction() as tx:
                if self._position is None:
                    found = await outbox.read(tx.session, self.farm_id, since=0, limit=1)
                    self._position = found.newest_seq
                    return
                found = await outbox.read(
                    tx.session, self.farm_id, since=self._position, limit=CHANGES_AT_ONCE
                )
                t_ms = to_ms(tx.now)
            if found.reload:
                await self._tell(encoded(reload_frame(self.farm_id, t_ms=t_ms)))
                self._position = found.newest_seq
                return
            if any(change.type == FARM_CHANGED for change in found.changes):
                self._houses = None
            if found.changes:
                await self._tell(b"".join(encoded(change_frame(one)) for one in found.changes))
                self._position = found.changes[-1].seq
            if len(found.changes) < CHANGES_AT_ONCE:
                return

    async def _read_live(self, hub_id: HubId) -> None:
        async with self._database.transaction() as tx:
            hub = await live_of_hub(tx.session, hub_id)
            if hub is None:
                return
            if self._houses is None:
                rows = await tx.session.execute(
                    select(Device.id, Device.house_id).where(
                        Device.farm_id == self.farm_id, Device.deleted_at.is_(None)
                    )
                )
                self._houses = dict(rows.all())
            houses = self._houses
        await self._tell(
            b"".join(
                encoded(readings_frame(self.farm_id, str(house_id), values, t_ms=hub.live.t))
                for house_id, values in self._news(hub, houses).items()
            )
        )

    def _news(self, hub: HubNow, houses: Mapping[UUID, UUID]) -> Mapping[UUID, list[ReadingTuple]]:
        """Return the readings that viewers have not been told, by house."""
        news: dict[UUID, list[ReadingTuple]] = {}
        for now in live_readings(hub, houses):
            key, value = (now.device_id, now.quantity), (now.t_ms, now.value, now.quality)
            if self._told.get(key) == value:
                continue
            self._told[key] = value
            news.setdefault(houses[now.device_id], []).append(
                (str(now.device_id), now.quantity, *value)
            )
        return news

    async def _tell(self, frames: bytes) -> None:
        if not frames:
            return
        for number, viewer in enumerate(tuple(self._viewers), start=1):
            if viewer in self._viewers:
                viewer.offer(frames)
            if number % VIEWERS_AT_ONCE == 0:
                await asyncio.sleep(0)
