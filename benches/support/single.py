"""How many messages of one reading a second go from nodes by a hub into the cloud, none lost."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep

import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

from benches.support.beside import cloud_beside
from tests.support.people import Person, eventually
from tests.support.processes import free_port
from tests.support.readings import count_stored
from tests.support.site import HubProgram, Site
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.quantities import Quantity

SINGLE = "single_reading_messages_per_s"

NODES = 20
PACES = (2000, 4000, 5000, 6000, 8000)
SECONDS = 20
"""The last readings wait some seconds in the hub's journal for company, whatever the pace."""
SETTLED_S = 10.0
_AHEAD_S = 0.005
_LOOK_EVERY_S = 0.1


def measure(folder: Path, say: Callable[[str], None]) -> Iterator[tuple[str, float]]:
    """Let nodes say one reading a message, as fast as their hub takes them."""
    yield SINGLE, asyncio.run(_measure(folder, say))


async def _measure(folder: Path, say: Callable[[str], None]) -> float:
    async with cloud_beside(folder, "api,ingest,jobs") as beside:
        hub, farm_id, port = await _lay_out(beside.staff, folder)
        await asyncio.to_thread(hub.start)
        try:
            await eventually("the hub has its devices", lambda: _synced(hub), within_s=60)
            nodes = [_node(number, port) for number in range(NODES)]
            await eventually("all nodes are connected", lambda: _connected(nodes), within_s=60)
            return await _faster_and_faster(
                _Line(nodes=nodes, farm_id=farm_id, hub=hub, url=beside.postgres.url()), say
            )
        finally:
            await asyncio.to_thread(hub.stop)


async def _faster_and_faster(line: "_Line", say: Callable[[str], None]) -> float:
    """Return the fastest pace at which every message arrived: a hub that can't keep up drops."""
    best = 0.0
    for pace in PACES:
        before = await asyncio.to_thread(line.stored)
        began_s = perf_counter()
        await asyncio.to_thread(line.say_all, pace)
        stored = await _settled(line, before, pace * SECONDS)
        took_s = perf_counter() - began_s
        say(f"{stored} of {pace * SECONDS} at {pace} a second are stored after {took_s:.1f} s")
        if stored < pace * SECONDS:
            state = await asyncio.to_thread(line.hub.state)
            say(f"lost at the hub: {state['dropped']}; on the way: {state['sync']['waiting']}")
            break
        best = max(best, pace * SECONDS / took_s)
    return best


async def _settled(line: "_Line", before: int, wanted: int) -> int:
    """Return how many have come once all have, or nothing has come for some seconds."""
    stored, grew_s = 0, perf_counter()
    while stored < wanted and perf_counter() - grew_s < SETTLED_S:
        found = await asyncio.to_thread(line.stored) - before
        if found > stored:
            stored, grew_s = found, perf_counter()
        await asyncio.sleep(_LOOK_EVERY_S)
    return stored


@dataclass(slots=True, kw_only=True)
class _Line:
    """Nodes that are connected to their hub, and the store at its other end."""

    nodes: list[paho.Client]
    farm_id: str
    hub: HubProgram
    url: str
    said: int = 0

    def say_all(self, pace: int) -> None:
        """Say one reading a message at a pace."""
        began_s = perf_counter()
        for count in range(pace * SECONDS):
            ahead_s = count / pace - (perf_counter() - began_s)
            if ahead_s > _AHEAD_S:
                sleep(ahead_s)
            number = count % NODES
            self.nodes[number].publish(
                f"farm/{self.farm_id}/devices/{_name(number)}/sensor", self._body(), qos=1
            )

    def stored(self) -> int:
        """Return how many readings are in the store."""
        with psycopg.connect(self.url) as connection:
            return count_stored(connection)

    def _body(self) -> str:
        self.said += 1
        value = 20 + self.said % 97 / 10
        return (
            f'{{"v":1,"boot":"bench","n":{self.said},"t":null,"up_ms":{self.said},'
            f'"values":{{"temperature":{value}}}}}'
        )


async def _lay_out(staff: Person, folder: Path) -> tuple[HubProgram, str, int]:
    site = await Site.found(staff, "Nodes")
    house = await site.add_house("House", kind="greenhouse")
    login = await site.add_hub("Hub", house)
    for number in range(NODES):
        await site.add_device(
            house,
            login,
            hardware_id=_name(number),
            role=DeviceRole.CLIMATE_SENSOR,
            interface=Interface.SENSOR,
            quantities=[Quantity.TEMPERATURE],
            address={"driver": "nodes"},
        )
    port = free_port()
    logins = {_name(number): _password(number) for number in range(NODES)}
    hub = HubProgram(
        folder / "hub",
        login,
        nodes={"broker": "embedded", "port": port, "logins": logins},
        drivers={"nodes": {"kind": "mqtt_node"}},
    )
    return hub, site.farm_id, port


def _node(number: int, port: int) -> paho.Client:
    node = paho.Client(CallbackAPIVersion.VERSION2, client_id=_name(number))
    node.username_pw_set(_name(number), _password(number))
    node.max_inflight_messages_set(50)
    node.max_queued_messages_set(0)
    node.connect("127.0.0.1", port)
    node.loop_start()
    return node


async def _connected(nodes: list[paho.Client]) -> bool:
    return all(node.is_connected() for node in nodes)


async def _synced(hub: HubProgram) -> bool:
    state = await asyncio.to_thread(hub.state)
    return bool(state["sync"]["synced"] and len(state["devices"]) == NODES)


def _name(number: int) -> str:
    return f"NODE-{number}"


def _password(number: int) -> str:
    return f"node-{number}-secret"
