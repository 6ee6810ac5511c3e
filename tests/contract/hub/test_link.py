"""The hub's line over a real broker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import aiomqtt
import pytest

from tests.contract.journal_suite import reading
from tests.support.fake_cloud import FakeCloud
from tests.support.fault_proxy import HOST, fault_line
from tests.unit.hub.test_uplink import FakeLoop
from tokkatot.cloud.platform.broker import EmbeddedBroker
from tokkatot.cloud.platform.logins import BrokerLogin, cloud_login, hash_password
from tokkatot.domain.ids import FarmId, HubId
from tokkatot.hub.clock_sync import SyncedClock
from tokkatot.hub.config import BrokerAddress
from tokkatot.hub.inbound import Inbound
from tokkatot.hub.journal.journal import Journal
from tokkatot.hub.journal.settings import JournalSettings
from tokkatot.hub.link import LinkLost, mqtt
from tokkatot.hub.uplink import Uplink
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource
from tokkatot.wire.session_hub import HubSession
from tokkatot.wire.topics import FROM_HUB, TO_HUB, HubLeaf, HubTopic, parse_hub_topic

FARM = FarmId(UUID("0190b5a0-0000-7000-8000-0000000000f1"))
HUB = HubId(UUID("0190b5a0-0000-7000-8000-0000000000aa"))
OTHER_HUB = HubId(UUID("0190b5a0-0000-7000-8000-0000000000ab"))
PASSWORD = "hub-password"


def topic(hub_id: HubId, leaf: HubLeaf) -> str:
    return str(HubTopic(farm_id=FARM, hub_id=hub_id, leaf=leaf))


def hub_login() -> BrokerLogin:
    lines = [f"write {topic(HUB, leaf)}" for leaf in FROM_HUB]
    lines += [f"read {topic(HUB, leaf)}" for leaf in TO_HUB]
    return BrokerLogin(name=str(HUB), password_hash=hash_password(PASSWORD), acl_lines=tuple(lines))


def address(broker: EmbeddedBroker, password: str = PASSWORD) -> BrokerAddress:
    parts = urlsplit(broker.url)
    assert parts.hostname is not None
    assert parts.port is not None
    return BrokerAddress(
        host=parts.hostname, port=parts.port, tls=False, login=str(HUB), password=password
    )


@pytest.fixture
def broker(mosquitto: EmbeddedBroker) -> EmbeddedBroker:
    mosquitto.logins.write([cloud_login("tokkatot-cloud", mosquitto.password()), hub_login()])
    return mosquitto


async def serve(broker: EmbeddedBroker, cloud: FakeCloud) -> None:
    """Be the cloud until cancelled, whatever the broker does."""
    while True:
        try:
            await serve_once(broker, cloud)
        except aiomqtt.MqttError:
            await asyncio.sleep(0.1)


async def serve_once(broker: EmbeddedBroker, cloud: FakeCloud) -> None:
    parts = address(broker)
    async with aiomqtt.Client(
        parts.host,
        parts.port,
        username="tokkatot-cloud",
        password=broker.password(),
        timeout=60,
    ) as client:
        for leaf in FROM_HUB:
            await client.subscribe(f"farm/+/hubs/+/{leaf}", qos=1)
        async for message in client.messages:
            heard = parse_hub_topic(str(message.topic))
            assert heard is not None
            assert isinstance(message.payload, bytes)
            for leaf, payload in cloud.hear(heard.leaf, message.payload):
                await client.publish(topic(heard.hub_id, leaf), payload, qos=1)


@asynccontextmanager
async def hub(broker: EmbeddedBroker, journal: Journal) -> AsyncIterator[Uplink]:
    clock = SyncedClock(SystemClock(), is_machine_synchronised=lambda: False)
    loop = FakeLoop()
    uplink = Uplink(
        HubSession(
            hub_id=HUB,
            boot="boot",
            software="1",
            heads=journal.heads(),
            random=lambda: 0.5,
        ),
        connect=mqtt(address(broker), FARM, HUB),
        journal=journal,
        inbound=Inbound(
            farm_id=FARM,
            hub_id=HUB,
            keys={},
            journal=journal,
            doer=loop,
            clock=clock,
            document=None,
        ),
        screen=loop,
        clock=clock,
        random=lambda: 0.0,
    )
    task = asyncio.create_task(uplink.run())
    try:
        yield uplink
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(90):
        while not condition():
            await asyncio.sleep(0.01)


async def test_rows_cross_a_real_broker_that_is_started_again_on_the_way(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    clock = SystemClock()
    cloud = FakeCloud()
    journal = await Journal.open(
        tmp_path / "journal.sqlite",
        clock=clock,
        ids=IdSource(clock),
        settings=JournalSettings(timeout_s=60, start_timeout_s=60),
    )
    serving = asyncio.create_task(serve(broker, cloud))
    await journal.record(readings=[reading(t) for t in range(15_000)], urgent=True)

    async with hub(broker, journal) as uplink:
        await until(lambda: len(cloud.stored.rows["readings"]) > 2_000)
        await broker.stop()
        await until(lambda: not uplink.status().connected)
        await journal.record(readings=[reading(t) for t in range(15_000, 16_000)], urgent=True)
        await broker.start()
        await until(lambda: journal.heads()["readings"].acked == 16_000)
        assert len(cloud.live) > 0

    assert [row.t for row in cloud.readings()] == list(range(16_000))
    serving.cancel()
    await asyncio.wait([serving])
    await journal.close()


async def test_a_wrong_password_is_a_lost_line_with_its_reason(broker: EmbeddedBroker) -> None:
    with pytest.raises(LinkLost):
        await mqtt(address(broker, "wrong"), FARM, HUB)().__aenter__()


async def test_nobody_there_is_a_lost_line(broker: EmbeddedBroker) -> None:
    where = address(broker)
    await broker.stop()

    with pytest.raises(LinkLost):
        await mqtt(where, FARM, HUB)().__aenter__()


async def test_a_half_open_line_on_which_nothing_is_due_is_lost_within_45_s(
    broker: EmbeddedBroker,
) -> None:
    where = address(broker)
    async with fault_line(where.port) as line:
        through = mqtt(replace(where, host=HOST, port=line.port), FARM, HUB)
        async with through() as link:
            assert line.half_open() == 1
            with pytest.raises(LinkLost):
                async with asyncio.timeout(45):
                    await anext(link.messages())

        async with through() as link:
            await link.send(HubLeaf.LIVE, b"{}", qos=1)
