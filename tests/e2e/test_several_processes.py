"""Several ingest and api processes side by side, one of each killed at its work."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiomqtt
import psycopg
import pytest
import websockets

from tests.support.people import HouseView, Json, Person, Watch, eventually, watching
from tests.support.plant import CloudProgram, staff_of
from tests.support.readings import stored_of
from tests.support.servers import running_redis
from tests.support.site import HubLogin, Site
from tests.support.wire_hub import Batch, WireHub, wire_hub
from tokkatot.cloud.platform.broker import EmbeddedBroker
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.quantities import Quantity
from tokkatot.kit.clock import SystemClock
from tokkatot.wire.messages import DeviceStateRow, ReadingRow

pytestmark = pytest.mark.needs("mosquitto")

HUBS = 4
BATCHES = 60
ROWS = 20
INGEST_KILLED_AFTER, API_KILLED_AFTER = 15, 35
"""So many batches of each hub are through when a process of that role is killed."""


@pytest.fixture(params=[pytest.param("redis", marks=pytest.mark.needs("redis-server")), "notify"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Settings of what the processes share beside database and broker."""
    if request.param == "notify":
        yield {}
        return
    with running_redis(tmp_path / "redis") as url:
        yield {"redis_url": url}


@dataclass(frozen=True, slots=True, kw_only=True)
class Farm:
    """A farm with a few hubs, each with a sensor and a fan, and who looks after it."""

    site: Site
    hubs: list[tuple[HubLogin, str, str]]
    house: HouseView


@asynccontextmanager
async def running(*programs: CloudProgram) -> AsyncIterator[None]:
    """Run processes; none is left when this ends."""
    async with AsyncExitStack() as stack:
        for program in programs:
            program.start()
            stack.callback(program.kill)
        for program in programs:
            if program.serves:
                await program.ready()
        yield


async def lay_out(staff: Person) -> Farm:
    site = await Site.found(staff, "Several")
    house_id = await site.add_house("Coop", kind="coop")
    hubs = []
    for number in range(HUBS):
        login = await site.add_hub(f"Hub {number}", house_id)
        sensor = await site.add_device(
            house_id,
            login,
            hardware_id=f"T-{number}",
            role=DeviceRole.CLIMATE_SENSOR,
            interface=Interface.SENSOR,
            quantities=[Quantity.TEMPERATURE],
        )
        fan = await site.add_device(
            house_id,
            login,
            hardware_id=f"FAN-{number}",
            role=DeviceRole.FAN,
            interface=Interface.PWM,
        )
        hubs.append((login, sensor, fan))
    return Farm(site=site, hubs=hubs, house=site.house(house_id))


def readings(sensor: str, first_ms: int) -> list[ReadingRow]:
    return [
        ReadingRow(n, "r", sensor, Quantity.TEMPERATURE, first_ms + n * 100, 20 + n % 97 / 10, 0)
        for n in range(1, BATCHES * ROWS + 1)
    ]


def states(fan: str, first_ms: int) -> list[DeviceStateRow]:
    """Return a state a batch, each of a level that tells its place."""
    return [
        DeviceStateRow(n, "s", fan, first_ms + n * 2000, float(n), float(n), True, None, None)
        for n in range(1, BATCHES + 1)
    ]


Marks = Mapping[int, asyncio.Event]
"""What is told once so many batches are through."""


async def stream(hub: WireHub, sensor: str, fan: str, first_ms: int, marks: Marks) -> None:
    """Send all batches of both streams, one after the other."""
    rows, moves = readings(sensor, first_ms), states(fan, first_ms)
    for number in range(BATCHES):
        first = number * ROWS
        async with asyncio.TaskGroup() as tasks:
            batch = Batch.of(first + 1, rows[first : first + ROWS])
            tasks.create_task(hub.send("readings", batch))
            tasks.create_task(hub.send("events", Batch.of(number + 1, [moves[number]])))
        if number in marks:
            marks[number].set()


def numbered(frame: Json) -> bool:
    """Tell whether it has a place in the order of all changes."""
    return "seq" in frame


async def collect(watch: Watch, told: list[Json]) -> None:
    """Note every numbered frame to the last report of a fan."""
    while sum(frame["type"] == "device.state" for frame in told) < HUBS * BATCHES:
        told.append(await watch.frame(numbered, within_s=120))


async def follow(
    here: HouseView, there: HouseView, looks: asyncio.Event, hears: asyncio.Event
) -> tuple[list[Json], list[Json]]:
    """Look at one process until it dies and go on at another; return what each has told."""
    before: list[Json] = []
    async with watching(here) as watch:
        await watch.frame(lambda frame: frame["type"] == "snapshot")
        looks.set()
        before.append(await watch.frame(numbered, within_s=120))
        hears.set()
        with pytest.raises(websockets.ConnectionClosed):
            await collect(watch, before)
    all_of_it = [*before]
    async with watching(there, since=before[-1]["seq"]) as watch:
        await collect(watch, all_of_it)
    return before, all_of_it[len(before) :]


async def test_a_killed_process_loses_doubles_and_disorders_nothing(
    postgres_url: str, mosquitto: EmbeddedBroker, tmp_path: Path, shared: dict[str, str]
) -> None:
    def program(roles: str) -> CloudProgram:
        return CloudProgram(
            tmp_path,
            database_url=postgres_url,
            broker_url=mosquitto.url,
            broker=mosquitto,
            roles=roles,
            **shared,
        )

    api, other_api, ingest, other_ingest = map(program, ("api,jobs", "api", "ingest", "ingest"))
    async with running(api, other_api, ingest, other_ingest):
        farm = await lay_out(await staff_of(api))
        await both_listen(postgres_url)
        first_ms = SystemClock().now_ms() - 3_600_000
        elsewhere = Person(other_api.url, token=farm.site.staff.token)
        seen = HouseView(person=elsewhere, farm_id=farm.house.farm_id, house_id=farm.house.house_id)
        marks = [
            {INGEST_KILLED_AFTER: asyncio.Event(), API_KILLED_AFTER: asyncio.Event()}
            for _ in farm.hubs
        ]
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            hubs = [await connect(stack, mosquitto, farm, login) for login, _, _ in farm.hubs]
            looks, hears = asyncio.Event(), asyncio.Event()
            told = tasks.create_task(follow(seen, farm.house, looks, hears))
            await looks.wait()
            for hub, (_, sensor, fan), of_hub in zip(hubs, farm.hubs, marks, strict=True):
                tasks.create_task(stream(hub, sensor, fan, first_ms, of_hub))
            for of_hub in marks:
                await of_hub[INGEST_KILLED_AFTER].wait()
            ingest.kill()
            for of_hub in marks:
                await of_hub[API_KILLED_AFTER].wait()
            await hears.wait()
            other_api.kill()
        await farm.site.staff.close()
        await elsewhere.close()
    with psycopg.connect(postgres_url) as connection:
        for _, sensor, _ in farm.hubs:
            sent = [(row.t, row.value) for row in readings(sensor, first_ms)]
            assert stored_of(connection, [sensor]) == sent
    before, after = told.result()
    numbers = [frame["seq"] for frame in (*before, *after)]
    assert before
    assert after
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    for _, _, fan in farm.hubs:
        assert levels_of(fan, [*before, *after]) == [float(n) for n in range(1, BATCHES + 1)]


def levels_of(fan: str, told: list[Json]) -> list[float]:
    """Return where a fan was, as it was told."""
    return [
        frame["data"]["actual"]
        for frame in told
        if frame["type"] == "device.state" and frame["data"]["device_id"] == fan
    ]


async def both_listen(url: str) -> None:
    async def both() -> bool:
        async with await psycopg.AsyncConnection.connect(url, connect_timeout=5) as connection:
            rows = await connection.execute("SELECT count(*) FROM listening_processes")
            return await rows.fetchone() == (2,)

    await eventually("both processes listen", both)


async def connect(
    stack: AsyncExitStack, broker: EmbeddedBroker, farm: Farm, login: HubLogin
) -> WireHub:
    parts = urlsplit(broker.url)
    assert parts.hostname is not None
    assert parts.port is not None

    async def let_in() -> bool:
        return login.hub_id in broker.logins.read_passwords()

    await eventually("the broker knows the hub", let_in)
    host, port = parts.hostname, parts.port

    async def connected() -> WireHub | None:
        try:
            return await stack.enter_async_context(wire_hub(host, port, farm.site.farm_id, login))
        except aiomqtt.MqttError:  # the file is written, but the broker has yet to read it
            return None

    hub: WireHub = await eventually("the broker lets the hub in", connected)
    return hub
