"""A farm without a cloud: one real hub process and the nodes that it drives over MQTT."""

import json
import socket
from base64 import b64encode
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from time import perf_counter, sleep
from typing import Any, Self
from uuid import UUID, uuid4

import msgspec
import paho.mqtt.client as paho
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from benches.support.servers import need_mosquitto
from tests.support.processes import free_port
from tests.support.site import HubLogin, HubProgram
from tokkatot.cloud.platform.keys import public_bytes
from tokkatot.domain.desired import DesiredDocument, DeviceConfig, HouseConfig
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.ids import DeviceId, FarmId, HouseId, HubId
from tokkatot.domain.quantities import Quantity
from tokkatot.hub.journal.slots import TwoSlots
from tokkatot.wire.envelope import seal

HOST = "127.0.0.1"
FARM_ID, HUB_ID = FarmId(UUID(int=0xF)), HubId(UUID(int=0xB))
LOGIN, PASSWORD = "nodes", "nodes-of-the-bench"
CONNECT_WITHIN_S = 20.0
ECHO = "bench/echo"
_KID, _VERSION = "bench", 1


def sensor(
    house: HouseId, number: int, *quantities: Quantity, period_s: float = 30.0
) -> DeviceConfig:
    """Return a sensor of a house."""
    return _device(house, 1000 + number, DeviceRole.CLIMATE_SENSOR, quantities, period_s)


def relay(house: HouseId, number: int, role: DeviceRole) -> DeviceConfig:
    """Return a relay of a house."""
    return _device(house, 2000 + number, role, (), 30.0)


def _device(
    house: HouseId,
    number: int,
    role: DeviceRole,
    quantities: tuple[Quantity, ...],
    period_s: float,
) -> DeviceConfig:
    return DeviceConfig(
        id=DeviceId(UUID(int=(house.int << 32) + number)),
        house_id=house,
        hardware_id=f"N{house.int}-{number}",
        name=f"{role} {number}",
        role=role,
        interface=Interface.SENSOR if quantities else Interface.RELAY,
        quantities=quantities,
        period_s=period_s,
        address={"driver": "nodes"},
    )


def lone_hub(
    folder: Path,
    *,
    houses: Sequence[HouseConfig],
    devices: Sequence[DeviceConfig],
    broker_port: int,
    runs_broker: bool,
) -> HubProgram:
    """Return a hub that was cut off after it had taken its document.

    It finds the nodes' broker on `broker_port`, or runs it there itself.

    Raises:
        Missing: where it is to run one, and mosquitto is not installed.
    """
    if runs_broker:
        need_mosquitto()
    key = Ed25519PrivateKey.generate()
    config = {
        "hub": {"id": str(HUB_ID), "farm": str(FARM_ID)},
        "cloud": {
            "url": f"mqtt://{HOST}:{free_port()}",
            "login": str(HUB_ID),
            "password": "nobody listens",
            "keys": {_KID: b64encode(public_bytes(key.public_key())).decode()},
        },
    }
    login = {"password": PASSWORD, "devices": [device.hardware_id for device in devices]}
    nodes: dict[str, object] = (
        {"broker": "embedded", "port": broker_port, "logins": {LOGIN: login}}
        if runs_broker
        else {"broker": f"mqtt://{HOST}:{broker_port}"}
    )
    hub = HubProgram(
        folder,
        HubLogin(hub_id=str(HUB_ID), password="", config=config),
        nodes=nodes,
        drivers={"nodes": {"kind": "mqtt_node"}},
    )
    document = DesiredDocument(
        farm_id=FARM_ID,
        hub_id=HUB_ID,
        version=_VERSION,
        expires_ms=0,
        time_zone="Asia/Phnom_Penh",
        houses=tuple(houses),
        devices=tuple(devices),
    )
    data_dir = folder / "data"
    data_dir.mkdir(mode=0o700)
    envelope = seal(msgspec.json.encode(document), kid=_KID, key=key)
    TwoSlots(data_dir, "desired").keep(envelope, _VERSION)
    return hub


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An order as it reached a node."""

    at_s: float
    node: str
    level: str


class Nodes:
    """All nodes of the farm on one connection: relays do what they are told and say so."""

    def __init__(self, port: int, devices: Iterable[DeviceConfig], *, login: str | None) -> None:
        self.heard: SimpleQueue[Heard] = SimpleQueue()
        self._echoes: SimpleQueue[float] = SimpleQueue()
        self._port = port
        self._relays = [one.hardware_id for one in devices if one.interface is Interface.RELAY]
        self._boot = uuid4().hex[:8]
        self._said = 0
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"nodes-{self._boot}")
        if login is not None:
            self._client.username_pw_set(login, PASSWORD)
        self._client.on_socket_open = _send_at_once
        self._client.on_connect = self._connected
        self._client.on_message = self._told

    def __enter__(self) -> Self:
        end_s = perf_counter() + CONNECT_WITHIN_S
        while True:
            try:
                self._client.connect(HOST, self._port)
                break
            except OSError:
                if perf_counter() > end_s:
                    raise
                sleep(0.01)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def measured(self, node: str, **values: float) -> float:
        """Publish what a sensor measured, and return the moment before."""
        self._said += 1
        body = {"v": 1, "boot": self._boot, "n": self._said, "up_ms": self._said, "values": values}
        at_s = perf_counter()
        self._client.publish(topic(node, "sensor"), json.dumps(body), qos=1)
        return at_s

    def echo(self, *, within_s: float) -> float:
        """Send a message to itself and return the seconds it took."""
        at_s = perf_counter()
        self._client.publish(ECHO, b"echo", qos=1)
        try:
            return self._echoes.get(timeout=within_s) - at_s
        except Empty:
            raise TimeoutError(f"the broker brought nothing within {within_s:g} s") from None

    def expect(self, node: str, level: str, *, within_s: float) -> Heard:
        """Return the first such order among those that were not looked at yet."""
        return self.expect_all({(node, level)}, within_s=within_s)

    def expect_all(self, orders: AbstractSet[tuple[str, str]], *, within_s: float) -> Heard:
        """Return the order with which the last node was told its level."""
        missing = set(orders)
        end_s = perf_counter() + within_s
        while True:
            try:
                heard = self.heard.get(timeout=max(end_s - perf_counter(), 0))
            except Empty:
                raise TimeoutError(f"{missing} were not told within {within_s:g} s") from None
            missing.discard((heard.node, heard.level))
            if not missing:
                return heard

    def _connected(
        self, client: paho.Client, _data: Any, _flags: Any, code: ReasonCode, _more: Any
    ) -> None:
        assert not code.is_failure, code
        client.subscribe(ECHO, qos=1)
        for node in self._relays:
            client.subscribe(topic(node, "command"), qos=1)
            self._say(node, "off", None)

    def _told(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        at_s = perf_counter()
        if message.topic == ECHO:
            self._echoes.put(at_s)
            return
        order = json.loads(message.payload)
        node = message.topic.split("/")[3]
        self.heard.put(Heard(at_s=at_s, node=node, level=order["set"]))
        self._say(node, order["set"], order["id"])

    def _say(self, node: str, level: str, order: str | None) -> None:
        self._said += 1
        body = {
            "v": 1,
            "boot": self._boot,
            "n": self._said,
            "online": True,
            "actual": level,
            "last_command": order,
        }
        self._client.publish(topic(node, "status"), json.dumps(body), qos=1, retain=True)


def _send_at_once(_client: paho.Client, _data: Any, line: Any) -> None:
    """Let no message wait for the other side's delayed ACK."""
    assert isinstance(line, socket.socket), "neither TLS nor a WebSocket is in the way"
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def topic(node: str, leaf: str) -> str:
    """Return a topic of a node."""
    return f"farm/{FARM_ID}/devices/{node}/{leaf}"
