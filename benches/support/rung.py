"""How soon after a node has said a value a person's phone is told of the alarm that it raises."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
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
"""One after the other, each with a house: a hub calls for people ten times in ten minutes."""
OF_HUB = 7
LIMIT_LX, CALM_LX, BRIGHT_LX = 100.0, 50.0, 150.0
_WITHIN_S = 30.0
_CALM_S = 0.5
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
        async with watching(hubs[0].house) as phone:
            await phone.frame(lambda frame: frame["type"] == "snapshot")
            for hub in hubs:
                taken_ms += await _of_hub(hub, phone)
        await manager.close()
    return taken_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hub:
    """A hub with its house, and the devices by the names of its nodes."""

    program: HubProgram
    port: int
    house: HouseView
    nodes: Mapping[str, str]


async def _lay_out(site: Site, manager: Person, folder: Path) -> _Hub:
    house_id = await site.add_house(folder.name, kind="greenhouse")
    login = await site.add_hub(folder.name, house_id)
    nodes = {
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
    alarms = [_alarm(name, device_id) for name, device_id in nodes.items()]
    await manager.put(f"{house.path}/alarms", {"version": 0, "alarms": alarms})
    port = free_port()
    logins = dict.fromkeys(nodes, _PASSWORD)
    program = HubProgram(
        folder,
        login,
        nodes={"broker": "embedded", "port": port, "logins": logins},
        drivers={"nodes": {"kind": "mqtt_node"}},
    )
    return _Hub(program=program, port=port, house=house, nodes=nodes)


def _alarm(name: str, device_id: str) -> Json:
    watch = {
        "kind": "limit",
        "quantity": "illuminance",
        "comparison": "above",
        "threshold": LIMIT_LX,
        "device_id": device_id,
    }
    return {"name": name, "watch": watch, "on_delay_s": 0}


async def _of_hub(hub: _Hub, phone: Watch) -> list[float]:
    """Run one hub and let each of its sensors cross its limit."""
    await asyncio.to_thread(hub.program.start)
    nodes = {name: _node(name, hub.port) for name in hub.nodes}
    try:
        await eventually("the hub has its devices", partial(_synced, hub.program), within_s=60)
        for name, node in nodes.items():
            _say(node, hub, name, CALM_LX)
        taken_ms: list[float] = []
        for place, (name, device_id) in enumerate(hub.nodes.items(), start=1):
            # In step with nothing.
            await asyncio.sleep(_CALM_S + place * 0.618034 % 1)
            began_s = perf_counter()
            _say(nodes[name], hub, name, BRIGHT_LX)
            raised = await phone.frame(partial(_is_raised, device_id), _WITHIN_S)
            await phone.frame(partial(_tells_of, raised["data"]["id"]), _WITHIN_S)
            taken_ms.append((perf_counter() - began_s) * 1000)
            _say(nodes[name], hub, name, CALM_LX)
        return taken_ms
    finally:
        for node in nodes.values():
            node.disconnect()
            node.loop_stop()
        await asyncio.to_thread(hub.program.stop)


def _node(name: str, port: int) -> paho.Client:
    node = paho.Client(CallbackAPIVersion.VERSION2, client_id=name)
    node.username_pw_set(name, _PASSWORD)
    node.connect("127.0.0.1", port)
    node.loop_start()
    return node


def _say(node: paho.Client, hub: _Hub, name: str, lux: float) -> None:
    said = perf_counter_ns()
    node.publish(
        f"farm/{hub.house.farm_id}/devices/{name}/sensor",
        f'{{"v":1,"boot":"bench","n":{said},"t":null,"up_ms":{said // 1_000_000},'
        f'"values":{{"illuminance":{lux}}}}}',
        qos=1,
    )


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
