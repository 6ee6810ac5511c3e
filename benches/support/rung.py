"""How soon after a node has said a value a person's phone is told of the alarm that it raises."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter, perf_counter_ns

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benches.support.beside import cloud_beside
from benches.support.people import tokens_of
from benches.support.statistics import p99, spread
from tests.support.people import HouseView, Json, Person, Watch, eventually, watching
from tests.support.processes import free_port
from tests.support.site import HubProgram, Site
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.quantities import Quantity

RUNG = "reading_to_message_p99_ms"

HUBS = 25
"""Each with a house: a hub calls for people ten times in ten minutes."""
OF_HUB = 7
STARTED_AT_ONCE = 2
LIMIT_LX, CALM_LX, BRIGHT_LX = 100.0, 50.0, 150.0
_WITHIN_S = 30.0
_PAUSE_S = 0.2
_PASSWORD = "node-secret"  # noqa: S105 - of the bench alone


def measure(folder: Path, say: Callable[[str], None]) -> Iterator[tuple[str, float]]:
    """Let sensors cross their limits, one after the other, while a phone listens."""
    taken_ms = asyncio.run(_measure(folder))
    say(spread(taken_ms, "ms"))
    yield RUNG, p99(taken_ms)


async def _measure(folder: Path) -> list[float]:
    taken_ms: list[float] = []
    async with cloud_beside(folder, "api,ingest,jobs") as beside:
        site = await Site.found(beside.staff, "Alarms")
        (token,) = await tokens_of(beside, site.farm_id, 1)
        manager = Person(beside.clouds[0].url, token=token)
        hubs = [await _lay_out(site, manager, folder / f"hub-{n}") for n in range(HUBS)]
        async with _all_running(hubs) as running, watching(hubs[0].house) as phone:
            await phone.frame(lambda frame: frame["type"] == "snapshot")
            # Each hub in its turn, so that none has much to do at a time.
            turns = [(one, place) for place in range(OF_HUB) for one in running]
            for turn, (one, place) in enumerate(turns):
                one.calm()
                # In step with nothing.
                await asyncio.sleep(_PAUSE_S * (0.5 + turn * 0.618034 % 1))
                taken_ms.append(await _ring(one, [*one.nodes][place], phone))
        await manager.close()
    return taken_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hub:
    """A hub with its house, and the devices by the names of its nodes."""

    program: HubProgram
    port: int
    house: HouseView
    sensors: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    """A hub that runs, with its nodes."""

    hub: _Hub
    nodes: Mapping[str, paho.Client]

    def say(self, name: str, lux: float) -> None:
        """Let a node say what its sensor measures."""
        said = perf_counter_ns()
        self.nodes[name].publish(
            f"farm/{self.hub.house.farm_id}/devices/{name}/sensor",
            f'{{"v":1,"boot":"bench","n":{said},"t":null,"up_ms":{said // 1_000_000},'
            f'"values":{{"illuminance":{lux}}}}}',
            qos=1,
        )

    def calm(self) -> None:
        """Let all say what they always say."""
        for name in self.nodes:
            self.say(name, CALM_LX)

    def leave(self) -> None:
        """End the nodes."""
        for node in self.nodes.values():
            node.disconnect()
            node.loop_stop()


async def _lay_out(site: Site, manager: Person, folder: Path) -> _Hub:
    house_id = await site.add_house(folder.name, kind="greenhouse")
    login = await site.add_hub(folder.name, house_id)
    sensors = {
        name: await site.add_device(
            house_id,
            login,
            hardware_id=name,
            role=DeviceRole.CLIMATE_SENSOR,
            interface=Interface.SENSOR,
            quantities=[Quantity.ILLUMINANCE],
            address={"driver": "nodes"},
        )
        for name in (f"{folder.name}-{number}" for number in range(OF_HUB))
    }
    house = HouseView(person=manager, farm_id=site.farm_id, house_id=house_id)
    alarms = [_alarm(name, device_id) for name, device_id in sensors.items()]
    await manager.put(f"{house.path}/alarms", {"version": 0, "alarms": alarms})
    port = free_port()
    logins = dict.fromkeys(sensors, _PASSWORD)
    program = HubProgram(
        folder,
        login,
        nodes={"broker": "embedded", "port": port, "logins": logins},
        drivers={"nodes": {"kind": "mqtt_node"}},
    )
    return _Hub(program=program, port=port, house=house, sensors=sensors)


def _alarm(name: str, device_id: str) -> Json:
    watch = {
        "kind": "limit",
        "quantity": "illuminance",
        "comparison": "above",
        "threshold": LIMIT_LX,
        "device_id": device_id,
    }
    return {"name": name, "watch": watch, "on_delay_s": 0}


@asynccontextmanager
async def _all_running(hubs: Sequence[_Hub]) -> AsyncIterator[list[_Running]]:
    """Run the hubs until this ends, each with all that it needs to know."""
    starting = asyncio.Semaphore(STARTED_AT_ONCE)

    async def start(hub: _Hub) -> None:
        async with starting:
            await asyncio.to_thread(hub.program.start)
        await eventually("the hub has its devices", partial(_synced, hub.program), within_s=120)

    running: list[_Running] = []
    try:
        async with asyncio.TaskGroup() as tasks:
            for hub in hubs:
                tasks.create_task(start(hub))
        for hub in hubs:
            nodes = {name: _node(name, hub.port) for name in hub.sensors}
            running.append(_Running(hub=hub, nodes=nodes))
        yield running
    finally:
        async with asyncio.TaskGroup() as tasks:
            for one in running:
                tasks.create_task(asyncio.to_thread(one.leave))
            for hub in hubs:
                tasks.create_task(asyncio.to_thread(hub.program.stop))


async def _ring(running: _Running, name: str, phone: Watch) -> float:
    """Let a sensor cross its limit, and return how many ms later the phone has its message."""
    began_s = perf_counter()
    running.say(name, BRIGHT_LX)
    device_id = running.hub.sensors[name]
    raised = await phone.frame(partial(_is_raised, device_id), _WITHIN_S)
    await phone.frame(partial(_tells_of, raised["data"]["id"]), _WITHIN_S)
    return (perf_counter() - began_s) * 1000


def _node(name: str, port: int) -> paho.Client:
    node = paho.Client(CallbackAPIVersion.VERSION2, client_id=name)
    node.username_pw_set(name, _PASSWORD)
    node.connect("127.0.0.1", port)
    node.loop_start()
    return node


def _is_raised(device_id: str, frame: Json) -> bool:
    return bool(
        frame["type"] == "alert.changed"
        and frame["data"]["device_id"] == device_id
        and frame["data"]["state"] == "unacknowledged"
    )


def _tells_of(alert: str, frame: Json) -> bool:
    return bool(frame["type"] == "message.new" and frame["data"]["alert"] == alert)


async def _synced(hub: HubProgram) -> bool:
    state = await asyncio.to_thread(hub.state)
    return bool(state["sync"]["synced"] and len(state["devices"]) == OF_HUB)
