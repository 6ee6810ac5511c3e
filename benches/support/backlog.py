"""How long 72 hours of readings take from a hub's journal into the cloud, and what waits behind."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import aiomqtt
import httpx
import psycopg

from benches.support.statistics import p99
from tests.support.people import HouseView, Person, Watch, eventually, watching
from tests.support.processes import free_port
from tests.support.readings import stored_of
from tests.support.site import HubLogin, HubProgram, Site
from tests.support.stack import Stack
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.quantities import Quantity
from tokkatot.hub.journal.rows import Entry, PackedReading
from tokkatot.hub.journal.settings import JournalSettings
from tokkatot.hub.journal.store import JournalStore
from tokkatot.kit.clock import SystemClock
from tokkatot.sim.farm import ACCOUNTS

DRAIN, LIVE = "backlog_drain_s", "live_lane_p99_s"
FIGURES = (DRAIN, LIVE)

HOURS = 72
READINGS_PER_S = 4
ROWS = HOURS * 3600 * READINGS_PER_S
SENSORS = 8
QUANTITIES = (
    Quantity.TEMPERATURE,
    Quantity.RELATIVE_HUMIDITY,
    Quantity.CO2,
    Quantity.AMMONIA,
    Quantity.WATER_LEVEL,
)
LAMP, LAMP_PASSWORD = "BENCH-LAMP", "bench-lamp-secret"
PROBE_EVERY_S = 0.05
SEEN_WITHIN_S = 60.0
WITHIN_S = 1200.0
_AT_ONCE = JournalSettings().flush_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Farm:
    """A house whose hub was cut off for three days, and the lamp in it."""

    house: HouseView
    login: HubLogin
    sensors: tuple[str, ...]
    lamp: str


def measure(stack: Stack, folder: Path, say: Callable[[str], None]) -> Iterator[tuple[str, float]]:
    """Measure how long the backlog takes, and how late a lamp is on the screen meanwhile."""
    drain_s, lags_s = asyncio.run(_measure(stack, folder, say))
    yield DRAIN, drain_s
    yield LIVE, p99(lags_s)


async def _measure(
    stack: Stack, folder: Path, say: Callable[[str], None]
) -> tuple[float, list[float]]:
    staff = await Person.log_in(stack.url, ACCOUNTS[-1].login)
    farm = await _lay_out(staff)
    port = free_port()
    hub = HubProgram(
        folder,
        farm.login,
        nodes={"broker": "embedded", "port": port, "logins": {LAMP: LAMP_PASSWORD}},
        drivers={"nodes": {"kind": "mqtt_node"}},
    )
    say(f"writing {ROWS} readings into a journal")
    _fill(hub.config_path.parent / "data", farm.sensors)
    began_s = perf_counter()
    await asyncio.to_thread(hub.start)
    try:
        lags_s: list[float] = []
        async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as tasks:
            probing = tasks.create_task(_probe(farm, port, lags_s))
            await _drained(hub, say)
            drain_s = perf_counter() - began_s
            probing.cancel()
    finally:
        await asyncio.to_thread(hub.stop)
        await staff.close()
    stored = _stored(stack, farm)
    assert stored == ROWS, f"{stored} of {ROWS} readings are stored"
    say(f"{ROWS / drain_s:.0f} readings a second; {len(lags_s)} changes of a lamp seen meanwhile")
    return drain_s, lags_s


async def _lay_out(staff: Person) -> _Farm:
    site = await Site.found(staff, "Backlog")
    house = await site.add_house("House", kind="greenhouse")
    login = await site.add_hub("Hub", house)
    sensors = [
        await site.add_device(
            house,
            login,
            hardware_id=f"BENCH-{number}",
            role=DeviceRole.CLIMATE_SENSOR,
            interface=Interface.SENSOR,
            quantities=QUANTITIES,
            address={"driver": "nodes"},
        )
        for number in range(SENSORS)
    ]
    lamp = await site.add_device(
        house,
        login,
        hardware_id=LAMP,
        role=DeviceRole.LIGHT,
        interface=Interface.RELAY,
        address={"driver": "nodes"},
    )
    return _Farm(house=site.house(house), login=login, sensors=tuple(sensors), lamp=lamp)


def _fill(data_dir: Path, sensors: tuple[str, ...]) -> None:
    """Write the readings as the hub does, but without a pause between its groups."""
    data_dir.mkdir(mode=0o700)
    store = JournalStore.open(
        data_dir / "journal.sqlite",
        new_epoch=lambda: str(uuid4()),
        size_limit_bytes=JournalSettings().size_limit_bytes,
    )
    series = [(device, quantity) for device in sensors for quantity in QUANTITIES]
    every_ms = 1000 // READINGS_PER_S
    first_ms = SystemClock().now_ms() - ROWS * every_ms
    for start in range(0, ROWS, _AT_ONCE):
        rows = tuple(
            PackedReading(
                *series[index % len(series)],
                first_ms + index * every_ms,
                round(20 + index % 977 / 100, 2),
                0,
            )
            for index in range(start, min(start + _AT_ONCE, ROWS))
        )
        store.apply([Entry(readings=rows)], uptime_s=0)
    store.close()


async def _drained(hub: HubProgram, say: Callable[[str], None]) -> None:
    """Return once the cloud has acknowledged everything that was there at the start."""
    told_s = perf_counter()
    async with httpx.AsyncClient(base_url=hub.url, timeout=10) as http:
        while True:
            await asyncio.sleep(0.2)
            sync = (await http.get("/v1/state")).json()["sync"]
            waiting = sync["waiting"]["readings"]
            if sync["synced"] and waiting == 0:
                return
            if perf_counter() - told_s > 10:
                told_s = perf_counter()
                say(f"{waiting} readings wait")


async def _probe(farm: _Farm, port: int, lags_s: list[float]) -> None:
    """Switch the lamp by hand, again and again, and note when its screen shows it."""
    topic = f"farm/{farm.house.farm_id}/devices/{LAMP}/status"

    async def online() -> bool:
        return bool((await farm.house.state())["hub"]["online"])

    await eventually("the hub is online", online, within_s=60)
    seen: asyncio.Queue[tuple[float, float]] = asyncio.Queue()
    async with (
        watching(farm.house) as watch,
        aiomqtt.Client("127.0.0.1", port, username=LAMP, password=LAMP_PASSWORD) as node,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(_look(watch, farm.lamp, seen))
        for number in count(1):
            level = 100.0 if number % 2 else 0.0
            actual = "on" if level else "off"
            status = {"v": 1, "boot": "bench", "n": number, "online": True, "actual": actual}
            began_s = perf_counter()
            await node.publish(topic, json.dumps(status), qos=1, retain=True)
            async with asyncio.timeout(SEEN_WITHIN_S):
                while (found := await seen.get())[1] != level:
                    continue
            lags_s.append(found[0] - began_s)
            await asyncio.sleep(PROBE_EVERY_S)


async def _look(watch: Watch, lamp: str, seen: asyncio.Queue[tuple[float, float]]) -> None:
    """Read every frame at once, as a phone does; keep when the lamp was seen at which level."""
    while True:
        frame = await watch.frame(
            lambda frame: frame["type"] == "device.state" and frame["data"]["device_id"] == lamp,
            within_s=WITHIN_S,
        )
        seen.put_nowait((perf_counter(), frame["data"]["actual"]))


def _stored(stack: Stack, farm: _Farm) -> int:
    """Return how many readings of different moments are stored: no two were made at the same."""
    with psycopg.connect(stack.database_url) as connection:
        return len({t_ms for t_ms, _ in stored_of(connection, list(farm.sensors))})
