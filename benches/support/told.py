"""How soon after a hub has raised an alarm its message is on the phone."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from uuid import uuid4

import aiomqtt

from benches.support.statistics import p99, spread
from tests.support.people import Json, Person, watching
from tests.support.site import HubLogin, Site
from tests.support.stack import Stack
from tokkatot.kit.clock import SystemClock
from tokkatot.sim.farm import ACCOUNTS
from tokkatot.wire.messages import (
    PROTOCOL_VERSION,
    AlertRow,
    Hello,
    StreamPosition,
    Welcome,
    decode,
    encode,
)
from tokkatot.wire.topics import HubLeaf

MESSAGE = "condition_to_message_p99_ms"
ALARMS = 200
_WITHIN_S = 30.0


def measure(stack: Stack, say: Callable[[str], None]) -> float:
    """Return the 99th percentile from a hub's row in the broker to the frame that tells of it."""
    taken_ms = asyncio.run(_measure(stack))
    say(spread(taken_ms, "ms"))
    return p99(taken_ms)


async def _connected(stack: Stack, login: HubLogin, open_lines: AsyncExitStack) -> aiomqtt.Client:
    """Return a line of a hub that was added just now: its broker hears of it a moment later."""
    async with asyncio.timeout(_WITHIN_S):
        while True:
            client = aiomqtt.Client(
                stack.broker_host,
                stack.broker_port,
                username=login.hub_id,
                password=login.password,
                identifier=login.hub_id,
                timeout=_WITHIN_S,
            )
            try:
                return await open_lines.enter_async_context(client)
            except aiomqtt.MqttError:
                await asyncio.sleep(0.1)


async def _measure(stack: Stack) -> list[float]:
    staff = await Person.log_in(stack.url, ACCOUNTS[-1].login)
    manager = await Person.log_in(stack.url, ACCOUNTS[1].login)
    view = await manager.house("Coop 1")
    site = Site(staff=staff, farm_id=view.farm_id)
    house = await site.add_house("House", kind="greenhouse")
    login = await site.add_hub("Hub", house)
    async with AsyncExitStack() as open_lines:
        phone = await open_lines.enter_async_context(watching(view))
        client = await _connected(stack, login, open_lines)
        await phone.frame(lambda frame: frame["type"] == "snapshot")
        topic = f"farm/{site.farm_id}/hubs/{login.hub_id}"
        await client.subscribe(f"{topic}/{HubLeaf.WELCOME}", qos=1)
        epoch, clock = str(uuid4()), SystemClock()
        await client.publish(f"{topic}/{HubLeaf.HELLO}", _hello(login, epoch), qos=1)
        async with asyncio.timeout(_WITHIN_S):
            answer = (await anext(client.messages)).payload
        assert isinstance(answer, bytes), "what comes from a broker is bytes"
        session = decode(answer, Welcome).session
        taken_ms: list[float] = []
        for seq in range(1, ALARMS + 1):
            alert = str(uuid4())
            row = encode(
                AlertRow(
                    seq, "a", alert, clock.now_ms(), "water_low", "raised", house, None, 20.0, 10.0
                )
            )
            head = (
                f'{{"v":1,"session":"{session}","stream":"events","epoch":"{epoch}",'
                f'"from":{seq},"rows":['
            )
            began_s = clock.monotonic()
            await client.publish(f"{topic}/{HubLeaf.UP}", head.encode() + row + b"]}", qos=1)
            await phone.frame(partial(_tells_of, alert))
            taken_ms.append((clock.monotonic() - began_s) * 1000)
    await manager.close()
    await staff.close()
    return taken_ms


def _tells_of(alert: str, frame: Json) -> bool:
    return bool(frame["type"] == "message.new" and frame["data"]["alert"] == alert)


def _hello(login: HubLogin, epoch: str) -> bytes:
    position = StreamPosition(epoch=epoch, next=1)
    return encode(
        Hello(
            hub=login.uuid,
            events=position,
            readings=position,
            boot="bench",
            mono_ms=1,
            t=SystemClock().now_ms(),
            desired_version=0,
            software="bench",
            protocol=(PROTOCOL_VERSION, PROTOCOL_VERSION),
        )
    )
