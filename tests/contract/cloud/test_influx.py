"""What is so of InfluxDB alone, beside what each store of readings answers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.support.cloud import Cloud
from tests.support.processes import free_port
from tests.support.shelf import Shelf, shelf_of, steps
from tests.support.yard import make_yard, ms
from tokkatot.cloud.platform.influx import Influx, InfluxFailed
from tokkatot.cloud.telemetry.folding import fold
from tokkatot.cloud.telemetry.influx import InfluxReadingStore
from tokkatot.cloud.telemetry.partitions import DAY_MS, day_of
from tokkatot.cloud.telemetry.postgres import PostgresReadingStore
from tokkatot.cloud.telemetry.retention import give_up
from tokkatot.cloud.telemetry.store import Arrivals, ReadingStore, Span
from tokkatot.domain.ids import FarmId
from tokkatot.kit.clock import from_ms

pytestmark = pytest.mark.needs("influxd")

HOUR_MS = 3_600_000


@pytest.fixture
async def influx(influx_url: str) -> AsyncIterator[Influx]:
    async with Influx.open(influx_url, database=f"test {uuid4()}", token=None) as opened:
        yield opened


@pytest.fixture
async def series_id(cloud: Cloud) -> int:
    yard = await make_yard(cloud.context.database)
    async with cloud.context.database.transaction() as tx:
        found = await tx.session.scalar(
            text(
                "INSERT INTO series (farm_id, house_id, device_id, quantity)"
                " VALUES (:farm, :house, :device, 'temperature') RETURNING id"
            ),
            {"farm": yard.farm_id, "house": yard.house_id, "device": yard.sensor},
        )
    assert isinstance(found, int)
    return found


async def add(
    cloud: Cloud, store: ReadingStore, series_id: int, readings: dict[int, float]
) -> None:
    await store.prepare({day_of(t_ms) for t_ms in readings})
    arrivals = Arrivals(list(readings), list(readings.values()), [0] * len(readings))
    async with cloud.context.database.transaction() as tx:
        await store.within(tx).add({series_id: arrivals})


async def stored(cloud: Cloud, store: ReadingStore, series_id: int) -> list[tuple[int, float]]:
    now = cloud.clock.now()
    span = Span(start=now - timedelta(days=40), end=now)
    async with cloud.context.database.transaction() as tx:
        found = (await store.within(tx).read([series_id], span)).get(series_id)
    return (
        [] if found is None else list(zip(found.t_ms.tolist(), found.value.tolist(), strict=True))
    )


async def test_readings_of_a_transaction_that_failed_are_stored_once_when_they_come_again(
    cloud: Cloud, influx: Influx, series_id: int
) -> None:
    store = InfluxReadingStore(cloud.context.database, influx)
    begin = ms(cloud.clock.now()) - HOUR_MS
    readings = {begin + n * 1000: 20 + n / 10 for n in range(50)}
    await store.prepare({day_of(begin)})
    arrivals = Arrivals(list(readings), list(readings.values()), [0] * len(readings))
    async with cloud.context.database.transaction() as tx:
        await store.within(tx).add({series_id: arrivals})
        await tx.session.rollback()
    await add(cloud, store, series_id, readings)
    assert await stored(cloud, store, series_id) == list(readings.items())
    async with cloud.context.database.transaction() as tx:
        span = Span(start=from_ms(begin), end=from_ms(begin + HOUR_MS))
        stock = await store.within(tx).stock([series_id], span)
    assert stock[series_id].readings == 50


async def test_what_postgresql_held_before_is_read_along_and_moves_when_it_is_folded(
    cloud: Cloud, influx: Influx, series_id: int
) -> None:
    database = cloud.context.database
    before, after = PostgresReadingStore(database), InfluxReadingStore(database, influx)
    begin = ms(cloud.clock.now()) - 50 * HOUR_MS
    old = {begin + n * 1000: 1.5 + n for n in range(5)}
    new = {begin + 5000 + n * 1000: -1.5 * n for n in range(5)}
    await add(cloud, before, series_id, old)
    await fold(database, before, now=cloud.clock.now())
    await add(cloud, after, series_id, new)
    assert await stored(cloud, after, series_id) == [*old.items(), *new.items()]
    assert (await fold(database, after, now=cloud.clock.now())).days == 1
    assert await stored(cloud, after, series_id) == [*old.items(), *new.items()]
    async with database.transaction() as tx:
        sizes = await tx.session.scalars(text("SELECT octet_length(body) FROM packed_readings"))
        assert sizes.all() == [0]


async def test_of_two_readings_of_one_time_the_later_comer_holds(
    cloud: Cloud, influx: Influx, series_id: int
) -> None:
    store = InfluxReadingStore(cloud.context.database, influx)
    begin = ms(cloud.clock.now()) - HOUR_MS
    await add(cloud, store, series_id, {begin: 20.0})
    await add(cloud, store, series_id, {begin: 21.0})
    assert await stored(cloud, store, series_id) == [(begin, 21.0)]


async def test_an_influxdb_that_is_away_is_owned_up_to_and_nothing_is_stored(
    cloud: Cloud, series_id: int
) -> None:
    begin = ms(cloud.clock.now()) - HOUR_MS
    url = f"http://127.0.0.1:{free_port()}"
    async with Influx.open(url, database="tokkatot", token="a:b") as away:
        store = InfluxReadingStore(cloud.context.database, away)
        assert not await store.answers()
        with pytest.raises(InfluxFailed, match="does not answer"):
            await add(cloud, store, series_id, {begin: 20.0})
    async with cloud.context.database.transaction() as tx:
        assert await tx.session.scalar(text("SELECT count(*) FROM open_readings")) == 0


async def test_a_chart_is_unavailable_while_influxdb_is_away(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    yard = await make_yard(cloud.context.database, farm_id=FarmId(farm))
    async with cloud.context.database.transaction() as tx:
        await tx.session.execute(
            text(
                "INSERT INTO series (farm_id, house_id, device_id, quantity)"
                " VALUES (:farm, :house, :device, 'temperature')"
            ),
            {"farm": yard.farm_id, "house": yard.house_id, "device": yard.sensor},
        )
    url = f"http://127.0.0.1:{free_port()}"
    async with Influx.open(url, database="tokkatot", token="a token") as away:
        cloud.app.state.readings = InfluxReadingStore(cloud.context.database, away)
        path = f"/v1/farms/{farm}/houses/{yard.house_id}/history"
        refused = await cloud.get(path, owner, status=503)
    assert refused["code"] == "unavailable"


async def test_a_refusal_of_influxdb_is_told_in_its_words(influx: Influx) -> None:
    await influx.make_database()
    with pytest.raises(InfluxFailed, match="unable to parse"):
        await influx.write(["readings"])
    with pytest.raises(InfluxFailed, match="error parsing query"):
        await influx.change("DROP EVERYTHING")


async def test_more_rows_than_one_answer_holds_all_come(
    cloud: Cloud, influx: Influx, series_id: int
) -> None:
    store = InfluxReadingStore(cloud.context.database, influx)
    begin = ms(cloud.clock.now()) - 10 * HOUR_MS
    readings = {begin + n * 1000: float(n % 7) for n in range(25_000)}
    await add(cloud, store, series_id, readings)
    assert await stored(cloud, store, series_id) == list(readings.items())


async def test_two_that_write_at_once_leave_all_of_both(
    cloud: Cloud, influx: Influx, series_id: int
) -> None:
    store = InfluxReadingStore(cloud.context.database, influx)
    begin = ms(cloud.clock.now()) - HOUR_MS
    parts = [{begin + n * 1000 + part: float(n) for n in range(100)} for part in range(4)]
    async with asyncio.TaskGroup() as tasks:
        for part in parts:
            tasks.create_task(add(cloud, store, series_id, part))
    together = sorted(pair for part in parts for pair in part.items())
    assert await stored(cloud, store, series_id) == together


@pytest.fixture
async def shelf(cloud: Cloud, influx: Influx) -> Shelf:
    return await shelf_of(cloud, InfluxReadingStore(cloud.context.database, influx))


def fail_at_delete(monkeypatch: pytest.MonkeyPatch, which: int, *, carried_out: bool) -> None:
    """Have one deletion fail, or its answer be lost."""
    change, deletions = Influx.change, 0

    async def cut_off(influx: Influx, statement: str) -> None:
        nonlocal deletions
        deletions += statement.startswith("DELETE")
        if deletions != which or not statement.startswith("DELETE"):
            await change(influx, statement)
            return
        if carried_out:
            await change(influx, statement)
        raise InfluxFailed("the line is cut")

    monkeypatch.setattr(Influx, "change", cut_off)


def day_at(begin_ms: int) -> Span:
    return Span(start=from_ms(begin_ms), end=from_ms(begin_ms + DAY_MS))


@pytest.mark.parametrize("carried_out", [True, False])
async def test_what_outlives_readings_is_there_though_influxdb_fails_while_they_go(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, *, carried_out: bool
) -> None:
    now = from_ms(shelf.now_ms)
    begins = [shelf.now_ms - shelf.now_ms % DAY_MS - days * DAY_MS for days in (411, 410)]
    for begin_ms in begins:
        await shelf.add(steps(begin_ms, 60))
    await shelf.fold()
    fail_at_delete(monkeypatch, 2, carried_out=carried_out)
    with pytest.raises(InfluxFailed):
        await give_up(shelf.database, shelf.store, now=now)
    assert (await give_up(shelf.database, shelf.store, now=now)).days == 1
    for begin_ms in begins:
        assert await shelf.all(day_at(begin_ms)) == {}
        assert len((await shelf.draw(day_at(begin_ms), 500)).points) == 12


async def test_a_late_reading_of_a_day_that_was_given_up_counts_once_though_influxdb_fails(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = from_ms(shelf.now_ms)
    begin_ms = shelf.now_ms - shelf.now_ms % DAY_MS - 410 * DAY_MS
    await shelf.add({begin_ms + n * 1000: 10.0 for n in range(5)})
    await shelf.fold()
    await give_up(shelf.database, shelf.store, now=now)
    fail_at_delete(monkeypatch, 1, carried_out=True)
    await shelf.add({begin_ms + 9000: 40.0})
    with pytest.raises(InfluxFailed):
        await shelf.fold()
    assert await shelf.fold() == 0
    await give_up(shelf.database, shelf.store, now=now)
    assert await shelf.all(day_at(begin_ms)) == {}
    points = (await shelf.draw(day_at(begin_ms), 500)).points
    assert [value for _, value, _ in points] == [pytest.approx(15.0)]
