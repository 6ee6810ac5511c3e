"""How many readings a second go from full batches through the broker into the database."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import aiomqtt
import psycopg

from tests.support.people import Person
from tests.support.readings import count_stored
from tests.support.site import HubLogin, Site
from tests.support.stack import Stack
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.quantities import Quantity
from tokkatot.kit.clock import SystemClock
from tokkatot.sim.farm import ACCOUNTS
from tokkatot.wire.messages import (
    MAX_BATCH_ROWS,
    PROTOCOL_VERSION,
    Ack,
    Hello,
    ReadingRow,
    StreamPosition,
    Welcome,
    decode,
    encode,
)
from tokkatot.wire.topics import HubLeaf

HUBS = 16
BATCHES = 240
"""Of each hub: 16 times 240 full batches are 1,920,000 readings, 15 to 30 seconds of work."""
QUANTITIES = (
    Quantity.TEMPERATURE,
    Quantity.RELATIVE_HUMIDITY,
    Quantity.CO2,
    Quantity.AMMONIA,
    Quantity.WATER_LEVEL,
)
_ANSWER_S = 30.0


def measure(stack: Stack, *, say: Callable[[str], None]) -> float:
    """Return the stored readings a second, counted in the table."""
    return asyncio.run(_measure(stack, say))


async def _measure(stack: Stack, say: Callable[[str], None]) -> float:
    streams = await _lay_out(stack)
    rows = [_rows(stream, SystemClock().now_ms()) for stream in streams]
    say(f"{HUBS} hubs send {HUBS * BATCHES * MAX_BATCH_ROWS} readings")
    before = _stored(stack)
    began_s = time.monotonic()  # noqa: TID251 - a benchmark reads the real clock
    async with asyncio.TaskGroup() as group:
        for stream, batches in zip(streams, rows, strict=True):
            group.create_task(_send(stack, stream, batches))
    took_s = time.monotonic() - began_s  # noqa: TID251
    stored = _stored(stack) - before
    say(f"{stored} readings in the table after {took_s:.1f} s")
    sent = HUBS * BATCHES * MAX_BATCH_ROWS
    # The demo's own hubs add a few readings a second.
    assert sent <= stored <= sent + 60 * took_s, f"{stored} stored of {sent}"
    return sent / took_s


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stream:
    """One hub's readings stream."""

    farm_id: str
    login: HubLogin
    device_id: str
    epoch: str

    def topic(self, leaf: HubLeaf) -> str:
        return f"farm/{self.farm_id}/hubs/{self.login.hub_id}/{leaf}"


async def _lay_out(stack: Stack) -> list[_Stream]:
    staff = await Person.log_in(stack.url, ACCOUNTS[-1].login)
    site = await Site.found(staff, "Bench")
    house = await site.add_house("House", kind="greenhouse")
    streams = []
    for number in range(HUBS):
        login = await site.add_hub(f"Hub {number}", house)
        device_id = await site.add_device(
            house,
            login,
            hardware_id=f"BENCH-{number}",
            role=DeviceRole.CLIMATE_SENSOR,
            interface=Interface.SENSOR,
            quantities=QUANTITIES,
        )
        streams.append(
            _Stream(farm_id=site.farm_id, login=login, device_id=device_id, epoch=str(uuid4()))
        )
    await staff.close()
    return streams


def _rows(stream: _Stream, now_ms: int) -> list[bytes]:
    """Return the rows of every batch as JSON, made before the clock starts."""
    total = BATCHES * MAX_BATCH_ROWS
    first_ms = now_ms - total // len(QUANTITIES) * 100 - 60_000
    batches = []
    for start in range(0, total, MAX_BATCH_ROWS):
        rows = [
            encode(
                ReadingRow(
                    index + 1,
                    "r",
                    stream.device_id,
                    QUANTITIES[index % len(QUANTITIES)],
                    first_ms + index // len(QUANTITIES) * 100,
                    20.0 + index % 977 / 100,
                    0,
                )
            )
            for index in range(start, start + MAX_BATCH_ROWS)
        ]
        batches.append(b"[" + b",".join(rows) + b"]")
    return batches


async def _send(stack: Stack, stream: _Stream, batches: list[bytes]) -> None:
    """Speak as a hub does: one batch in flight, the next one after its acknowledgement."""
    async with aiomqtt.Client(
        stack.broker_host,
        stack.broker_port,
        username=stream.login.hub_id,
        password=stream.login.password,
        identifier=stream.login.hub_id,
        timeout=_ANSWER_S,
    ) as client:
        for leaf in (HubLeaf.WELCOME, HubLeaf.ACK):
            await client.subscribe(stream.topic(leaf), qos=1)
        await client.publish(stream.topic(HubLeaf.HELLO), _hello(stream), qos=1)
        answers = client.messages
        async with asyncio.timeout(_ANSWER_S):
            welcome = decode(_payload(await anext(answers)), Welcome)
        for number, rows in enumerate(batches):
            first = number * MAX_BATCH_ROWS + 1
            head = (
                f'{{"v":1,"session":"{welcome.session}","stream":"readings",'
                f'"epoch":"{stream.epoch}","from":{first},"rows":'
            )
            await client.publish(stream.topic(HubLeaf.UP), head.encode() + rows + b"}", qos=1)
            acked = 0
            while acked < first + MAX_BATCH_ROWS - 1:
                async with asyncio.timeout(_ANSWER_S):
                    ack = decode(_payload(await anext(answers)), Ack)
                assert ack.quarantined == 0, ack
                acked = ack.acked_through


def _payload(message: aiomqtt.Message) -> bytes:
    assert isinstance(message.payload, bytes), "what comes from a broker is bytes"
    return message.payload


def _hello(stream: _Stream) -> bytes:
    position = StreamPosition(epoch=stream.epoch, next=BATCHES * MAX_BATCH_ROWS + 1)
    return encode(
        Hello(
            hub=stream.login.uuid,
            events=StreamPosition(epoch=stream.epoch, next=1),
            readings=position,
            boot="bench",
            mono_ms=1,
            t=SystemClock().now_ms(),
            desired_version=0,
            software="bench",
            protocol=(PROTOCOL_VERSION, PROTOCOL_VERSION),
        )
    )


def _stored(stack: Stack) -> int:
    with psycopg.connect(stack.database_url) as connection:
        return count_stored(connection)
