"""What the sync needs of a store; memory and PostgreSQL pass the same contract suite."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from tokkatot.cloud.telemetry.intake import HubReadings
from tokkatot.domain.ids import FarmId, HouseId, HubId
from tokkatot.wire.cursor import Cursor, RefusedRow
from tokkatot.wire.messages import Hello, Live, ReadingRow, Row, StreamName
from tokkatot.wire.session_cloud import Peer


@dataclass(frozen=True, slots=True, kw_only=True)
class HubRecord:
    """A hub that is in service, as the cloud knows it."""

    hub_id: HubId
    farm_id: FarmId
    house_id: HouseId | None = None
    """The only house that it serves; None: any of the farm's."""
    desired_version: int
    peer: Peer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorKey:
    """One stream of one hub in one epoch."""

    hub_id: HubId
    stream: StreamName
    epoch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What some cursors and their hubs were found to be; what is not there is left out."""

    hubs: Mapping[HubId, HubRecord]
    cursors: Mapping[CursorKey, Cursor]


class SyncTransaction(Protocol):
    """What happens together or not at all."""

    async def hold(self, keys: Iterable[CursorKey]) -> Held:
        """Return the hubs in service with these cursors, which are locked until the end."""
        ...

    async def hubs(self, ids: Iterable[HubId]) -> Mapping[HubId, HubRecord]:
        """Return those of these hubs that are in service; a revoked or unknown one is left out."""
        ...

    async def lock_hub(self, hub_id: HubId) -> HubRecord | None:
        """Return a hub in service and keep others from changing its session until the end."""
        ...

    async def open_session(self, hub: HubRecord, peer: Peer, hello: Hello) -> None:
        """Keep the session that holds from now on, and what the hub said of itself."""
        ...

    async def newest_epoch(self, hub_id: HubId, stream: StreamName) -> str | None:
        """Return the epoch of a stream whose cursor was opened last, None where it has none."""
        ...

    async def lock_cursors(self, keys: Iterable[CursorKey]) -> Mapping[CursorKey, Cursor]:
        """Return the cursors that are there, locked until the end."""
        ...

    async def move_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        """Keep these cursors, new ones included."""
        ...

    async def quarantine(self, key: CursorKey, rows: Sequence[RefusedRow]) -> None:
        """Put rows aside that are not acceptable, for people to look at."""
        ...

    async def add_readings(self, batches: Sequence[HubReadings]) -> None:
        """Store new readings."""
        ...

    async def add_rows(
        self, hub: HubRecord, rows: Sequence[Row], *, join: bool
    ) -> Sequence[RefusedRow]:
        """Hand rows to the rooms that they concern; return those that none of them can accept.

        Rows to `join` may be stored already, under an epoch that the hub has forgotten.
        """
        ...

    async def keep_live(self, hub: HubRecord, live: Live) -> None:
        """Keep what is so now at a hub."""
        ...


class SyncStore(Protocol):
    """Where the sync keeps everything."""

    async def prepare(self, rows: Iterable[ReadingRow]) -> None:
        """Make room for readings, before the transaction that stores them."""
        ...

    def transaction(
        self, *, cautious: bool = False
    ) -> AbstractAsyncContextManager[SyncTransaction]:
        """Begin a transaction that commits at the end of the block.

        A cautious one puts aside every row that the database itself refuses, at the price of more
        statements; it follows a plain one that failed so.

        Raises:
            RowRefused: from a plain one, when the database refuses a row.
        """
        ...


class RowRefused(Exception):
    """The database can't hold a row of this transaction; a cautious one finds out which."""
