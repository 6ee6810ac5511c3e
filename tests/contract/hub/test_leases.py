"""A level is lent to a node again and again; where the hub falls silent, the node comes to rest."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from uuid import UUID

import msgspec
import pytest

from tests.support import relay_node
from tests.support.engine import FARM, HOUSE
from tests.support.fake_journal import FakeJournal
from tests.support.processes import free_port
from tests.support.relay_node import Wiring, moves
from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import OFF, ON, DeviceRole, Interface
from tokkatot.domain.ids import DeviceId
from tokkatot.hub.clock_sync import ClockQuality
from tokkatot.hub.config import EmbeddedBroker, NodeLogin
from tokkatot.hub.drivers.mqtt_node.driver import MqttNodeDriver
from tokkatot.hub.drivers.mqtt_node.driver import NodeBroker as Address
from tokkatot.hub.drivers.mqtt_node.options import MqttNodeOptions
from tokkatot.hub.inbox import HubInbox
from tokkatot.hub.node_broker import NodeBroker
from tokkatot.kit.clock import SystemClock

pytestmark = [pytest.mark.needs("mosquitto"), pytest.mark.timeout(300)]

NAME, PASSWORD = "NODE-HEATER", "node-password"
HEATER = DeviceConfig(
    id=DeviceId(UUID(int=1)),
    house_id=HOUSE,
    hardware_id=NAME,
    name="Heater",
    role=DeviceRole.HEATER,
    interface=Interface.RELAY,
    quantities=(),
    period_s=30.0,
    address={"driver": "nodes"},
)
# Shorter than the contract's, and renewed so often that a pause lets nothing lapse.
OPTIONS = MqttNodeOptions(lease_s=8, repeat_s=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Farm:
    """A broker, and a heater's node in a process of its own that writes its moves down."""

    broker: NodeBroker
    log: Path

    def driver(self) -> MqttNodeDriver:
        address = self.broker.address
        driver = MqttNodeDriver(
            "nodes",
            broker=Address(
                host=address.host, port=address.port, login=address.login, password=address.password
            ),
            farm_id=FARM,
            options=OPTIONS,
            positions={},
            clock=SystemClock(),
            random=lambda: 0.0,
        )
        driver.adopt([HEATER])
        return driver

    def levels(self) -> list[float]:
        """Return what the relay did, in its order."""
        return [move.level for move in moves(self.log)] if self.log.exists() else []

    async def until(self, *levels: float) -> None:
        async with asyncio.timeout(90):
            while self.levels() != list(levels):
                await asyncio.sleep(0.05)


@pytest.fixture
async def farm(tmp_path: Path) -> AsyncIterator[Farm]:
    port = free_port()
    broker = NodeBroker(
        EmbeddedBroker(
            host="127.0.0.1",
            port=port,
            logins=(NodeLogin(name=NAME, password=PASSWORD, devices=(NAME,), houses=()),),
        ),
        farm_id=FARM,
        folder=tmp_path / "nodes",
        random_bytes=token_bytes,
    )
    wiring = tmp_path / "wiring.json"
    log = tmp_path / "moves"
    wiring.write_bytes(
        msgspec.json.encode(
            Wiring(port=port, farm=str(FARM), log=str(log), rest=OFF, relays={NAME: PASSWORD})
        )
    )
    serving = asyncio.create_task(broker.run())
    node = await asyncio.create_subprocess_exec(
        sys.executable, "-m", relay_node.__name__, str(wiring)
    )
    try:
        yield Farm(broker=broker, log=log)
    finally:
        node.kill()
        await node.wait()
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


@asynccontextmanager
async def speaking(driver: MqttNodeDriver) -> AsyncIterator[None]:
    """Let a hub's driver speak with its nodes."""
    clock = SystemClock()
    inbox = HubInbox(FakeJournal(), clock, clock_quality=lambda: ClockQuality.GOOD)
    running = asyncio.create_task(driver.run(inbox))
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_level_is_renewed_while_the_hub_speaks_and_lapses_when_it_falls_silent(
    farm: Farm,
) -> None:
    driver = farm.driver()
    async with speaking(driver):
        driver.book.want(HEATER.id, ON, "order-1", 0.0)
        await farm.until(ON)
        await asyncio.sleep(1.5 * OPTIONS.lease_s)
        assert farm.levels() == [ON], "it was lent again before it lapsed"
    await farm.until(ON, OFF)
