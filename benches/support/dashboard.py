"""How long the cloud takes to answer what open dashboards ask, 200 times a second."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

import httpx
import numpy as np

from benches.support.beside import Beside, cloud_beside
from benches.support.people import tokens_of
from benches.support.statistics import p95, spread
from tests.support.people import Person
from tests.support.site import Site
from tests.support.wire_hub import Batch, WireHub, wire_hub
from tokkatot.cloud.platform.database import Database
from tokkatot.cloud.telemetry.folding import fold
from tokkatot.cloud.telemetry.postgres import PostgresReadingStore
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.quantities import Quantity
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource
from tokkatot.wire.messages import MAX_BATCH_ROWS, ReadingRow

API = "api_p95_ms"

PEOPLE = 40
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
"""What a phone asks while it shows a house, in parts of a hundred; a fifth is polling."""
_WITHIN_S = 30.0


def measure(folder: Path, say: Callable[[str], None]) -> Iterator[tuple[str, float]]:
    """Ask at a steady pace, whether the answers come in time or not."""
    yield API, asyncio.run(_measure(folder, say))


async def _measure(folder: Path, say: Callable[[str], None]) -> float:
    async with cloud_beside(folder, "api,ingest,jobs") as beside:
        site, house = await _lay_out(beside.staff, beside.broker.url)
        await _fold(beside)
        tokens = await tokens_of(beside, site.farm_id, PEOPLE)
        paths = [path.format(farm=site.farm_id, house=house) for path in MIX]
        took_ms: list[float] = []
        async with (
            httpx.AsyncClient(
                base_url=f"{beside.clouds[0].url}/v1",
                timeout=_WITHIN_S,
                limits=httpx.Limits(max_connections=PEOPLE, max_keepalive_connections=PEOPLE),
            ) as http,
            asyncio.TaskGroup() as tasks,
        ):
            say(f"{PEOPLE} people ask {PER_S} times a second for {SECONDS} s")
            random = np.random.default_rng(1)
            chosen = random.choice(len(paths), PER_S * SECONDS, p=np.array([*MIX.values()]) / 100)
            began_s = perf_counter()
            for number, index in enumerate(chosen.tolist()):
                due_s = began_s + number / PER_S
                await asyncio.sleep(max(due_s - perf_counter(), 0))
                headers = {"Authorization": f"Bearer {tokens[number % PEOPLE]}"}
                tasks.create_task(_ask(http, paths[index], headers, due_s, took_ms))
    unanswered = sum(took >= _WITHIN_S * 1000 for took in took_ms)
    say(f"{spread(took_ms, 'ms')}; {unanswered} unanswered")
    return p95(took_ms)


async def _ask(
    http: httpx.AsyncClient,
    path: str,
    headers: dict[str, str],
    due_s: float,
    took_ms: list[float],
) -> None:
    """Ask once; what is refused or never answered took as long as anybody would wait."""
    try:
        answer = await http.get(path, headers=headers)
    except httpx.HTTPError:
        took_ms.append(_WITHIN_S * 1000)
        return
    took_ms.append((perf_counter() - due_s) * 1000 if answer.is_success else _WITHIN_S * 1000)


async def _lay_out(staff: Person, broker_url: str) -> tuple[Site, str]:
    """Make a farm with a house and a day of readings."""
    site = await Site.found(staff, "Dashboard")
    house = await site.add_house("House", kind="coop")
    login = await site.add_hub("Hub", house)
    sensors = [
        await site.add_device(
            house,
            login,
            hardware_id=f"S-{number}",
            role=DeviceRole.CLIMATE_SENSOR,
            interface=Interface.SENSOR,
            quantities=QUANTITIES,
        )
        for number in range(SENSORS)
    ]
    address = httpx.URL(broker_url)
    assert address.port is not None, "a broker has an address"
    async with wire_hub(address.host, address.port, site.farm_id, login) as hub:
        await _send_day(hub, sensors)
    return site, house


async def _fold(beside: Beside) -> None:
    """Do what the cloud does every ten minutes: pack the readings whose hour is over."""
    clock = SystemClock()
    database = Database.open(beside.postgres.url(), clock=clock, ids=IdSource(clock))
    try:
        await fold(database, PostgresReadingStore(database), now=clock.now())
    finally:
        await database.close()


async def _send_day(hub: WireHub, sensors: list[str]) -> None:
    first_ms = SystemClock().now_ms() - 86_400_000
    rows = [
        ReadingRow(
            number, "r", sensor, quantity, first_ms + step * EVERY_MS, 25 + step % 50 / 10, 0
        )
        for number, (step, sensor, quantity) in enumerate(
            (
                (step, sensor, quantity)
                for step in range(86_400_000 // EVERY_MS)
                for sensor in sensors
                for quantity in QUANTITIES
            ),
            start=1,
        )
    ]
    await hub.send_all(
        "readings",
        (
            Batch.of(start + 1, rows[start : start + MAX_BATCH_ROWS])
            for start in range(0, len(rows), MAX_BATCH_ROWS)
        ),
    )
