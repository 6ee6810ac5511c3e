"""What is sent to hubs by itself, where something is wrong with one of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import aiomqtt
import pytest
from sqlalchemy import text

from tests.support.cloud import Cloud, Person
from tests.support.yard import Yard, make_yard
from tokkatot.cloud.sync.dispatch import Dispatcher, Waiting
from tokkatot.cloud.sync.service import Outgoing
from tokkatot.domain.ids import FarmId, HubId
from tokkatot.wire.topics import HubLeaf

WITHIN_S = 60.0
Sent = list[tuple[HubId, HubLeaf]]


def dispatcher_of(
    cloud: Cloud, waiting: Waiting, publish: Callable[[Outgoing], Awaitable[None]]
) -> Dispatcher:
    return Dispatcher(
        cloud.context.database,
        keys=cloud.context.keys,
        clock=cloud.clock,
        waiting=waiting,
        publish=publish,
    )


@asynccontextmanager
async def dispatching(cloud: Cloud, sent: Sent, waiting: Waiting) -> AsyncIterator[None]:
    async def publish(message: Outgoing) -> None:
        sent.append((message.topic.hub_id, message.topic.leaf))

    dispatcher = dispatcher_of(cloud, waiting, publish)
    running = asyncio.create_task(dispatcher.run())
    try:
        yield
        assert not running.done()
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not true():
            await asyncio.sleep(0.02)


async def spoil(cloud: Cloud, owner: Person, yard: Yard) -> None:
    """Give a house a schedule that no version of the cloud can read."""
    does = {"kind": "duration_based", "run_s": 60, "rest_s": 3600, "devices": [str(yard.pump)]}
    body = {"house_id": str(yard.house_id), "name": "Water", "does": does}
    made = await cloud.post(f"/v1/farms/{yard.farm_id}/schedules", body, owner)
    async with cloud.context.database.transaction() as tx:
        await tx.session.execute(
            text("UPDATE schedule_versions SET content = '{\"does\": 3}' WHERE schedule_id = :id"),
            {"id": UUID(made["id"])},
        )


async def order(cloud: Cloud, owner: Person, yard: Yard) -> None:
    path = f"/v1/farms/{yard.farm_id}/devices/{yard.pump}/commands"
    await cloud.post(path, {"action": "off"}, owner, status=202)


@pytest.fixture
async def farm(cloud: Cloud) -> tuple[Person, Yard, Yard]:
    """Two hubs that have said hello, neither of which holds the newest document."""
    owner, farm_id = await cloud.sign_up()
    one, other = [
        await make_yard(cloud.context.database, farm_id=FarmId(farm_id), number=number)
        for number in (1, 2)
    ]
    async with cloud.context.database.transaction() as tx:
        await tx.session.execute(text("UPDATE hubs SET last_seen_at = :now"), {"now": tx.now})
        await tx.session.execute(
            text(
                "INSERT INTO hub_links (hub_id, session, boot, mono_ms, opened_at, online)"
                " SELECT id, 's', 'boot', 1, :now, true FROM hubs"
            ),
            {"now": tx.now},
        )
    return owner, one, other


@pytest.mark.parametrize("first", [True, False])
async def test_a_hub_whose_document_can_not_be_built_holds_up_no_other(
    cloud: Cloud, farm: tuple[Person, Yard, Yard], *, first: bool
) -> None:
    owner, one, other = farm
    hubs = {one.hub_id, other.hub_id}
    # In the order in which they are looked at.
    ahead, behind = sorted((one, other), key=lambda yard: list(hubs).index(yard.hub_id))
    spoilt, sound = (ahead, behind) if first else (behind, ahead)
    await spoil(cloud, owner, spoilt)
    for yard in farm[1:]:
        await order(cloud, owner, yard)
    sent: Sent = []
    waiting = Waiting()
    for yard in farm[1:]:
        waiting.add(yard.hub_id)
    async with dispatching(cloud, sent, waiting):
        await until(lambda: len(sent) == 3)
    assert [leaf for hub, leaf in sent if hub == sound.hub_id] == [HubLeaf.DESIRED, HubLeaf.COMMAND]
    # It gets no document; that it may switch off what runs does not hang on one.
    assert [leaf for hub, leaf in sent if hub == spoilt.hub_id] == [HubLeaf.COMMAND]


async def test_a_broker_that_is_gone_ends_the_sending(
    cloud: Cloud, farm: tuple[Person, Yard, Yard]
) -> None:
    async def publish(_: Outgoing) -> None:
        raise aiomqtt.MqttError("gone")

    waiting = Waiting()
    waiting.add(farm[1].hub_id)
    dispatcher = dispatcher_of(cloud, waiting, publish)
    with pytest.raises(aiomqtt.MqttError):
        async with asyncio.timeout(WITHIN_S):
            await dispatcher.run()
