"""How long the cloud takes to answer what open dashboards ask, 200 times a second."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

import httpx
import numpy as np

from benches.support.asking import Lines, lines
from benches.support.beside import Beside, cloud_beside
from benches.support.people import tokens_of
from benches.support.statistics import p95, spread
from tests.support.proc import processor_s
from tests.support.site import HubLogin, Site
from tests.support.wire_hub import Batch, WireHub, wire_hub
from tokkatot.cloud.platform.database import Database
from tokkatot.cloud.telemetry.folding import fold
from tokkatot.cloud.telemetry.postgres import PostgresReadingStore
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.quantities import Quantity
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource
from tokkatot.wire.messages import MAX_BATCH_ROWS, Live, LiveReading, ReadingRow, encode
from tokkatot.wire.topics import HubLeaf

API = "api_p95_ms"

FARMS = 8
PEOPLE_OF_EACH = 5
PER_S = 200
SECONDS = 30
SENSORS = 5
QUANTITIES = (Quantity.TEMPERATURE, Quantity.RELATIVE_HUMIDITY, Quantity.CO2)
EVERY_MS = 30_000
MIX = {
    "/farms/{farm}/houses/{house}/state": 35,
    "/farms/{farm}/changes?since=0": 30,
    "/farms/{farm}/houses/{house}/history": 15,
    "/farms": 8,
    "/farms/{farm}/alerts": 6,
    "/farms/{farm}/houses": 6,
}
"""What a phone asks while it shows a house, in parts of a hundred; a third is polling."""
_STEPS = 86_400_000 // EVERY_MS
_WITHIN_S = 30.0
_UNANSWERED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Farm:
    """A farm with one house, its hub, and people who look at it."""

    farm_id: str
    house: str
    login: HubLogin
    sensors: Sequence[str]
    tokens: Sequence[str]


def measure(folder: Path, say: Callable[[str], None]) -> Iterator[tuple[str, float]]:
    """Ask at a steady pace, whether the answers come in time or not."""
    yield API, asyncio.run(_measure(folder, say))


async def _measure(folder: Path, say: Callable[[str], None]) -> float:
    async with cloud_beside(folder, "api,ingest,jobs") as beside:
        farms = [await _lay_out(beside, number) for number in range(FARMS)]
        async with _hubs(beside, farms) as hubs:
            async with asyncio.TaskGroup() as tasks:
                for hub, farm in zip(hubs, farms, strict=True):
                    tasks.create_task(_send_day(hub, farm))
            await _fold(beside)
            async with asyncio.TaskGroup() as tasks:
                telling = [
                    tasks.create_task(_tell(hub, farm, number))
                    for number, (hub, farm) in enumerate(zip(hubs, farms, strict=True))
                ]
                took_ms = await _ask_all(beside, farms, say)
                for task in telling:
                    task.cancel()
    return p95(took_ms)


async def _ask_all(
    beside: Beside, farms: Sequence[_Farm], say: Callable[[str], None]
) -> list[float]:
    """Ask at a steady pace, and return how long each answer took from when it was due."""
    address = httpx.URL(beside.clouds[0].url)
    assert address.port is not None, "a cloud has an address"
    people = [(farm, token) for farm in farms for token in farm.tokens]
    random = np.random.default_rng(1)
    chosen = random.choice([*MIX], PER_S * SECONDS, p=np.array([*MIX.values()]) / 100)
    took_ms: list[float] = []
    statuses = Counter[int]()
    say(f"{len(people)} people of {FARMS} farms ask {PER_S} times a second for {SECONDS} s")
    async with lines(address.host, address.port, len(people)) as phones:
        before = _used_s(beside)
        async with asyncio.TaskGroup() as tasks:
            began_s = perf_counter()
            for number, path in enumerate(chosen.tolist()):
                due_s = began_s + number / PER_S
                await asyncio.sleep(max(due_s - perf_counter(), 0))
                farm, token = people[number % len(people)]
                asked = path.format(farm=farm.farm_id, house=farm.house)
                tasks.create_task(_ask(phones, asked, token, due_s, took_ms, statuses))
        used_ms = [
            (after_s - before_s) * 1000 / len(took_ms)
            for before_s, after_s in zip(before, _used_s(beside), strict=True)
        ]
    say(f"{spread(took_ms, 'ms')}; by status {dict(statuses)}")
    say(
        "ms of the processor a request, asker, cloud, PostgreSQL: {:.2f} {:.2f} {:.2f}".format(
            *used_ms
        )
    )
    return took_ms


async def _ask(
    phones: Lines,
    path: str,
    token: str,
    due_s: float,
    took_ms: list[float],
    statuses: Counter[int],
) -> None:
    """Ask once; what is refused or never answered took as long as anybody would wait."""
    try:
        status = await phones.get(f"/v1{path}", token, within_s=_WITHIN_S)
    except (OSError, TimeoutError):
        status = _UNANSWERED
    statuses[status] += 1
    took_ms.append((perf_counter() - due_s) * 1000 if status == 200 else _WITHIN_S * 1000)


def _used_s(beside: Beside) -> tuple[float, float, float]:
    assert beside.postgres.pid is not None, "it runs"
    return (
        process_time(),
        processor_s(beside.clouds[0].program.pid),
        processor_s(beside.postgres.pid),
    )


async def _lay_out(beside: Beside, number: int) -> _Farm:
    site = await Site.found(beside.staff, f"Dashboard {number}")
    house = await site.add_house("House", kind="coop")
    login = await site.add_hub("Hub", house)
    sensors = [
        await site.add_device(
            house,
            login,
            hardware_id=f"S-{sensor}",
            role=DeviceRole.CLIMATE_SENSOR,
            interface=Interface.SENSOR,
            quantities=QUANTITIES,
        )
        for sensor in range(SENSORS)
    ]
    tokens = await tokens_of(beside, site.farm_id, PEOPLE_OF_EACH, before=number * PEOPLE_OF_EACH)
    return _Farm(farm_id=site.farm_id, house=house, login=login, sensors=sensors, tokens=tokens)


@asynccontextmanager
async def _hubs(beside: Beside, farms: Sequence[_Farm]) -> AsyncIterator[list[WireHub]]:
    address = httpx.URL(beside.broker.url)
    assert address.port is not None, "a broker has an address"
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                wire_hub(address.host, address.port, farm.farm_id, farm.login)
            )
            for farm in farms
        ]


async def _send_day(hub: WireHub, farm: _Farm) -> None:
    """Tell of a day until now."""
    first_ms = SystemClock().now_ms() - _STEPS * EVERY_MS
    rows = [
        row
        for step in range(_STEPS)
        for sensor in range(SENSORS)
        for row in _rows(farm, step * SENSORS + sensor, first_ms + step * EVERY_MS)
    ]
    await hub.send_all(
        "readings",
        (
            Batch.of(start + 1, rows[start : start + MAX_BATCH_ROWS])
            for start in range(0, len(rows), MAX_BATCH_ROWS)
        ),
    )


def _rows(farm: _Farm, turn: int, t_ms: int) -> list[ReadingRow]:
    """Return what a sensor says at its turn: one speaks after the other."""
    step, sensor = divmod(turn, SENSORS)
    first = turn * len(QUANTITIES) + 1
    return [
        ReadingRow(first + place, "r", farm.sensors[sensor], quantity, t_ms, 25 + step % 50 / 10, 0)
        for place, quantity in enumerate(QUANTITIES)
    ]


async def _tell(hub: WireHub, farm: _Farm, number: int) -> None:
    """Tell of each sensor in its turn, and what is so now with it, until cancelled."""
    clock = SystemClock()
    pause_s = EVERY_MS / SENSORS / 1000
    await asyncio.sleep(pause_s * number / FARMS)
    turn = _STEPS * SENSORS
    while True:
        rows = _rows(farm, turn, clock.now_ms())
        live = Live(
            session=hub.session,
            t=clock.now_ms(),
            readings=[LiveReading(r.device, r.quantity, r.t, r.value, r.quality) for r in rows],
            devices=[],
        )
        await hub.client.publish(hub.topic(HubLeaf.LIVE), encode(live), qos=0)
        await hub.send("readings", Batch.of(rows[0].seq, rows))
        turn += 1
        await asyncio.sleep(pause_s)


async def _fold(beside: Beside) -> None:
    """Do what the cloud does every ten minutes: pack the readings whose hour is over."""
    clock = SystemClock()
    database = Database.open(beside.postgres.url(), clock=clock, ids=IdSource(clock))
    try:
        await fold(database, PostgresReadingStore(database), now=clock.now())
    finally:
        await database.close()
