"""The sync's store in memory, for the simulation and for tests."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace

import msgspec
from typing_extensions import override

from tokkatot.cloud.sync.store import CursorKey, Held, HubRecord, SyncStore, SyncTransaction
from tokkatot.cloud.telemetry.intake import HubReadings, RefusedValue
from tokkatot.domain.ids import HubId
from tokkatot.wire.cursor import Cursor, RefusedRow
from tokkatot.wire.messages import Hello, Live, ReadingRow, Row, StreamName
from tokkatot.wire.session_cloud import Peer


@dataclass(slots=True, kw_only=True)
class Kept:
    """Everything that is stored; what it holds is frozen, so that a shallow copy is a snapshot."""

    hubs: dict[HubId, HubRecord] = field(default_factory=dict)
    cursors: dict[CursorKey, Cursor] = field(default_factory=dict)
    quarantined: list[tuple[CursorKey, RefusedRow]] = field(default_factory=list)
    readings: list[tuple[HubId, ReadingRow]] = field(default_factory=list)
    refused: list[tuple[HubId, RefusedValue]] = field(default_factory=list)
    rows: list[tuple[HubId, Row]] = field(default_factory=list)
    live: dict[HubId, Live] = field(default_factory=dict)

    def copy(self) -> "Kept":
        """Return a snapshot."""
        return Kept(
            hubs=dict(self.hubs),
            cursors=dict(self.cursors),
            quarantined=list(self.quarantined),
            readings=list(self.readings),
            refused=list(self.refused),
            rows=list(self.rows),
            live=dict(self.live),
        )


class MemoryStore(SyncStore):
    """Keeps everything in lists; a transaction works on a snapshot that replaces them at its end.

    One transaction at a time: the simulation runs on one loop and its transactions never wait.
    """

    def __init__(self) -> None:
        self.kept = Kept()

    @override
    async def prepare(self, rows: Iterable[ReadingRow]) -> None:
        return

    @override
    def transaction(
        self, *, cautious: bool = False
    ) -> AbstractAsyncContextManager[SyncTransaction]:
        return self._transaction()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[SyncTransaction]:
        draft = self.kept.copy()
        yield MemoryTransaction(draft)
        self.kept = draft


class MemoryTransaction(SyncTransaction):
    """Works on a snapshot."""

    def __init__(self, draft: Kept) -> None:
        self._draft = draft

    @override
    async def hold(self, keys: Iterable[CursorKey]) -> Held:
        wanted = set(keys)
        hubs = await self.hubs(key.hub_id for key in wanted)
        return Held(
            hubs=hubs,
            cursors=await self.lock_cursors(key for key in wanted if key.hub_id in hubs),
        )

    @override
    async def hubs(self, ids: Iterable[HubId]) -> Mapping[HubId, HubRecord]:
        return {
            hub_id: self._draft.hubs[hub_id] for hub_id in set(ids) if hub_id in self._draft.hubs
        }

    @override
    async def lock_hub(self, hub_id: HubId) -> HubRecord | None:
        return self._draft.hubs.get(hub_id)

    @override
    async def open_session(self, hub: HubRecord, peer: Peer, hello: Hello) -> None:
        self._draft.hubs[hub.hub_id] = replace(hub, peer=peer)

    @override
    async def newest_epoch(self, hub_id: HubId, stream: StreamName) -> str | None:
        for key in reversed(self._draft.cursors):
            if (key.hub_id, key.stream) == (hub_id, stream):
                return key.epoch
        return None

    @override
    async def lock_cursors(self, keys: Iterable[CursorKey]) -> Mapping[CursorKey, Cursor]:
        return {key: self._draft.cursors[key] for key in set(keys) if key in self._draft.cursors}

    @override
    async def move_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        self._draft.cursors.update(cursors)

    @override
    async def quarantine(self, key: CursorKey, rows: Sequence[RefusedRow]) -> None:
        self._draft.quarantined.extend((key, row) for row in rows)

    @override
    async def add_readings(self, batches: Sequence[HubReadings]) -> None:
        for batch in batches:
            stored = {
                (hub_id, row.device, row.quantity, row.t)
                for hub_id, row in (self._draft.readings if batch.join else ())
            }
            self._draft.readings.extend(
                (batch.hub_id, row)
                for row in batch.readings
                if (batch.hub_id, row.device, row.quantity, row.t) not in stored
            )
            self._draft.refused.extend((batch.hub_id, value) for value in batch.refused)

    @override
    async def add_rows(
        self, hub: HubRecord, rows: Sequence[Row], *, join: bool
    ) -> Sequence[RefusedRow]:
        logged = {
            _said(row) for hub_id, row in (self._draft.rows if join else ()) if hub_id == hub.hub_id
        }
        self._draft.rows.extend(
            (hub.hub_id, row) for row in rows if not logged or _said(row) not in logged
        )
        return ()

    @override
    async def keep_live(self, hub: HubRecord, live: Live) -> None:
        before = self._draft.live.get(hub.hub_id)
        if before is None or before.session != live.session or before.t <= live.t:
            self._draft.live[hub.hub_id] = live


def _said(row: Row) -> bytes:
    """Return what a row says, whatever number it bears."""
    return msgspec.json.encode(msgspec.structs.replace(row, seq=0))
