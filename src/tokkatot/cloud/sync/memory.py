"""The sync's store in memory, for the simulation and for tests."""

from collections.abc import AsyncIterator, Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

import msgspec
from typing_extensions import override

from tokkatot.cloud.sync.store import CursorKey, Held, HubRecord, SyncStore, SyncTransaction
from tokkatot.cloud.telemetry.intake import HubReadings, RefusedValue
from tokkatot.domain.ids import HubId
from tokkatot.wire.cursor import Cursor, RefusedRow
from tokkatot.wire.messages import Hello, Live, ReadingRow, Row, StreamName
from tokkatot.wire.session_cloud import Peer

_Item = TypeVar("_Item")
_Stored = tuple[HubId, _Item]


@dataclass(slots=True, kw_only=True)
class Kept:
    """Everything that is stored; what it holds is frozen, so that a shallow copy is a snapshot.

    The lists of readings and rows are replaced and never changed: snapshots share them.
    """

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
            readings=self.readings,
            refused=list(self.refused),
            rows=self.rows,
            live=dict(self.live),
        )


class _Index(Generic[_Item]):
    """What a list says, to find it in; made anew where it is asked about another list."""

    def __init__(self, says: Callable[[_Stored[_Item]], Hashable]) -> None:
        self._says = says
        self._of: list[_Stored[_Item]] | None = None
        self._said: set[Hashable] = set()

    def new(
        self, stored: list[_Stored[_Item]], items: Sequence[_Stored[_Item]]
    ) -> list[_Stored[_Item]]:
        """Return those items that the list does not hold yet."""
        if self._of is not stored:
            self._of = stored
            self._said = {self._says(item) for item in stored}
        return [item for item in items if self._says(item) not in self._said]

    def grown(
        self, stored: list[_Stored[_Item]], items: Sequence[_Stored[_Item]]
    ) -> list[_Stored[_Item]]:
        """Return the list with these items at its end."""
        grown = [*stored, *items]
        if self._of is stored:
            self._of = grown
            self._said.update(map(self._says, items))
        return grown


class MemoryStore(SyncStore):
    """Keeps everything in lists; a transaction works on a snapshot that replaces them at its end.

    One transaction at a time: the simulation runs on one loop and its transactions never wait.
    """

    def __init__(self) -> None:
        self.kept = Kept()
        self._readings: _Index[ReadingRow] = _Index(_measured)
        self._rows: _Index[Row] = _Index(_said)

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
        yield MemoryTransaction(draft, self._readings, self._rows)
        self.kept = draft


class MemoryTransaction(SyncTransaction):
    """Works on a snapshot."""

    def __init__(self, draft: Kept, readings: _Index[ReadingRow], rows: _Index[Row]) -> None:
        self._draft = draft
        self._readings = readings
        self._rows = rows

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
            stored = self._draft.readings
            come = [(batch.hub_id, row) for row in batch.readings]
            if batch.join:
                come = self._readings.new(stored, come)
            self._draft.readings = self._readings.grown(stored, come)
            self._draft.refused.extend((batch.hub_id, value) for value in batch.refused)

    @override
    async def add_rows(
        self, hub: HubRecord, rows: Sequence[Row], *, join: bool
    ) -> Sequence[RefusedRow]:
        stored = self._draft.rows
        come = [(hub.hub_id, row) for row in rows]
        if join:
            come = self._rows.new(stored, come)
        self._draft.rows = self._rows.grown(stored, come)
        return ()

    @override
    async def keep_live(self, hub: HubRecord, live: Live) -> None:
        before = self._draft.live.get(hub.hub_id)
        if before is None or before.session != live.session or before.t <= live.t:
            self._draft.live[hub.hub_id] = live


def _measured(stored: tuple[HubId, ReadingRow]) -> Hashable:
    hub_id, row = stored
    # Of the same time may be two readings, where a clock was set back or counts from its start.
    return hub_id, row.device, row.quantity, row.t, row.value


def _said(stored: tuple[HubId, Row]) -> Hashable:
    """Return what a row says, whatever number it bears."""
    hub_id, row = stored
    return hub_id, msgspec.json.encode(msgspec.structs.replace(row, seq=0))
