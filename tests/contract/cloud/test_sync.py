"""The sync service over each of its stores: what counts as received, and what a crash leaves."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.support.cloud import Cloud
from tests.support.stores import readings_in_influx
from tests.support.yard import EPOCH, OTHER_EPOCH, Row, Yard, batch, make_yard, ms
from tokkatot.cloud.sync.memory import MemoryStore
from tokkatot.cloud.sync.postgres import PostgresStore
from tokkatot.cloud.sync.service import Incoming, Outgoing, SyncService
from tokkatot.cloud.sync.store import HubRecord, SyncStore, SyncTransaction
from tokkatot.cloud.telemetry.store import Span
from tokkatot.kit.clock import from_ms
from tokkatot.wire.messages import NO_SESSION, Ack, Live, Welcome, decode
from tokkatot.wire.topics import HubLeaf


class PowerCut(Exception):
    """The process dies at a statement."""


@dataclass
class Bench:
    """A service over one store, with a way to see what is stored."""

    store: SyncStore
    service: SyncService
    yard: Yard
    neighbour: Yard
    values: Callable[[], Awaitable[list[float]]]
    quarantined: Callable[[], Awaitable[list[tuple[int, str]]]]
    refused: Callable[[], Awaitable[list[tuple[str, str]]]]
    may_stay: set[float]
    """Values that a transaction without an end may leave behind, to be written over."""
    now_ms: int

    async def welcome(
        self,
        yard: Yard | None = None,
        *,
        epoch: str = EPOCH,
        next_seq: int = 1,
        mono_ms: int = 1,
    ) -> Welcome:
        """Say hello as a hub and return the answer."""
        yard = yard or self.yard
        hello = yard.hello(epoch=epoch, next_seq=next_seq, mono_ms=mono_ms)
        answers = await self.service.hello(yard.topic(HubLeaf.HELLO), hello)
        return decode(answers[0].payload, Welcome)

    async def send(
        self,
        session: str,
        first: int,
        rows: list[Row],
        *,
        stream: str = "readings",
        epoch: str = EPOCH,
        yard: Yard | None = None,
    ) -> Ack | None:
        """Send one batch and return the answer, None where there is none."""
        answers = await self.service.batches(
            [self.incoming(session, first, rows, stream=stream, epoch=epoch, yard=yard)]
        )
        return acks(answers)[0] if answers else None

    def incoming(
        self,
        session: str,
        first: int,
        rows: list[Row],
        *,
        stream: str = "readings",
        epoch: str = EPOCH,
        yard: Yard | None = None,
    ) -> Incoming:
        """Return a batch with its topic."""
        topic = (yard or self.yard).topic(HubLeaf.UP)
        up = batch(session, stream, first, rows, epoch=epoch)  # type: ignore[arg-type]  # a word
        return Incoming(topic=topic, up=up)

    def rows(self, first: int, last: int) -> list[Row]:
        """Return readings whose values are their numbers."""
        return [
            self.yard.reading(seq, self.now_ms + seq * 1000, float(seq))
            for seq in range(first, last + 1)
        ]


def acks(answers: object) -> list[Ack]:
    assert isinstance(answers, (list, tuple))
    return [decode(answer.payload, Ack) for answer in answers if isinstance(answer, Outgoing)]


STORES = (
    "memory",
    "postgresql",
    pytest.param("influxdb", marks=pytest.mark.needs("influxd")),
)


@pytest.fixture(params=STORES)
async def bench(request: pytest.FixtureRequest, cloud: Cloud) -> AsyncIterator[Bench]:
    if request.param != "influxdb":
        yield await make_bench(request.param, cloud)
        return
    async with readings_in_influx(cloud, request.getfixturevalue("influx_url")):
        yield await make_bench(request.param, cloud)


async def make_bench(kind: str, cloud: Cloud) -> Bench:
    database = cloud.context.database
    yard = await make_yard(database)
    neighbour = await make_yard(database, number=2)
    now_ms = ms(cloud.clock.now()) - 3_600_000
    sessions = iter(f"session-{n}" for n in range(1000))
    store: SyncStore
    if kind == "memory":
        memory = MemoryStore()
        for each in (yard, neighbour):
            memory.kept.hubs[each.hub_id] = HubRecord(
                hub_id=each.hub_id, farm_id=each.farm_id, desired_version=1, peer=None
            )

        async def values() -> list[float]:
            return sorted(row.value for _, row in memory.kept.readings)

        async def quarantined() -> list[tuple[int, str]]:
            return [(row.seq, row.raw) for _, row in memory.kept.quarantined]

        async def refused() -> list[tuple[str, str]]:
            return [(value.raw, value.reason) for _, value in memory.kept.refused]

        store = memory
    else:
        store = PostgresStore(database, cloud.readings, clock=cloud.clock)

        async def values() -> list[float]:
            span = Span(start=from_ms(0), end=cloud.clock.now() + timedelta(days=1))
            async with database.transaction() as tx:
                series = (await tx.session.scalars(text("SELECT id FROM series"))).all()
                found = await cloud.readings.within(tx).read(series, span)
            return sorted(value for one in found.values() for value in one.value.tolist())

        async def quarantined() -> list[tuple[int, str]]:
            return await select("SELECT seq, raw FROM quarantined_rows ORDER BY id")

        async def refused() -> list[tuple[str, str]]:
            return await select("SELECT raw, reason FROM refused_readings ORDER BY id")

        async def select(sql: str) -> list[tuple]:  # type: ignore[type-arg]  # any columns
            async with database.transaction() as tx:
                return [tuple(row) for row in await tx.session.execute(text(sql))]

    service = SyncService(store, clock=cloud.clock, new_session=lambda: next(sessions))
    return Bench(
        store=store,
        service=service,
        yard=yard,
        neighbour=neighbour,
        values=values,
        quarantined=quarantined,
        refused=refused,
        may_stay={1.0, 2.0} if kind == "influxdb" else set(),
        now_ms=now_ms,
    )


async def test_a_batch_is_stored_and_then_acknowledged(bench: Bench) -> None:
    session = (await bench.welcome()).session
    answer = await bench.send(session, 1, bench.rows(1, 5))
    assert answer is not None
    assert (answer.acked_through, answer.epoch, answer.quarantined) == (5, EPOCH, 0)
    assert await bench.values() == [1, 2, 3, 4, 5]


async def test_a_batch_that_comes_twice_is_stored_once(bench: Bench) -> None:
    session = (await bench.welcome()).session
    await bench.send(session, 1, bench.rows(1, 5))
    again = await bench.send(session, 1, bench.rows(1, 5))
    assert again is not None
    assert again.acked_through == 5
    assert await bench.values() == [1, 2, 3, 4, 5]


async def test_a_batch_twice_in_one_group_is_stored_once(bench: Bench) -> None:
    session = (await bench.welcome()).session
    item = bench.incoming(session, 1, bench.rows(1, 3))
    more = bench.incoming(session, 2, bench.rows(2, 5))
    answers = await bench.service.batches([item, item, more])
    assert [answer.acked_through for answer in acks(answers)] == [3, 3, 5]
    assert await bench.values() == [1, 2, 3, 4, 5]


async def test_a_batch_ahead_of_the_cursor_is_asked_for_again(bench: Bench) -> None:
    session = (await bench.welcome()).session
    await bench.send(session, 1, bench.rows(1, 2))
    early = await bench.send(session, 4, bench.rows(4, 5))
    assert early is not None
    assert early.acked_through == 2
    await bench.send(session, 3, bench.rows(3, 5))
    assert await bench.values() == [1, 2, 3, 4, 5]


async def test_an_overlapping_batch_brings_only_what_is_new(bench: Bench) -> None:
    session = (await bench.welcome()).session
    await bench.send(session, 1, bench.rows(1, 3))
    await bench.send(session, 2, bench.rows(2, 6))
    assert await bench.values() == [1, 2, 3, 4, 5, 6]


async def test_two_hubs_share_a_transaction_and_keep_their_own_cursors(bench: Bench) -> None:
    mine, theirs = await bench.welcome(), await bench.welcome(bench.neighbour)
    rows = [bench.neighbour.reading(1, bench.now_ms, 50.0)]
    answers = await bench.service.batches(
        [
            bench.incoming(mine.session, 1, bench.rows(1, 3)),
            bench.incoming(theirs.session, 1, rows, yard=bench.neighbour),
        ]
    )
    assert [answer.acked_through for answer in acks(answers)] == [3, 1]
    assert await bench.values() == [1, 2, 3, 50]


async def test_a_welcome_says_how_far_each_stream_is_stored(bench: Bench) -> None:
    session = (await bench.welcome()).session
    await bench.send(session, 1, bench.rows(1, 7))
    welcome = await bench.welcome(next_seq=8, mono_ms=2)
    assert welcome.readings is not None
    assert welcome.events is not None
    assert (welcome.readings.seq, welcome.events.seq) == (7, 0)
    assert welcome.session != session


async def test_a_batch_of_an_older_session_is_answered_by_asking_for_a_hello(bench: Bench) -> None:
    old = (await bench.welcome()).session
    await bench.welcome(mono_ms=2)
    answers = await bench.service.batches([bench.incoming(old, 1, bench.rows(1, 2))])
    assert [answer.topic for answer in answers] == [bench.yard.topic(HubLeaf.WELCOME)]
    assert decode(answers[0].payload, Welcome).session == NO_SESSION
    assert await bench.values() == []
    assert bench.service.tally.stale == 1


async def test_a_hello_that_comes_again_takes_back_nothing_that_was_told_since(
    cloud: Cloud,
) -> None:
    bench = await make_bench("postgresql", cloud)

    async def held() -> int:
        async with cloud.context.database.transaction() as tx:
            found = await tx.session.execute(
                text("SELECT held_version FROM hubs WHERE id = :hub"), {"hub": bench.yard.hub_id}
            )
            return int(found.scalar_one())

    session = (await bench.welcome(mono_ms=1)).session
    taken: list[Row] = [[1, "e", bench.now_ms, "desired.taken", {"version": 7}]]
    assert await bench.send(session, 1, taken, stream="events") is not None
    assert await held() == 7
    assert (await bench.welcome(mono_ms=1)).session == session
    assert await held() == 7
    assert (await bench.welcome(mono_ms=2)).session != session
    assert await held() == 0, "a hub that begins again may have an older card"


async def test_a_snapshot_of_an_older_session_is_answered_by_asking_for_a_hello(
    bench: Bench,
) -> None:
    live = Live(session="before", t=bench.now_ms, readings=[], devices=[])
    answers = await bench.service.live(bench.yard.topic(HubLeaf.LIVE), live)
    assert [decode(answer.payload, Welcome).session for answer in answers] == [NO_SESSION]


async def live_t(bench: Bench, cloud: Cloud) -> int:
    """Return when what is known of the hub was so."""
    if isinstance(bench.store, MemoryStore):
        return bench.store.kept.live[bench.yard.hub_id].t
    async with cloud.context.database.transaction() as tx:
        body = await tx.session.scalar(text("SELECT body FROM live_snapshots"))
    return decode(body, Live).t


async def test_a_snapshot_that_was_overtaken_replaces_no_newer_one(
    bench: Bench, cloud: Cloud
) -> None:
    topic = bench.yard.topic(HubLeaf.LIVE)
    session = (await bench.welcome()).session
    for t in (bench.now_ms, bench.now_ms - 1):
        await bench.service.live(topic, Live(session=session, t=t, readings=[], devices=[]))
    assert await live_t(bench, cloud) == bench.now_ms


async def test_a_hub_whose_clock_was_set_back_is_believed_in_its_next_session(
    bench: Bench, cloud: Cloud
) -> None:
    topic = bench.yard.topic(HubLeaf.LIVE)
    for number, back_ms in enumerate((0, 5_000), start=1):
        session = (await bench.welcome(mono_ms=number)).session
        live = Live(session=session, t=bench.now_ms - back_ms, readings=[], devices=[])
        await bench.service.live(topic, live)
    assert await live_t(bench, cloud) == bench.now_ms - 5_000


async def test_a_stranger_in_an_older_session_hears_nothing(bench: Bench) -> None:
    live = Live(session="before", t=bench.now_ms, readings=[], devices=[])
    topic = replace(bench.yard.topic(HubLeaf.LIVE), farm_id=bench.neighbour.farm_id)
    assert await bench.service.live(topic, live) == []


async def test_a_hub_on_another_farms_topic_is_not_heard(bench: Bench) -> None:
    session = (await bench.welcome()).session
    item = bench.incoming(session, 1, bench.rows(1, 2))
    elsewhere = Yard(
        farm_id=bench.neighbour.farm_id,
        house_id=bench.yard.house_id,
        hub_id=bench.yard.hub_id,
        sensor=bench.yard.sensor,
        pump=bench.yard.pump,
    )
    assert await bench.service.hello(elsewhere.topic(HubLeaf.HELLO), bench.yard.hello()) == ()
    foreign = Incoming(topic=elsewhere.topic(HubLeaf.UP), up=item.up)
    assert list(await bench.service.batches([foreign])) == []
    assert await bench.values() == []


async def test_a_row_that_cannot_be_read_is_put_aside_and_counts_as_received(bench: Bench) -> None:
    session = (await bench.welcome()).session
    rows = [*bench.rows(1, 1), [2, "?", "nonsense"], *bench.rows(3, 3)]
    answer = await bench.send(session, 1, rows)
    assert answer is not None
    assert (answer.acked_through, answer.quarantined) == (3, 1)
    assert await bench.quarantined() == [(2, '[2,"?","nonsense"]')]
    assert await bench.values() == [1, 3]


async def test_a_value_that_is_no_number_is_listed_as_refused(bench: Bench) -> None:
    session = (await bench.welcome()).session
    rows = [*bench.rows(1, 1), bench.yard.reading(2, bench.now_ms, None)]
    answer = await bench.send(session, 1, rows)
    assert answer is not None
    assert (answer.acked_through, answer.quarantined) == (2, 0)
    assert await bench.refused() == [("", "missing")]
    assert await bench.values() == [1]


async def test_what_a_hub_refused_is_listed_with_its_reason(bench: Bench) -> None:
    session = (await bench.welcome()).session
    told = {
        "device": str(bench.yard.sensor),
        "quantity": "temperature",
        "t": bench.now_ms,
        "raw": "#REF!",
        "reason": "not_a_number",
    }
    rows: list[Row] = [[1, "e", bench.now_ms, "reading.refused", told], *bench.rows(2, 2)]
    await bench.send(session, 1, rows)
    assert await bench.refused() == [("#REF!", "not_a_number")]
    assert await bench.values() == [2]


async def test_a_new_epoch_adds_only_what_an_earlier_one_has_not_brought(bench: Bench) -> None:
    session = (await bench.welcome()).session
    await bench.send(session, 1, bench.rows(1, 6))
    # The card is an old image: it numbers anew what it held, some of it stored already.
    session = (await bench.welcome(epoch=OTHER_EPOCH, next_seq=6, mono_ms=2)).session
    rows = [
        bench.yard.reading(seq, bench.now_ms + (seq + 3) * 1000, float(seq + 3))
        for seq in range(1, 6)
    ]
    answer = await bench.send(session, 1, rows, epoch=OTHER_EPOCH)
    assert answer is not None
    assert (answer.epoch, answer.acked_through) == (OTHER_EPOCH, 5)
    assert await bench.values() == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("bench", ["memory", "postgresql"], indirect=True)
@pytest.mark.parametrize("is_clock_set", [True, False])
async def test_another_life_of_a_hub_may_measure_at_the_same_time_once_more(
    bench: Bench, is_clock_set: bool
) -> None:
    # Without a clock, times count from each start; a clock that is set back lives them again.
    t_ms = bench.now_ms if is_clock_set else 45_423
    session = (await bench.welcome()).session
    await bench.send(session, 1, [bench.yard.reading(1, t_ms, 7.0)])
    session = (await bench.welcome(epoch=OTHER_EPOCH, next_seq=3, mono_ms=2)).session
    rows: list[Row] = [bench.yard.reading(n, t_ms, value) for n, value in ((1, 7.0), (2, 8.0))]
    await bench.send(session, 1, rows, epoch=OTHER_EPOCH)
    # Of a time that can't be right nothing is a reading of PostgreSQL's; it is listed.
    listed = [float(raw) for raw, _ in await bench.refused()]
    assert [*await bench.values(), *listed] == [7, 8]


STATEMENTS = ("hold", "add_rows", "quarantine", "add_readings", "move_cursors")


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("statement", STATEMENTS)
async def test_a_crash_at_any_statement_leaves_nothing_or_is_made_good(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, statement: str, moment: str
) -> None:
    session = (await bench.welcome()).session
    rows: list[Row] = [
        *bench.rows(1, 2),
        [3, "?", "nonsense"],
        [4, "e", bench.now_ms, "door.opened", {}],
    ]
    with monkeypatch.context() as patch:
        transaction = bench.store.transaction
        patch.setattr(
            bench.store,
            "transaction",
            lambda *, cautious=False: _cut(transaction(cautious=cautious), statement, moment),
        )
        with pytest.raises(PowerCut):
            await bench.send(session, 1, rows)
    assert set(await bench.values()) <= bench.may_stay
    assert await bench.quarantined() == []
    answer = await bench.send(session, 1, rows)
    assert answer is not None
    assert (answer.acked_through, answer.quarantined) == (4, 1)
    assert await bench.values() == [1, 2]
    assert len(await bench.quarantined()) == 1


async def test_a_crash_after_the_commit_and_before_the_answer_doubles_nothing(
    bench: Bench,
) -> None:
    session = (await bench.welcome()).session
    await bench.send(session, 1, bench.rows(1, 4))  # committed; the answer is lost with the process
    session = (await bench.welcome(next_seq=5, mono_ms=2)).session
    again = await bench.send(session, 1, bench.rows(1, 4))
    assert again is not None
    assert again.acked_through == 4
    assert await bench.values() == [1, 2, 3, 4]


@asynccontextmanager
async def _cut(transaction: object, statement: str, moment: str) -> AsyncIterator[object]:
    """Die at one statement of a transaction."""
    async with transaction as tx:  # type: ignore[attr-defined]  # a transaction's context
        yield _Dying(tx, statement, moment)


class _Dying:
    def __init__(self, inner: SyncTransaction, statement: str, moment: str) -> None:
        self._inner = inner
        self._statement = statement
        self._moment = moment

    def __getattr__(self, name: str) -> object:
        real = getattr(self._inner, name)
        if name != self._statement:
            return real

        async def dying(*args: object, **kwargs: object) -> object:
            if self._moment == "after":
                await real(*args, **kwargs)
            raise PowerCut

        return dying


async def test_text_that_the_database_cannot_hold_stops_no_stream(bench: Bench) -> None:
    session = (await bench.welcome()).session
    rows: list[Row] = [
        [1, "e", bench.now_ms, "door.opened", {"by": "a\x00b"}],
        [2, "e", bench.now_ms, "door.closed", {}],
        [3, "c", str(uuid4()), bench.now_ms, "failed", "a\x00b", str(bench.yard.pump), None, 0.0],
    ]
    answer = await bench.send(session, 1, rows, stream="events")
    assert answer is not None
    assert (answer.acked_through, bench.service.tally.stale) == (3, 0)
