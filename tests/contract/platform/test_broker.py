import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiomqtt
import pytest

from tokkatot.cloud.platform.broker import BrokerKind, EmbeddedBroker
from tokkatot.cloud.platform.logins import BrokerLogin, cloud_login, hash_password
from tokkatot.cloud.platform.process import start_mark

CLOUD = "tokkatot-cloud"
WITHIN_S = 60.0


@pytest.fixture(
    params=[
        pytest.param(BrokerKind.MOSQUITTO, marks=pytest.mark.needs("mosquitto")),
        BrokerKind.AMQTT,
    ]
)
async def broker(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[EmbeddedBroker]:
    running = EmbeddedBroker(
        tmp_path / "broker", log_path=tmp_path / "broker.log", login=CLOUD, kind=request.param
    )
    await running.start()
    yield running
    await running.stop()


def client(broker: EmbeddedBroker, name: str, password: str) -> aiomqtt.Client:
    address = urlsplit(broker.url)
    assert address.hostname is not None
    assert address.port is not None
    return aiomqtt.Client(
        address.hostname, address.port, username=name, password=password, timeout=WITHIN_S
    )


def as_cloud(broker: EmbeddedBroker) -> aiomqtt.Client:
    return client(broker, CLOUD, broker.password())


def let_in(broker: EmbeddedBroker, *logins: BrokerLogin) -> None:
    broker.logins.write([cloud_login(CLOUD, broker.password()), *logins])


def hub(name: str, *lines: str) -> BrokerLogin:
    return BrokerLogin(name=name, password_hash=hash_password("secret"), acl_lines=lines)


async def log_in(broker: EmbeddedBroker, name: str, password: str = "secret") -> bool:
    try:
        async with client(broker, name, password):
            return True
    except aiomqtt.MqttError:
        return False


async def comes_true(expected: bool, broker: EmbeddedBroker, name: str) -> bool:
    """Wait for the broker to have read its files again."""
    async with asyncio.timeout(WITHIN_S):
        found = await log_in(broker, name)
        while found is not expected:
            await asyncio.sleep(0.05)
            found = await log_in(broker, name)
    return found


async def heard(client: aiomqtt.Client, end: str) -> list[str]:
    """Return what comes before a message that is sent last."""
    topics: list[str] = []
    async with asyncio.timeout(WITHIN_S):
        async for message in client.messages:
            if str(message.topic) == end:
                return topics
            topics.append(str(message.topic))
    raise AssertionError("the stream of messages has no end")


async def test_nobody_gets_in_without_a_login(broker: EmbeddedBroker) -> None:
    assert not await log_in(broker, "stranger")
    assert not await log_in(broker, CLOUD, "wrong")


async def test_a_new_login_is_let_in_without_a_restart(broker: EmbeddedBroker) -> None:
    pid = broker.pid
    let_in(broker, hub("hub-1"))

    assert await comes_true(True, broker, "hub-1")
    assert broker.pid == pid


async def test_a_login_that_was_taken_away_is_refused(broker: EmbeddedBroker) -> None:
    let_in(broker, hub("hub-1"))
    await comes_true(True, broker, "hub-1")

    let_in(broker)

    assert not await comes_true(False, broker, "hub-1")


async def test_a_hub_may_write_only_what_its_lines_say(broker: EmbeddedBroker) -> None:
    end = "farm/1/hubs/1/hello"
    let_in(broker, hub("hub-1", "write farm/1/hubs/1/up", f"write {end}"))
    await comes_true(True, broker, "hub-1")

    async with as_cloud(broker) as cloud, client(broker, "hub-1", "secret") as sender:
        await cloud.subscribe("farm/#", qos=1)
        up = "farm/1/hubs/1/up"
        for topic in (up, "farm/1/hubs/1/command", "farm/1/hubs/2/up", "other", end):
            await sender.publish(topic, b"{}", qos=1)
        topics = await heard(cloud, end)

    assert topics == ["farm/1/hubs/1/up"]


async def test_a_hub_may_read_only_what_its_lines_say(broker: EmbeddedBroker) -> None:
    end = "farm/1/hubs/1/welcome"
    let_in(broker, hub("hub-1", "read farm/1/hubs/1/ack", f"read {end}"))
    await comes_true(True, broker, "hub-1")

    async with as_cloud(broker) as cloud, client(broker, "hub-1", "secret") as reader:
        for topic in ("farm/1/hubs/1/ack", end, "farm/1/hubs/2/ack", "farm/#", "#"):
            # A broker may refuse the wide ones or deliver nothing through them.
            await refused_or_empty(reader, topic)
        await cloud.publish("farm/1/hubs/2/ack", b"{}", qos=1)
        await cloud.publish("farm/1/hubs/1/ack", b"{}", qos=1)
        await cloud.publish(end, b"{}", qos=1)
        topics = await heard(reader, end)

    assert set(topics) == {"farm/1/hubs/1/ack"}


async def refused_or_empty(reader: aiomqtt.Client, topic: str) -> None:
    try:
        await reader.subscribe(topic, qos=1)
    except aiomqtt.MqttError:
        return


async def test_it_comes_back_on_the_same_port_after_a_kill(broker: EmbeddedBroker) -> None:
    url, pid = broker.url, broker.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await broker.wait()

    assert await broker.start() == url
    assert await log_in(broker, CLOUD, broker.password())


async def test_one_that_was_left_behind_is_ended_and_replaced(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    left_pid = broker.pid
    assert left_pid is not None

    fresh = EmbeddedBroker(
        tmp_path / "broker", log_path=tmp_path / "broker.log", login=CLOUD, kind=broker.kind
    )
    await fresh.start()
    replaced = await log_in(fresh, CLOUD, fresh.password())
    await fresh.stop()

    assert start_mark(left_pid) is None
    assert replaced


async def test_its_files_are_closed_to_others(broker: EmbeddedBroker, tmp_path: Path) -> None:
    broker.password()
    names = ("passwords", "access", "cloud.password")

    modes = [(tmp_path / "broker" / name).stat().st_mode & 0o777 for name in names]

    assert modes == [0o600, 0o600, 0o600]


async def test_a_stopped_one_leaves_no_process_and_no_pid_file(broker: EmbeddedBroker) -> None:
    pid = broker.pid
    assert pid is not None

    await broker.stop()

    assert start_mark(pid) is None
    assert not list(broker.logins.folder.glob("*.pid"))
