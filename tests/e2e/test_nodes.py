"""Nodes that are not ours speak with a real hub over its own broker."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import aiomqtt
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from tests.e2e.conftest import STAFF
from tests.support.garbage import NODE_BODIES
from tests.support.people import HouseView, Json, Person, eventually
from tests.support.processes import free_port
from tests.support.site import HubProgram, Site, mosquitto_client
from tests.support.stack import Stack, until
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.quantities import Quantity
from tokkatot.kit.clock import to_ms
from tokkatot.wire.topics import NodeLeaf

pytestmark = [
    pytest.mark.needs("mosquitto", "mosquitto_pub", "mosquitto_sub"),
]

AIR, LAMP, SILENT, STRANGER = "NODE-AIR", "NODE-LAMP", "NODE-SILENT", "NODE-STRANGER"
MUTE, GATEWAY = "NODE-MUTE", "GATEWAY"
PASSWORDS = {
    name: f"{name.lower()}-secret" for name in (AIR, LAMP, SILENT, MUTE, STRANGER, GATEWAY)
}
# A pump, and a light that has no rest to keep between two orders.
SWITCHES = {
    LAMP: DeviceRole.LIGHT,
    SILENT: DeviceRole.WATER_PUMP,
    MUTE: DeviceRole.LIGHT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFarm:
    """A coop whose hub runs a broker for nodes."""

    house: HouseView
    hub: HubProgram
    broker_port: int
    devices: dict[str, str]

    def topic(self, node: str, leaf: str) -> str:
        """Return a topic of a node."""
        return f"farm/{self.house.farm_id}/devices/{node}/{leaf}"

    def as_seen_by(self, person: Person) -> HouseView:
        """Return the house as another session of staff sees it."""
        return HouseView(person=person, farm_id=self.house.farm_id, house_id=self.house.house_id)


@pytest.fixture(scope="module")
def laid_out(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeFarm]:
    """The farm with four nodes that staff registered; the hub runs for the whole module."""
    broker_port = free_port()

    async def lay_out() -> NodeFarm:
        staff = await Person.log_in(stack.url, STAFF)
        site = await Site.found(staff, "Nodes")
        house_id = await site.add_house("Coop", kind="coop")
        login = await site.add_hub("Hub", house_id)
        devices = {
            AIR: await site.add_device(
                house_id,
                login,
                hardware_id=AIR,
                role=DeviceRole.CLIMATE_SENSOR,
                interface=Interface.SENSOR,
                quantities=(Quantity.TEMPERATURE, Quantity.RELATIVE_HUMIDITY),
                address={"driver": "nodes"},
            )
        }
        for name, role in SWITCHES.items():
            devices[name] = await site.add_device(
                house_id,
                login,
                hardware_id=name,
                role=role,
                interface=Interface.RELAY,
                address={"driver": "nodes"},
            )
        hub = HubProgram(
            tmp_path_factory.mktemp("nodes") / "hub",
            login,
            nodes={
                "broker": "embedded",
                "port": broker_port,
                "logins": {
                    **PASSWORDS,
                    GATEWAY: {"password": PASSWORDS[GATEWAY], "houses": [house_id]},
                },
            },
            drivers={"nodes": {"kind": "mqtt_node"}},
        )
        await staff.close()
        return NodeFarm(
            house=site.house(house_id), hub=hub, broker_port=broker_port, devices=devices
        )

    farm = asyncio.run(lay_out())
    farm.hub.start()
    until("the hub holds its devices", lambda: len(farm.hub.state()["devices"]) == 4)
    yield farm
    farm.hub.stop()


@pytest.fixture
def farm(laid_out: NodeFarm, staff: Person) -> NodeFarm:
    """The farm with a connection of this test's own loop."""
    return NodeFarm(
        house=laid_out.as_seen_by(staff),
        hub=laid_out.hub,
        broker_port=laid_out.broker_port,
        devices=laid_out.devices,
    )


@dataclass
class PahoNode:
    """A relay node as somebody else would write it: it does what it is told and says so."""

    farm: NodeFarm
    name: str
    answers: bool = True
    orders: list[Json] = field(default_factory=list)
    boot: str = field(default_factory=lambda: uuid4().hex[:8])
    said: int = 0
    client: paho.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=self.name)
        self.client.username_pw_set(self.name, PASSWORDS[self.name])
        self.client.reconnect_delay_set(1, 1)  # by itself it waits twice as long each time
        self.client.will_set(
            self.farm.topic(self.name, "status"), '{"v":1,"online":false}', qos=1, retain=True
        )
        self.client.on_connect = self._connected
        self.client.on_message = self._told

    def __enter__(self) -> Self:
        self.client.connect("127.0.0.1", self.farm.broker_port)
        self.client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def say(self, actual: str, last_command: str | None) -> None:
        self.said += 1
        status = {
            "v": 1,
            "boot": self.boot,
            "n": self.said,
            "online": True,
            "actual": actual,
            "last_command": last_command,
        }
        topic = self.farm.topic(self.name, "status")
        self.client.publish(topic, json.dumps(status), qos=1, retain=True)

    def _connected(
        self, client: paho.Client, _data: Any, _flags: Any, code: ReasonCode, _more: Any
    ) -> None:
        assert not code.is_failure, code
        client.subscribe(self.farm.topic(self.name, "command"), qos=1)
        self.say("off", None)

    def _told(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        order = json.loads(message.payload)
        self.orders.append(order)
        if self.answers:
            self.say(order["set"], order["id"])


def publish(
    farm: NodeFarm, login: str, topic: str, message: str
) -> subprocess.CompletedProcess[str]:
    """Publish as a shell script does."""
    return subprocess.run(
        (
            mosquitto_client("mosquitto_pub"),
            *("-h", "127.0.0.1", "-p", str(farm.broker_port), "-V", "5"),
            *("-u", login, "-P", PASSWORDS[login]),
            *("-q", "1", "-t", topic, "-m", message),
        ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
async def lamp(farm: NodeFarm) -> AsyncIterator[PahoNode]:
    with PahoNode(farm, LAMP) as node:

        async def online() -> bool:
            found: bool = (await farm.house.actuator(LAMP))["online"]
            return found

        await eventually("the node of the lamp is online", online)
        yield node


def sensor(n: int, **values: float) -> str:
    return json.dumps({"v": 1, "boot": "pub", "n": n, "up_ms": 1000 * n, "values": values})


async def test_a_shell_script_that_staff_registered_publishes_readings(farm: NodeFarm) -> None:
    numbers = count(1)

    async def shown() -> bool:
        # As sensors do, it says it again: nobody may have listened yet, and nothing is retained.
        message = sensor(next(numbers), temperature=28.5)
        done = publish(farm, AIR, farm.topic(AIR, "sensor"), message)
        assert done.returncode == 0, done.stderr
        readings = (await farm.house.state())["readings"]
        return [item["value"] for item in readings if item["quantity"] == "temperature"] == [28.5]

    await eventually("28.5 °C is on the screen", shown, poll_s=1)


async def test_a_value_that_cannot_be_is_listed_and_not_stored(farm: NodeFarm) -> None:
    publish(
        farm, AIR, farm.topic(AIR, "sensor"), sensor(100, temperature=999, relative_humidity=61.0)
    )

    async def listed() -> bool:
        page = await farm.house.person.get(f"{farm.house.path}/readings/refused")
        return [(item["quantity"], item["raw"]) for item in page["items"]] == [
            ("temperature", "999")
        ]

    await eventually("999 °C is listed as refused", listed)
    values = {item["quantity"]: item["value"] for item in (await farm.house.state())["readings"]}
    assert values["relative_humidity"] == 61.0
    assert values.get("temperature") != 999


async def test_a_gateways_readings_go_the_way_of_a_nodes_each_once_at_its_own_time(
    farm: NodeFarm,
) -> None:
    topic = f"facility/{farm.house.house_id}/sensors/relative_humidity"

    async def stored(value: float) -> list[datetime]:
        page = await farm.house.person.get(
            f"{farm.house.path}/history", raw="true", quantity="relative_humidity", limit=500
        )
        items = page["items"]
        return [datetime.fromisoformat(item["t"]) for item in items if item["value"] == value]

    async def heard() -> bool:
        publish(farm, GATEWAY, topic, "58.25")
        return bool(await stored(58.25))

    await eventually("a bare number is stored", heard, poll_s=1)
    earlier = min(await stored(58.25)) - timedelta(seconds=90)
    for message in ({"value": 57.5, "t": to_ms(earlier)},) * 2:
        publish(farm, GATEWAY, topic, json.dumps(message))
    publish(farm, GATEWAY, topic, "nan")

    async def listed() -> bool:
        page = await farm.house.person.get(f"{farm.house.path}/readings/refused")
        return ("relative_humidity", "nan", "not_a_number") in [
            (item["quantity"], item["raw"], item["reason"]) for item in page["items"]
        ]

    await eventually("what is no number is listed", listed)

    async def there() -> bool:
        return bool(await stored(57.5))

    await eventually("the reading with a time is stored", there)
    assert await stored(57.5) == [earlier]


async def test_a_paho_node_answers_to_a_tap(farm: NodeFarm, lamp: PahoNode) -> None:
    command = await farm.house.ended(await farm.house.tap(LAMP, "on", duration_s=30))
    assert (command["state"], command["reason"]) == ("completed", None)
    assert [order["set"] for order in lamp.orders][-1] == "on"
    assert (await farm.house.actuator(LAMP))["actual"] == 100
    off = await farm.house.ended(await farm.house.tap(LAMP, "off", duration_s=1))
    assert off["state"] == "completed"


async def test_a_level_is_said_again_before_its_lease_lapses(
    farm: NodeFarm, lamp: PahoNode
) -> None:
    await farm.house.ended(await farm.house.tap(LAMP, "on", duration_s=120))
    heard = len(lamp.orders)

    async def again() -> bool:
        return len(lamp.orders) > heard

    await eventually("the order is repeated", again, within_s=60)
    assert lamp.orders[-1]["set"] == "on"
    assert lamp.orders[-1]["lease_s"] > 10
    await farm.house.ended(await farm.house.tap(LAMP, "off", duration_s=1))


async def test_a_node_that_dies_is_shown_as_offline_by_its_last_will(farm: NodeFarm) -> None:
    async def is_online() -> bool:
        found: bool = (await farm.house.actuator(LAMP))["online"]
        return found

    async def is_offline() -> bool:
        return not await is_online()

    with PahoNode(farm, LAMP) as node:
        await eventually("online", is_online)
        node.client.loop_stop()
        socket = node.client.socket()
        assert socket is not None
        socket.close()  # a power cut: no DISCONNECT is sent
        await eventually("offline", is_offline)


async def test_a_node_that_nobody_registered_is_listed_and_never_moved(
    farm: NodeFarm, lamp: PahoNode, staff: Person
) -> None:
    with PahoNode(farm, STRANGER) as node:

        async def listed() -> Json:
            page = await staff.get("/staff/unknown-devices", farm=farm.house.farm_id)
            return [item["hardware_id"] for item in page["items"]] == [STRANGER]

        await eventually("the stranger is listed", listed)
        await farm.house.ended(await farm.house.tap(LAMP, "on", duration_s=1))
        assert lamp.orders != []
        assert node.orders == []
    names = [item["name"] for item in (await farm.house.state())["actuators"]]
    assert sorted(names) == sorted(SWITCHES)


async def test_a_nodes_login_on_another_nodes_topic_is_refused_by_the_broker(
    farm: NodeFarm, lamp: PahoNode
) -> None:
    for leaf in ("status", "sensor", "command"):
        done = publish(farm, AIR, farm.topic(LAMP, leaf), '{"v":1,"online":true,"actual":37}')
        assert "not authorized" in (done.stdout + done.stderr).lower(), leaf
    own_command = publish(farm, AIR, farm.topic(AIR, "command"), '{"v":1,"id":"x","set":"on"}')
    assert "not authorized" in (own_command.stdout + own_command.stderr).lower()
    assert 37 not in [item["actual"] for item in farm.hub.state()["devices"]]
    assert lamp.orders == [order for order in lamp.orders if order["id"] != "x"]


async def test_a_hub_that_is_killed_during_a_command_reports_it_interrupted_and_repeats_nothing(
    farm: NodeFarm,
) -> None:
    with PahoNode(farm, SILENT, answers=False) as node:

        async def is_online() -> bool:
            found: bool = (await farm.house.actuator(SILENT))["online"]
            return found

        await eventually("online", is_online)
        command = await farm.house.tap(SILENT, "on", duration_s=600)
        until("the order reached the node", lambda: _ordered_on(node))
        farm.hub.kill()
        told_on = len(_ordered_on(node))
        before = farm.hub.log_path.read_text()
        farm.hub.start()
        ended = await farm.house.ended(command, within_s=120)
        assert ended["state"] == "interrupted"
        # It waits for no answer of the broker that the killed one has left.
        assert "Operation timed out" not in farm.hub.log_path.read_text().removeprefix(before)

        async def told_off() -> bool:
            return bool(node.orders) and node.orders[-1]["set"] == "off"

        await eventually("the pump is told to rest", told_off)
        assert len(_ordered_on(node)) == told_on


async def test_a_node_that_never_answers_is_a_failure_with_its_reason(farm: NodeFarm) -> None:
    with PahoNode(farm, MUTE, answers=False):

        async def is_online() -> bool:
            found: bool = (await farm.house.actuator(MUTE))["online"]
            return found

        await eventually("online", is_online)
        ended = await farm.house.ended(await farm.house.tap(MUTE, "on", duration_s=5))
        assert (ended["state"], ended["reason"]) == ("failed", "device_timeout")
        assert (await farm.house.actuator(MUTE))["actual"] == 0


def _ordered_on(node: PahoNode) -> list[Json]:
    return [order for order in node.orders if order["set"] == "on"]


def test_the_brokers_files_of_the_hub_are_closed_to_others(laid_out: NodeFarm) -> None:
    folder = Path(laid_out.hub.config_path).parent
    private = [path for path in folder.rglob("*") if "password" in path.name and path.is_file()]
    assert [path for path in private if path.stat().st_mode & 0o077] == []


@contextmanager
def ended_with(process: subprocess.Popen[str]) -> Iterator[None]:
    """End a process also where the test fails."""
    try:
        yield
    finally:
        process.terminate()


async def test_a_shell_script_answers_to_a_tap(farm: NodeFarm) -> None:
    boot = uuid4().hex[:8]
    hear = (
        *(mosquitto_client("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(farm.broker_port)),
        *("-u", LAMP, "-P", PASSWORDS[LAMP], "-q", "1", "-t", farm.topic(LAMP, "command")),
        *("-c", "-i", f"script-{boot}"),
    )
    # It subscribes and leaves; what comes from here on is kept for it until it is back.
    subprocess.run((*hear, "-E"), timeout=60, check=True)
    with subprocess.Popen(hear, stdout=subprocess.PIPE, text=True) as heard, ended_with(heard):
        assert heard.stdout is not None

        def status(n: int, **more: str) -> str:
            return json.dumps({"v": 1, "boot": boot, "n": n, "online": True, **more})

        async def online() -> bool:
            publish(farm, LAMP, farm.topic(LAMP, "status"), status(1, actual="off"))
            found: bool = (await farm.house.actuator(LAMP))["online"]
            return found

        await eventually("the lamp is online", online)
        command = await farm.house.tap(LAMP, "on", duration_s=30)
        async with asyncio.timeout(60):
            order: Json = {"set": None}
            while order["set"] != "on":
                order = json.loads(await asyncio.to_thread(heard.stdout.readline))
        done = status(2, actual="on", last_command=order["id"])
        publish(farm, LAMP, farm.topic(LAMP, "status"), done)
        assert (await farm.house.ended(command))["state"] == "completed"


async def test_garbage_on_every_topic_of_a_node_is_dropped(farm: NodeFarm, lamp: PahoNode) -> None:
    before = (await farm.house.state())["readings"]
    pid = farm.hub.pid
    for name in (AIR, LAMP, STRANGER):
        topics = [farm.topic(name, leaf) for leaf in NodeLeaf]
        await _said_as(farm, name, topics)
    topics = [f"facility/{farm.house.house_id}/sensors/{q}" for q in ("temperature", "lies")]
    await _said_as(farm, GATEWAY, topics)
    ended = await farm.house.ended(await farm.house.tap(LAMP, "on", duration_s=1))
    assert ended["state"] == "completed"
    assert (farm.hub.pid, farm.hub.program.returncode) == (pid, None)
    after = (await farm.house.state())["readings"]
    assert [(item["quantity"], item["value"]) for item in after] == [
        (item["quantity"], item["value"]) for item in before
    ]
    assert "Traceback" not in farm.hub.program.output


async def _said_as(farm: NodeFarm, login: str, topics: list[str]) -> None:
    async with aiomqtt.Client(
        "127.0.0.1", farm.broker_port, username=login, password=PASSWORDS[login]
    ) as client:
        for topic in topics:
            for body in NODE_BODIES:
                await client.publish(topic, body, qos=1, timeout=60)
