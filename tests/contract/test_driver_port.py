"""What every driver must do, whatever is behind it; the fake of the tests among them."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import aiomqtt
import msgspec
import pytest

from tests.support.engine import FARM, HOUSE
from tests.support.fake_driver import FakeDriver
from tests.support.processes import free_port
from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity
from tokkatot.hub.config import EmbeddedBroker, NodeLogin
from tokkatot.hub.drivers.mqtt_node.driver import MqttNodeDriver
from tokkatot.hub.drivers.mqtt_node.driver import NodeBroker as Address
from tokkatot.hub.drivers.mqtt_node.options import MqttNodeOptions
from tokkatot.hub.drivers.port import (
    Driver,
    DriverError,
    Observation,
    Presence,
    Reported,
    Sampled,
    Stranger,
)
from tokkatot.hub.drivers.replay.driver import ReplayDriver
from tokkatot.hub.drivers.replay.options import ReplayOptions
from tokkatot.hub.drivers.simulated.driver import SimulatedDriver
from tokkatot.hub.node_broker import NodeBroker
from tokkatot.kit.clock import SystemClock
from tokkatot.sim.houses import build_house

PUMP, TANK = DeviceId(UUID(int=1)), DeviceId(UUID(int=2))
NODE_PASSWORD = "node-password"
TANK_LEVEL = 41.5
RUSH = 3000
"""More than any queue on the way holds by default."""

O = TypeVar("O", bound=Observation)  # noqa: E741 - an observation


def device(device_id: DeviceId, role: DeviceRole, channel: str) -> DeviceConfig:
    return DeviceConfig(
        id=device_id,
        house_id=HOUSE,
        hardware_id=f"hw-{channel}",
        name=channel,
        role=role,
        interface=Interface.RELAY if channel == "pump" else Interface.SENSOR,
        quantities=() if channel == "pump" else (Quantity.WATER_LEVEL,),
        period_s=0.2,
        address={"channel": channel},
    )


DEVICES = (
    device(PUMP, DeviceRole.WATER_PUMP, "pump"),
    device(TANK, DeviceRole.WATER_LEVEL_SENSOR, "tank"),
)


class Tray:
    """An inbox in which a test waits for what it expects."""

    def __init__(self) -> None:
        self.items: list[Observation] = []
        self._grown = asyncio.Event()

    def offer(self, item: Observation) -> bool:
        self.items.append(item)
        self._grown.set()
        return True

    async def put(self, item: Observation) -> None:
        self.offer(item)

    async def see(self, kind: type[O], fits: Callable[[O], bool]) -> O:
        """Return the first observation of a kind that fits, waiting for it."""
        async with asyncio.timeout(60):
            while True:
                for item in self.items:
                    if isinstance(item, kind) and fits(item):
                        return item
                self._grown.clear()
                await self._grown.wait()


@asynccontextmanager
async def fake(_: Path) -> AsyncIterator[Driver]:
    yield FakeDriver()


@asynccontextmanager
async def simulated(_: Path) -> AsyncIterator[Driver]:
    world = build_house(HouseKind.COOP, seed=1, options={})
    yield SimulatedDriver("sim", world=world, clock=SystemClock(), tick_s=0.05)


@asynccontextmanager
async def replay(folder: Path) -> AsyncIterator[Driver]:
    (folder / "tank.csv").write_text("level\n41.5\n")
    file = {
        "path": "tank.csv",
        "device": "hw-tank",
        "columns": {"level": "water_level"},
        "start": "2020-01-01T00:00:00Z",
        "step_s": 60,
    }
    options = msgspec.convert({"files": [file]}, type=ReplayOptions)
    yield ReplayDriver("file", options=options, folder=folder, positions={}, clock=SystemClock())


@asynccontextmanager
async def running_broker(folder: Path, *, port: int | None = None) -> AsyncIterator[NodeBroker]:
    """The farm's own broker, with a login for each of two nodes."""
    broker = NodeBroker(
        EmbeddedBroker(
            host="127.0.0.1",
            port=port or free_port(),
            logins=(
                NodeLogin(name="pump", password=NODE_PASSWORD, devices=("hw-pump",), houses=()),
                NodeLogin(name="tank", password=NODE_PASSWORD, devices=("hw-tank",), houses=()),
                NodeLogin(name="gateway", password=NODE_PASSWORD, devices=(), houses=(HOUSE,)),
            ),
        ),
        farm_id=FARM,
        folder=folder / "nodes",
        random_bytes=_sevens,
    )
    running = asyncio.create_task(broker.run())
    try:
        async with asyncio.timeout(60):
            while not await _listens(broker.address.port):
                await asyncio.sleep(0.02)
        yield broker
    finally:
        running.cancel()
        await asyncio.wait({running})


def _sevens(length: int) -> bytes:
    """Return the same secret each time, so that a broker that is started again knows its hub."""
    return b"7" * length


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def client(broker: NodeBroker, login: str) -> aiomqtt.Client:
    # With a time-out of its own it may swallow that whoever waits for an answer is cancelled.
    return aiomqtt.Client(
        "127.0.0.1", broker.address.port, username=login, password=NODE_PASSWORD, timeout=math.inf
    )


async def pump_node(broker: NodeBroker) -> None:
    """A node that is not ours: it does what it is told and says so."""
    topic = f"farm/{FARM}/devices/hw-pump"
    async with client(broker, "pump") as node:
        await node.subscribe(f"{topic}/command", qos=1)
        number = 0
        level, order = "off", None
        while True:
            number += 1
            status = {"v": 1, "boot": "a", "n": number, "online": True, "actual": level}
            await node.publish(
                f"{topic}/status", json.dumps(status | {"last_command": order}), qos=1, retain=True
            )
            message = await anext(aiter(node.messages))
            assert isinstance(message.payload, bytes)
            body = json.loads(message.payload)
            level, order = body["set"], body["id"]


async def tank_node(broker: NodeBroker) -> None:
    async with client(broker, "tank") as node:
        for number in range(10_000):
            values = {"water_level": TANK_LEVEL}
            body = {"v": 1, "boot": "a", "n": number, "t": None, "up_ms": 1, "values": values}
            await node.publish(f"farm/{FARM}/devices/hw-tank/sensor", json.dumps(body), qos=1)
            await asyncio.sleep(0.1)


def node_driver(broker: NodeBroker) -> MqttNodeDriver:
    address = broker.address
    return MqttNodeDriver(
        "nodes",
        broker=Address(
            host=address.host, port=address.port, login=address.login, password=address.password
        ),
        farm_id=FARM,
        options=MqttNodeOptions(),
        positions={},
        clock=SystemClock(),
        random=lambda: 0.0,
    )


@asynccontextmanager
async def mqtt_node(folder: Path) -> AsyncIterator[Driver]:
    async with running_broker(folder) as broker:
        nodes = [asyncio.create_task(pump_node(broker)), asyncio.create_task(tank_node(broker))]
        yield node_driver(broker)
        for task in nodes:
            task.cancel()
        await asyncio.wait(nodes)


Make = Callable[[Path], AbstractAsyncContextManager[Driver]]
STEERING: Sequence[Make] = (fake, simulated, mqtt_node)
EVERY: Sequence[Make] = (*STEERING, replay)


@dataclass
class Rig:
    """A driver that runs, and where it puts what it observes."""

    driver: Driver
    tray: Tray


@asynccontextmanager
async def running(make: Make, folder: Path) -> AsyncIterator[Rig]:
    async with make(folder) as driver:
        driver.adopt(DEVICES)
        tray = Tray()
        task = asyncio.create_task(driver.run(tray))
        await asyncio.sleep(0)
        yield Rig(driver, tray)
        task.cancel()
        await asyncio.wait({task})


def _follows(order: str, level: float, report: Reported) -> bool:
    return report.last_command == order and report.level == level


needs_mosquitto = pytest.mark.needs("mosquitto")


def each(makes: Sequence[Make]) -> pytest.MarkDecorator:
    """Run a test with each of some drivers."""
    cases = [
        pytest.param(make, marks=[needs_mosquitto] if make is mqtt_node else []) for make in makes
    ]
    return pytest.mark.parametrize("make", cases, ids=[make.__name__ for make in makes])


every_driver = each(EVERY)
every_steering_driver = each(STEERING)


@every_driver
async def test_it_says_who_is_there(make: Make, tmp_path: Path) -> None:
    async with running(make, tmp_path) as rig:
        presence = await rig.tray.see(Presence, lambda item: item.device_id == TANK)
        assert presence.online


@each(EVERY[1:])
async def test_it_brings_readings_of_the_devices_it_was_given(make: Make, tmp_path: Path) -> None:
    async with running(make, tmp_path) as rig:
        sampled = await rig.tray.see(Sampled, lambda item: bool(item.readings))
        assert {one.device_id for one in sampled.readings} == {TANK}
        assert {one.quantity for one in sampled.readings} == {Quantity.WATER_LEVEL}
        assert sampled.live is rig.driver.steers


@every_steering_driver
async def test_a_write_is_answered_by_what_the_device_then_does(make: Make, tmp_path: Path) -> None:
    async with running(make, tmp_path) as rig:
        await rig.tray.see(Presence, lambda item: item.device_id == PUMP and item.online)
        for level in (100.0, 0.0):
            order = f"order-{level:.0f}"
            await rig.driver.write(PUMP, level, order=order, timeout_s=5)
            report = await rig.tray.see(Reported, partial(_follows, order, level))
            assert (report.device_id, report.error) == (PUMP, None)


@every_driver
async def test_a_device_that_it_was_not_given_is_never_written(make: Make, tmp_path: Path) -> None:
    async with running(make, tmp_path) as rig:
        with pytest.raises(DriverError) as error:
            await rig.driver.write(DeviceId(UUID(int=9)), 100.0, order="x", timeout_s=1)
        assert (error.value.code, error.value.device_id) == ("unknown_device", UUID(int=9))


@every_driver
async def test_a_device_that_was_let_go_is_not_written_any_more(make: Make, tmp_path: Path) -> None:
    async with running(make, tmp_path) as rig:
        rig.driver.adopt(DEVICES[1:])
        with pytest.raises(DriverError) as error:
            await rig.driver.write(PUMP, 100.0, order="x", timeout_s=1)
        assert error.value.code == "unknown_device"


@every_driver
async def test_it_ends_at_once_when_it_is_cancelled(make: Make, tmp_path: Path) -> None:
    async with make(tmp_path) as driver:
        driver.adopt(())
        task = asyncio.create_task(driver.run(Tray()))
        await asyncio.sleep(0.05)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=60)
        assert done == {task}


async def test_history_can_not_be_switched(tmp_path: Path) -> None:
    async with running(replay, tmp_path) as rig:
        with pytest.raises(DriverError) as error:
            await rig.driver.write(TANK, 100.0, order="x", timeout_s=1)
        assert error.value.code == "read_only"


# ------------------------------------------------------------------------------ the farm's broker


@needs_mosquitto
async def test_a_driver_comes_back_when_the_broker_does(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        port = broker.address.port
        driver = node_driver(broker)
        driver.adopt(DEVICES)
        tray = Tray()
        task = asyncio.create_task(driver.run(tray))
        node = asyncio.create_task(tank_node(broker))
        await tray.see(Presence, lambda item: item.online)
        node.cancel()
    await tray.see(Presence, lambda item: not item.online)
    with pytest.raises(DriverError) as error:
        await driver.write(PUMP, 100.0, order="x", timeout_s=1)
    assert error.value.code == "broker_offline"
    tray.items.clear()
    async with running_broker(tmp_path, port=port) as broker:
        node = asyncio.create_task(tank_node(broker))
        await tray.see(Presence, lambda item: item.online)
    for running_task in (task, node):
        running_task.cancel()
    await asyncio.wait({task, node})


@needs_mosquitto
async def test_a_device_that_is_added_while_its_node_speaks_is_heard_at_once(
    tmp_path: Path,
) -> None:
    async with running_broker(tmp_path) as broker:
        driver = node_driver(broker)
        driver.adopt([device for device in DEVICES if device.id == TANK])
        tray = Tray()
        tasks = {asyncio.create_task(driver.run(tray)), asyncio.create_task(tank_node(broker))}
        await tray.see(Presence, lambda item: item.device_id == TANK)
        tasks.add(asyncio.create_task(pump_node(broker)))
        await tray.see(Stranger, lambda item: item.hardware_id == "hw-pump")
        driver.adopt(DEVICES)
        heard = await tray.see(Reported, lambda report: report.device_id == PUMP)
        assert tray.items.index(heard) > next(
            at for at, item in enumerate(tray.items) if isinstance(item, Stranger)
        )
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@needs_mosquitto
async def test_of_a_rush_of_readings_each_one_is_taken_in_its_order(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker, client(broker, "tank") as node:
        driver, tray = node_driver(broker), Tray()
        driver.adopt(DEVICES)
        running = asyncio.create_task(driver.run(tray))
        first = asyncio.create_task(tank_node(broker))
        await tray.see(Sampled, lambda _: True)
        first.cancel()
        await asyncio.wait([first])
        tray.items.clear()
        async with asyncio.TaskGroup() as rush:
            for number in range(RUSH):
                body = {"v": 1, "boot": "rush", "n": number, "up_ms": 1}
                body["values"] = {"water_level": number / 100}
                topic = f"farm/{FARM}/devices/hw-tank/sensor"
                rush.create_task(node.publish(topic, json.dumps(body), qos=1))
        await tray.see(Sampled, lambda item: item.readings[0].value == (RUSH - 1) / 100)
        running.cancel()
        await asyncio.wait([running])
    sampled = [item.readings[0].value for item in tray.items if isinstance(item, Sampled)]
    # One of the first node's, which none of the rush has, may still have been on its way.
    taken = [value for value in sampled if value != TANK_LEVEL]
    assert taken == [number / 100 for number in range(RUSH)]


@needs_mosquitto
async def test_a_node_that_comes_late_is_told_what_to_hold_without_a_round_of_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokkatot.hub.drivers.mqtt_node.driver.TICK_S", 3600.0)
    async with running_broker(tmp_path) as broker:
        driver = node_driver(broker)
        driver.adopt(DEVICES)
        tray = Tray()
        tasks = {asyncio.create_task(driver.run(tray)), asyncio.create_task(tank_node(broker))}
        await tray.see(Presence, lambda item: item.device_id == TANK)
        await driver.write(PUMP, 100.0, order="early", timeout_s=5)
        tasks.add(asyncio.create_task(pump_node(broker)))
        held = await tray.see(Reported, lambda report: _follows("early", 100.0, report))
        assert held.device_id == PUMP
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@needs_mosquitto
@pytest.mark.parametrize(
    ("login", "topic", "heard"),
    [
        ("tank", "devices/hw-tank/sensor", True),
        ("tank", "devices/hw-pump/sensor", False),
        ("tank", "devices/hw-pump/command", False),
        ("tank", "devices/hw-tank/command", False),
        ("tank", "devices/hw-tank/fw_update", False),
    ],
)
async def test_a_nodes_login_speaks_for_itself_alone(
    tmp_path: Path, login: str, topic: str, heard: bool
) -> None:
    async with running_broker(tmp_path) as broker:
        address = broker.address
        async with (
            aiomqtt.Client(
                address.host, address.port, username=address.login, password=address.password
            ) as hub,
            client(broker, "pump") as pump,
            client(broker, login) as node,
        ):
            await hub.subscribe(f"farm/{FARM}/devices/+/sensor", qos=1)
            await pump.subscribe(f"farm/{FARM}/devices/hw-pump/command", qos=1)
            await node.publish(f"farm/{FARM}/{topic}", b"x", qos=1)
            await node.publish(f"farm/{FARM}/devices/hw-tank/sensor", b"end", qos=1)
            got: list[str] = []
            async for message in hub.messages:
                got.append(str(message.topic))
                if message.payload == b"end":
                    break
        assert (f"farm/{FARM}/{topic}" in got[:-1]) is heard


@needs_mosquitto
async def test_a_wrong_password_and_no_password_are_turned_away(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        for login, password in (("pump", "wrong-password"), (None, None)):
            with pytest.raises(aiomqtt.MqttError):
                async with aiomqtt.Client(
                    "127.0.0.1", broker.address.port, username=login, password=password, timeout=10
                ):
                    pass


@needs_mosquitto
async def test_the_brokers_files_are_the_hubs_alone(tmp_path: Path) -> None:
    async with running_broker(tmp_path):
        folder = tmp_path / "nodes"
        modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
        assert {modes[name] for name in ("passwords", "acl", "mosquitto.conf")} == {0o600}
        assert folder.stat().st_mode & 0o777 == 0o700
        assert NODE_PASSWORD not in (folder / "passwords").read_text()
