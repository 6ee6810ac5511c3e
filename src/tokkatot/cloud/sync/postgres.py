"""The sync's store in PostgreSQL: cursors and rows in one transaction with every room's own."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from typing_extensions import override

from tokkatot.cloud.platform.database import Database, Transaction
from tokkatot.cloud.sync.rows import add_each, add_together
from tokkatot.cloud.sync.store import (
    CursorKey,
    Held,
    HubRecord,
    RowRefused,
    SyncStore,
    SyncTransaction,
)
from tokkatot.cloud.telemetry.intake import HubReadings, Intake, Stored, storable
from tokkatot.cloud.telemetry.live import keep_live
from tokkatot.cloud.telemetry.store import ReadingStore
from tokkatot.domain.ids import FarmId, HouseId, HubId
from tokkatot.kit.clock import Clock
from tokkatot.wire.cursor import MAX_RAW_CHARS, Cursor, RefusedRow
from tokkatot.wire.messages import Hello, Live, ReadingRow, Row, StreamName
from tokkatot.wire.session_cloud import SILENT_AFTER_S, Peer

SEEN_EVERY = timedelta(seconds=5)
"""`hubs.last_seen_at` is written no oftener; a hub counts as silent only after 45 s."""

_HUBS_SQL = """
SELECT h.id, h.farm_id, h.house_id, h.desired_version, l.session, l.boot, l.mono_ms
FROM hubs h LEFT JOIN hub_links l ON l.hub_id = h.id
WHERE h.id = ANY(%s) AND h.revoked_at IS NULL
"""
# One statement, for a rush pays for each: what cursors are is read once whoever holds them is done.
_HOLD_SQL = """
WITH wanted AS (
  SELECT * FROM unnest(%b::uuid[], %b::text[], %b::text[]) AS w (hub_id, stream, epoch)
), held AS (
  SELECT hub_id, stream, epoch, seq, join_through, mark FROM hub_cursors
  WHERE (hub_id, stream, epoch) IN (SELECT hub_id, stream, epoch FROM wanted)
  ORDER BY hub_id, stream, epoch FOR UPDATE
)
SELECT h.id, h.farm_id, h.house_id, h.desired_version, l.session, l.boot, l.mono_ms,
  c.stream, c.epoch, c.seq, c.join_through, c.mark
FROM hubs h LEFT JOIN hub_links l ON l.hub_id = h.id LEFT JOIN held c ON c.hub_id = h.id
WHERE h.id IN (SELECT hub_id FROM wanted) AND h.revoked_at IS NULL
"""
_LOCK_HUB_SQL = "SELECT id FROM hubs WHERE id = %s FOR NO KEY UPDATE"
_LOCK_CURSORS_SQL = """
SELECT hub_id, stream, epoch, seq, join_through, mark FROM hub_cursors
WHERE (hub_id, stream, epoch) IN (SELECT * FROM unnest(%b::uuid[], %b::text[], %b::text[]))
ORDER BY hub_id, stream, epoch FOR UPDATE
"""
_NEWEST_EPOCH_SQL = """
SELECT epoch FROM hub_cursors WHERE hub_id = %s AND stream = %s ORDER BY opened_at DESC LIMIT 1
"""
_MOVE_CURSORS_SQL = """
INSERT INTO hub_cursors (hub_id, stream, epoch, seq, join_through, mark, opened_at, moved_at)
SELECT hub_id, stream, epoch, seq, join_through, mark, %s, %s
FROM unnest(%b::uuid[], %b::text[], %b::text[], %b::bigint[], %b::bigint[], %b::text[])
AS c (hub_id, stream, epoch, seq, join_through, mark)
ON CONFLICT (hub_id, stream, epoch) DO UPDATE SET seq = excluded.seq,
join_through = excluded.join_through, mark = excluded.mark, moved_at = excluded.moved_at
"""
_QUARANTINE_SQL = """
INSERT INTO quarantined_rows (hub_id, stream, epoch, seq, raw, reason, received_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""


class PostgresStore(SyncStore):
    """Keeps everything in PostgreSQL."""

    def __init__(self, database: Database, readings: ReadingStore, *, clock: Clock) -> None:
        self._database = database
        self._intake = Intake(readings, clock=clock)
        self._seen: dict[HubId, datetime] = {}

    @override
    async def prepare(self, rows: Iterable[ReadingRow]) -> None:
        await self._intake.prepare(rows)

    @override
    def transaction(
        self, *, cautious: bool = False
    ) -> AbstractAsyncContextManager[SyncTransaction]:
        return self._transaction(cautious=cautious)

    @asynccontextmanager
    async def _transaction(self, *, cautious: bool) -> AsyncIterator[SyncTransaction]:
        try:
            async with self._database.transaction() as tx:
                connection = await tx.psycopg()
                transaction = PostgresTransaction(
                    tx, connection, self._intake, seen=self._seen, cautious=cautious
                )
                yield transaction
        except BaseException as error:  # whatever it was: nothing of it is remembered
            self._intake.forget()
            self._seen.clear()
            if _is_refusal(error):
                raise RowRefused(str(error)) from error
            raise
        if transaction.stored is not None:
            self._intake.committed(transaction.stored)


class PostgresTransaction(SyncTransaction):
    """One transaction; the hot statements go to the driver directly."""

    def __init__(
        self,
        tx: Transaction,
        connection: psycopg.AsyncConnection,
        intake: Intake,
        *,
        seen: dict[HubId, datetime],
        cautious: bool,
    ) -> None:
        self._tx = tx
        self._connection = connection
        self._intake = intake
        self._seen = seen
        self._cautious = cautious
        self.stored: Stored | None = None

    @override
    async def hold(self, keys: Iterable[CursorKey]) -> Held:
        hubs: dict[HubId, HubRecord] = {}
        cursors: dict[CursorKey, Cursor] = {}
        found = await self._connection.execute(_HOLD_SQL, _columns(keys))
        for *of_hub, stream, epoch, seq, join_through, mark in await found.fetchall():
            hub = _hub(*of_hub)
            hubs[hub.hub_id] = hub
            if stream is not None:
                key = CursorKey(hub_id=hub.hub_id, stream=stream, epoch=epoch)
                cursors[key] = Cursor(epoch=epoch, seq=seq, join_through=join_through, mark=mark)
        return Held(hubs=hubs, cursors=cursors)

    @override
    async def hubs(self, ids: Iterable[HubId]) -> Mapping[HubId, HubRecord]:
        found = await self._connection.execute(_HUBS_SQL, (list(ids),))
        hubs = [_hub(*row) for row in await found.fetchall()]
        return {hub.hub_id: hub for hub in hubs}

    @override
    async def lock_hub(self, hub_id: HubId) -> HubRecord | None:
        await self._connection.execute(_LOCK_HUB_SQL, (hub_id,))
        return (await self.hubs([hub_id])).get(hub_id)

    @override
    async def open_session(self, hub: HubRecord, peer: Peer, hello: Hello) -> None:
        await self._tx.session.execute(
            text(
                "INSERT INTO hub_links (hub_id, session, boot, mono_ms, opened_at, online)"
                " VALUES (:hub, :session, :boot, :mono_ms, :now, false)"
                " ON CONFLICT (hub_id) DO UPDATE SET session = excluded.session,"
                " boot = excluded.boot, mono_ms = excluded.mono_ms,"
                " opened_at = CASE WHEN hub_links.session = excluded.session"
                " THEN hub_links.opened_at ELSE excluded.opened_at END"
            ),
            {
                "hub": hub.hub_id,
                "session": peer.session,
                "boot": storable(peer.boot),
                "mono_ms": peer.mono_ms,
                "now": self._tx.now,
            },
        )
        await self._tx.session.execute(
            # After a restore the cloud goes on above the version that the hub holds. A greeting
            # that comes again on its way says what was so before what was told since.
            text(
                "UPDATE hubs SET software = :software, held_version ="
                " CASE WHEN :again THEN greatest(held_version, :held) ELSE :held END,"
                " addresses = CAST(:addresses AS jsonb), desired_version ="
                " CASE WHEN desired_version < :held THEN :held + 1 ELSE desired_version END"
                " WHERE id = :hub"
            ),
            {
                "hub": hub.hub_id,
                "software": storable(hello.software),
                "held": hello.desired_version,
                "again": peer == hub.peer,
                "addresses": msgspec.json.encode(hello.addresses).decode(),
            },
        )
        self._seen.pop(hub.hub_id, None)
        await self._see(hub)

    @override
    async def newest_epoch(self, hub_id: HubId, stream: StreamName) -> str | None:
        cursor = await self._connection.execute(_NEWEST_EPOCH_SQL, (hub_id, stream))
        row = await cursor.fetchone()
        return None if row is None else str(row[0])

    @override
    async def lock_cursors(self, keys: Iterable[CursorKey]) -> Mapping[CursorKey, Cursor]:
        cursor = await self._connection.execute(_LOCK_CURSORS_SQL, _columns(keys))
        return {
            CursorKey(hub_id=HubId(hub_id), stream=stream, epoch=epoch): Cursor(
                epoch=epoch, seq=seq, join_through=join_through, mark=mark
            )
            for hub_id, stream, epoch, seq, join_through, mark in await cursor.fetchall()
        }

    @override
    async def move_cursors(self, cursors: Mapping[CursorKey, Cursor]) -> None:
        moved = sorted(
            cursors.items(), key=lambda pair: (pair[0].hub_id, pair[0].stream, pair[0].epoch)
        )
        await self._connection.execute(
            _MOVE_CURSORS_SQL,
            (
                self._tx.now,
                self._tx.now,
                [key.hub_id for key, _ in moved],
                [key.stream for key, _ in moved],
                [key.epoch for key, _ in moved],
                [cursor.seq for _, cursor in moved],
                [cursor.join_through for _, cursor in moved],
                [cursor.mark for _, cursor in moved],
            ),
        )

    @override
    async def quarantine(self, key: CursorKey, rows: Sequence[RefusedRow]) -> None:
        async with self._connection.cursor() as cursor:
            await cursor.executemany(
                _QUARANTINE_SQL,
                [
                    (
                        key.hub_id,
                        key.stream,
                        key.epoch,
                        row.seq,
                        storable(row.raw, limit=MAX_RAW_CHARS),
                        storable(row.reason, limit=MAX_RAW_CHARS),
                        self._tx.now,
                    )
                    for row in rows
                ],
            )

    @override
    async def add_readings(self, batches: Sequence[HubReadings]) -> None:
        assert self.stored is None, "readings are stored once a transaction"
        self.stored = await self._intake.store(self._tx, batches)

    @override
    async def add_rows(
        self, hub: HubRecord, rows: Sequence[Row], *, join: bool
    ) -> Sequence[RefusedRow]:
        add = add_each if self._cautious else add_together
        return await add(self._tx, hub, rows, join=join)

    @override
    async def keep_live(self, hub: HubRecord, live: Live) -> None:
        await keep_live(self._tx, hub_id=hub.hub_id, farm_id=hub.farm_id, live=live)
        await self._see(hub)

    async def _see(self, hub: HubRecord) -> None:
        """Note that a hub was heard, and tell listeners where it was thought to be away."""
        seen = self._seen.get(hub.hub_id)
        if seen is not None and self._tx.now - seen < SEEN_EVERY:
            return
        self._seen[hub.hub_id] = self._tx.now
        back = await self._tx.session.scalar(
            text(
                "WITH seen AS (UPDATE hubs SET last_seen_at = :now WHERE id = :hub)"
                " UPDATE hub_links SET online = true WHERE hub_id = :hub AND NOT online"
                " RETURNING hub_id"
            ),
            {"now": self._tx.now, "hub": hub.hub_id},
        )
        if back is not None:
            self._tx.emit(hub.farm_id, "farm.changed", {"what": "hub", "id": str(hub.hub_id)})


def _columns(keys: Iterable[CursorKey]) -> tuple[list[HubId], list[StreamName], list[str]]:
    """Return keys as three arrays for a statement."""
    wanted = list(keys)
    return (
        [key.hub_id for key in wanted],
        [key.stream for key in wanted],
        [key.epoch for key in wanted],
    )


def _hub(
    hub_id: UUID,
    farm_id: UUID,
    house_id: UUID | None,
    version: int,
    session: str | None,
    boot: str,
    mono_ms: int,
) -> HubRecord:
    return HubRecord(
        hub_id=HubId(hub_id),
        farm_id=FarmId(farm_id),
        house_id=None if house_id is None else HouseId(house_id),
        desired_version=version,
        peer=None if session is None else Peer(session=session, boot=boot, mono_ms=mono_ms),
    )


async def mark_silent(tx: Transaction) -> None:
    """Tell listeners of hubs that were not heard for so long that they are offline."""
    rows = await tx.session.execute(
        text(
            "UPDATE hub_links l SET online = false FROM hubs h"
            " WHERE h.id = l.hub_id AND l.online AND h.last_seen_at < :since"
            " RETURNING h.id, h.farm_id"
        ),
        {"since": tx.now - timedelta(seconds=SILENT_AFTER_S)},
    )
    gone: list[tuple[UUID, UUID]] = [(hub_id, farm_id) for hub_id, farm_id in rows]
    for hub_id, farm_id in gone:
        tx.emit(FarmId(farm_id), "farm.changed", {"what": "hub", "id": str(hub_id)})


def _is_refusal(error: BaseException) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(
        cause, (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.UntranslatableCharacter)
    )
