"""Readings of very many days at once: stored in turns, and no other farm waits for them."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from typing_extensions import override

from tests.support.cloud import Cloud
from tests.support.house import House
from tests.support.people import Json
from tests.support.shelf import HOUR_MS, shelf_of
from tests.support.yard import OTHER_EPOCH
from tokkatot.cloud.platform.database import Database, DatabaseLimits
from tokkatot.cloud.platform.listen import Subscriber
from tokkatot.cloud.platform.problems import Unavailable
from tokkatot.cloud.telemetry import partitions
from tokkatot.cloud.telemetry.blocks import Columns
from tokkatot.cloud.telemetry.folding import Folding
from tokkatot.cloud.telemetry.partitions import DAY_MS, FULL_CHANNEL, open_days
from tokkatot.cloud.telemetry.postgres import PostgresReadings, PostgresReadingStore
from tokkatot.cloud.telemetry.store import Span
from tokkatot.kit.clock import from_ms


async def post(house: House, days_ago: Sequence[int], *, status: int = 200, **more: object) -> Json:
    """Post a reading of each of some days."""
    now = house.cloud.clock.now()
    usual: Json = {"device_id": str(house.yard.sensor), "quantity": "temperature", "value": 20}
    readings = [usual | {"t": str(now - timedelta(days=days))} | more for days in days_ago]
    answer: Json = await house.cloud.post(
        f"{house.url}/readings", {"readings": readings}, house.owner, status=status
    )
    return answer


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few old days be open."""
    monkeypatch.setattr(partitions, "MAX_OLD_DAYS", 3)
    monkeypatch.setattr(partitions, "MAX_NEW_DAYS", 5)
    monkeypatch.setattr(partitions, "DAYS_AT_ONCE", 2)


async def test_what_is_refused_opens_no_day(house: House) -> None:
    before = await open_days(house.cloud.context.database)
    answer = await post(house, range(100, 110), device_id=str(UUID(int=9)))
    assert len(answer["refused"]) == 10
    await post(house, [200], value=999)
    assert await open_days(house.cloud.context.database) == before


@pytest.mark.usefixtures("few")
async def test_a_post_of_old_days_waits_until_others_are_packed(house: House) -> None:
    context = house.cloud.context
    folding = Folding(context, house.cloud.readings)
    assert (await post(house, range(100, 105)))["accepted"] == 5
    refused = await post(house, [300], status=503)
    assert refused["code"] == "unavailable"
    # Days that are open, and young ones, wait for nothing.
    assert (await post(house, [100, 1, 0], value=21))["accepted"] == 2
    await folding.round()
    assert (await post(house, [300]))["accepted"] == 1


@pytest.mark.usefixtures("few")
async def test_a_backlog_of_many_days_gets_through_by_turns(house: House) -> None:
    folding = Folding(house.cloud.context, house.cloud.readings)
    begin_ms = house.now_ms - 400 * DAY_MS
    rows = [house.yard.reading(n + 1, begin_ms + n * DAY_MS, 20.0) for n in range(20)]
    for first in range(0, 20, 5):
        await house.send("readings", rows[first : first + 5], first + 1)
        if first < 15:
            with pytest.raises(Unavailable):
                await house.send("readings", rows[first + 5 : first + 10], first + 6)
        await folding.round()
    async with house.cloud.context.database.transaction() as tx:
        assert await tx.session.scalar(text("SELECT sum(n) FROM packed_readings")) == 20


@pytest.mark.usefixtures("few")
async def test_more_days_than_a_batch_has_open_nothing(house: House) -> None:
    database = house.cloud.context.database
    before = await open_days(database)
    with pytest.raises(Unavailable):
        await house.cloud.readings.prepare(range(18_000, 18_006))
    assert await open_days(database) == before


class Heard(Subscriber):
    """Notes that days wait."""

    def __init__(self) -> None:
        self.it = asyncio.Event()

    @override
    def heard(self, payload: str) -> None:
        self.it.set()

    @override
    def missed(self) -> None:
        pass


@pytest.mark.usefixtures("few")
async def test_who_packs_hears_that_days_wait(house: House) -> None:
    listener, heard = house.cloud.context.listener, Heard()
    listener.subscribe(FULL_CHANNEL, heard)
    listening = asyncio.create_task(listener.run())
    async with asyncio.timeout(90):
        while not listener.connected:
            await asyncio.sleep(0.01)
        await post(house, range(100, 105))
        assert not heard.it.is_set()
        await post(house, [300], status=503)
        await heard.it.wait()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening


async def test_packing_comes_soon_where_days_wait(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun_s: list[float] = []

    async def round_(folding: Folding) -> None:
        begun_s.append(cloud.clock.monotonic())
        if len(begun_s) == 2:
            folding.heard("")
        if len(begun_s) == 4:
            raise ConnectionError("it is enough")

    monkeypatch.setattr(Folding, "round", round_)
    with pytest.raises(ConnectionError):
        await Folding(cloud.context, cloud.readings).run()
    assert begun_s == [0, 600, 610, 1210]


async def test_a_chart_of_a_day_locks_no_other_open_day(cloud: Cloud) -> None:
    shelf = await shelf_of(cloud, cloud.readings)
    await shelf.add({shelf.now_ms - days * DAY_MS: 20.0 for days in range(20)})
    span = Span(start=from_ms(shelf.now_ms - HOUR_MS), end=from_ms(shelf.now_ms + 1))
    async with shelf.database.transaction() as tx:
        stock = await shelf.store.within(tx).stock([shelf.key.id], span)
        locked = await tx.session.scalar(
            text(
                "SELECT count(DISTINCT l.relation) FROM pg_locks l"
                " JOIN pg_inherits i ON i.inhrelid = l.relation"
                " WHERE l.pid = pg_backend_pid() AND i.inhparent = 'open_readings'::regclass"
            )
        )
    assert stock[shelf.key.id].readings == 1
    assert locked == 1


async def test_a_post_needs_no_second_connection(house: House, postgres_url: str) -> None:
    context = house.cloud.context
    one = Database.open(
        postgres_url,
        clock=context.clock,
        ids=context.ids,
        limits=DatabaseLimits(pool_size=1, pool_overflow=0, pool_timeout_s=1),
    )
    house.cloud.app.state.context = replace(context, database=one)
    house.cloud.app.state.readings = PostgresReadingStore(one)
    try:
        assert (await post(house, [50]))["accepted"] == 1
    finally:
        await one.close()


@pytest.mark.parametrize("again", ["posted", "sent"])
async def test_of_readings_years_apart_their_own_days_alone_are_looked_through(
    house: House, monkeypatch: pytest.MonkeyPatch, *, again: str
) -> None:
    spans: list[Span] = []
    read = PostgresReadings.read

    async def noted(
        readings: PostgresReadings, series: Sequence[int], span: Span
    ) -> dict[int, Columns]:
        spans.append(span)
        return await read(readings, series, span)

    monkeypatch.setattr(PostgresReadings, "read", noted)
    rows = [
        house.yard.reading(n + 1, house.now_ms - days * DAY_MS, 20.0)
        for n, days in enumerate((700, 1))
    ]
    await house.send("readings", rows)
    if again == "posted":
        assert (await post(house, [700, 1, 0]))["known"] == 2
    else:
        await house.restore_card(OTHER_EPOCH, next_seq=3)
        await house.send("readings", rows)
    assert len(spans) >= 2
    assert max(span.length_ms for span in spans) <= DAY_MS
    async with house.cloud.context.database.transaction() as tx:
        count = await tx.session.scalar(text("SELECT sum(n) FROM open_readings"))
    assert count == (3 if again == "posted" else 2)
