"""What the cloud answers to a hub, decided over a store and without a broker."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tokkatot.cloud.sync.refusals import refused_value
from tokkatot.cloud.sync.store import CursorKey, HubRecord, RowRefused, SyncStore, SyncTransaction
from tokkatot.cloud.telemetry.intake import HubReadings, RefusedValue
from tokkatot.domain.ids import HubId
from tokkatot.kit.clock import Clock
from tokkatot.wire.cursor import Cursor, Receipt, RefusedRow, Verdict, ack, open_cursor, receive
from tokkatot.wire.messages import (
    EventRow,
    Hello,
    Live,
    ReadingRow,
    ReadingsUp,
    Row,
    StreamName,
    StreamPosition,
    Up,
    encode,
)
from tokkatot.wire.session_cloud import ask_for_hello, greet, is_current, welcome
from tokkatot.wire.topics import HubLeaf, HubTopic

READING_REFUSED = "reading.refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to publish."""

    topic: HubTopic
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A batch with the topic that it came on."""

    topic: HubTopic
    up: Up | ReadingsUp

    @property
    def key(self) -> CursorKey:
        """Return the cursor that the batch moves."""
        return CursorKey(hub_id=self.topic.hub_id, stream=self.up.stream, epoch=self.up.epoch)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What has been counted since the start."""

    readings: int = 0
    rows: int = 0
    quarantined: int = 0
    refused: int = 0
    stale: int = 0
    """Messages of another session, of a hub that is not in service, or on another farm's topic."""


class SyncService:
    """Takes what hubs say and returns what to answer, once it is committed."""

    def __init__(self, store: SyncStore, *, clock: Clock, new_session: Callable[[], str]) -> None:
        self._store = store
        self._clock = clock
        self._new_session = new_session
        self.tally = Tally()

    async def hello(self, topic: HubTopic, hello: Hello) -> Sequence[Outgoing]:
        """Open a session, or name the one that is open."""
        if hello.hub != topic.hub_id:
            self.tally.stale += 1
            return ()
        async with self._store.transaction() as tx:
            hub = await tx.lock_hub(topic.hub_id)
            if hub is None or hub.farm_id != topic.farm_id:
                self.tally.stale += 1
                return ()
            peer = greet(hub.peer, hello, new_session=self._new_session())
            if peer is None:
                self.tally.stale += 1
                return ()
            events = await _open(tx, hub, "events", hello.events)
            readings = await _open(tx, hub, "readings", hello.readings)
            await tx.open_session(hub, peer, hello)
        answer = welcome(
            peer,
            now_ms=self._clock.now_ms(),
            events=events,
            readings=readings,
            desired_version=hub.desired_version,
        )
        return (Outgoing(topic=replace(topic, leaf=HubLeaf.WELCOME), payload=encode(answer)),)

    async def batches(self, incoming: Sequence[Incoming]) -> Sequence[Outgoing]:
        """Store batches of any hubs together; an answer means that all before it is durable."""
        await self._store.prepare(_readings_of(incoming))
        try:
            return await self._store_batches(incoming, cautious=False)
        except RowRefused:
            return await self._store_batches(incoming, cautious=True)

    async def live(self, topic: HubTopic, live: Live) -> Sequence[Outgoing]:
        """Keep what is so now at a hub."""
        async with self._store.transaction() as tx:
            hub = (await tx.hubs([topic.hub_id])).get(topic.hub_id)
            if hub is not None and _speaks_now(hub, topic, live.session):
                await tx.keep_live(hub, live)
                return ()
        self.tally.stale += 1
        return self._ask_for_hellos({topic}, {topic.hub_id: hub} if hub is not None else {})

    def _ask_for_hellos(
        self, topics: Iterable[HubTopic], hubs: Mapping[HubId, HubRecord]
    ) -> Sequence[Outgoing]:
        """Ask hubs whose session is over to begin another; strangers hear nothing."""
        again = encode(ask_for_hello(now_ms=self._clock.now_ms()))
        return [
            Outgoing(topic=topic, payload=again)
            for topic in sorted({replace(topic, leaf=HubLeaf.WELCOME) for topic in topics}, key=str)
            if (hub := hubs.get(topic.hub_id)) is not None and hub.farm_id == topic.farm_id
        ]

    async def _store_batches(
        self, incoming: Sequence[Incoming], *, cautious: bool
    ) -> Sequence[Outgoing]:
        answers: list[Outgoing] = []
        counted = Tally()
        async with self._store.transaction(cautious=cautious) as tx:
            held = await tx.hold({item.key for item in incoming})
            hubs, cursors = held.hubs, dict(held.cursors)
            current: list[Incoming] = []
            stale: list[HubTopic] = []
            for item in incoming:
                if _speaks_now(hubs.get(item.topic.hub_id), item.topic, item.up.session):
                    current.append(item)
                else:
                    stale.append(item.topic)
            counted.stale += len(stale)
            answers.extend(self._ask_for_hellos(stale, hubs))
            work = _Work(hubs=hubs, cursors=cursors, counted=counted)
            for item in current:
                receipt = receive(cursors.get(item.key, Cursor(epoch=item.up.epoch)), item.up)
                if receipt.verdict is Verdict.STORE:
                    receipt = await work.take(tx, item, receipt)
                answers.append(
                    Outgoing(
                        topic=replace(item.topic, leaf=HubLeaf.ACK),
                        payload=encode(ack(receipt, item.up)),
                    )
                )
            await work.finish(tx)
        self._count(counted)
        return answers

    def _count(self, counted: Tally) -> None:
        self.tally.readings += counted.readings
        self.tally.rows += counted.rows
        self.tally.quarantined += counted.quarantined
        self.tally.refused += counted.refused
        self.tally.stale += counted.stale


class _Work:
    """Gathers what one transaction stores, so that readings of many batches go in one copy."""

    def __init__(
        self,
        *,
        hubs: Mapping[HubId, HubRecord],
        cursors: dict[CursorKey, Cursor],
        counted: Tally,
    ) -> None:
        self._hubs = hubs
        self._cursors = cursors
        self._counted = counted
        self._moved: dict[CursorKey, Cursor] = {}
        self._readings: list[HubReadings] = []

    async def take(self, tx: SyncTransaction, item: Incoming, receipt: Receipt) -> Receipt:
        """Store the rows of a batch but its readings, which wait for `finish`."""
        hub = self._hubs[item.topic.hub_id]
        rows: list[Row] = list(receipt.own_gaps)
        refused: list[RefusedRow] = []
        values: list[RefusedValue] = []
        for row in receipt.rows:
            value = refused_value(row) if _is_refusal(row) else None
            if value is None:
                rows.append(row)
            else:
                values.append(value)
        for bad in receipt.refused:
            value = refused_value(bad) if item.up.stream == "readings" else None
            if value is None:
                refused.append(bad)
            else:
                values.append(value)
        if rows:
            refused.extend(await tx.add_rows(hub, rows, join=receipt.join))
        if refused:
            await tx.quarantine(item.key, refused)
        if receipt.readings or values:
            self._readings.append(
                HubReadings(
                    farm_id=hub.farm_id,
                    hub_id=hub.hub_id,
                    version=hub.desired_version,
                    readings=receipt.readings,
                    refused=values,
                    join=receipt.join,
                )
            )
        self._cursors[item.key] = self._moved[item.key] = receipt.cursor
        self._counted.rows += len(rows)
        self._counted.readings += len(receipt.readings)
        self._counted.refused += len(values)
        self._counted.quarantined += len(refused)
        return replace(receipt, refused=refused)

    async def finish(self, tx: SyncTransaction) -> None:
        """Store the readings and move the cursors."""
        if self._readings:
            await tx.add_readings(self._readings)
        if self._moved:
            await tx.move_cursors(self._moved)


async def _open(
    tx: SyncTransaction, hub: HubRecord, stream: StreamName, position: StreamPosition
) -> Cursor:
    key = CursorKey(hub_id=hub.hub_id, stream=stream, epoch=position.epoch)
    known = (await tx.lock_cursors([key])).get(key)
    newest = await tx.newest_epoch(hub.hub_id, stream)
    cursor = open_cursor(known, position, newest_epoch=newest)
    if cursor != known:
        await tx.move_cursors({key: cursor})
    return cursor


def _speaks_now(hub: HubRecord | None, topic: HubTopic, session: str) -> bool:
    return hub is not None and hub.farm_id == topic.farm_id and is_current(hub.peer, session)


def _is_refusal(row: Row) -> bool:
    return isinstance(row, EventRow) and row.type == READING_REFUSED


def _readings_of(incoming: Sequence[Incoming]) -> Sequence[ReadingRow]:
    """Return every reading that these batches may bring, new or not."""
    rows: list[ReadingRow] = []
    for item in incoming:
        if isinstance(item.up, ReadingsUp):
            rows.extend(item.up.rows)
        elif item.up.stream == "readings":
            before = Cursor(epoch=item.up.epoch, seq=max(item.up.first - 1, 0))
            rows.extend(receive(before, item.up).readings)
    return rows
