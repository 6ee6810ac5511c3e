"""A hub as the broker sees it: it streams what it is given until all is acknowledged."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import aiomqtt
import msgspec

from tests.support.site import HubLogin
from tokkatot.kit.clock import SystemClock
from tokkatot.wire.messages import (
    PROTOCOL_VERSION,
    Ack,
    Hello,
    Row,
    StreamName,
    StreamPosition,
    Welcome,
    decode,
    encode,
)
from tokkatot.wire.topics import HubLeaf

_TIMEOUT_S = 90.0
_AGAIN_S = 2.0
"""A batch is sent again when so long nobody acknowledges it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows of a stream as JSON, made before the clock starts: from a number on, so many."""

    first: int
    count: int
    rows: bytes

    @classmethod
    def of(cls, first: int, rows: Sequence[Row]) -> "Batch":
        """Encode rows."""
        return cls(first=first, count=len(rows), rows=msgspec.json.encode(rows))

    @property
    def last(self) -> int:
        """The number of its last row."""
        return self.first + self.count - 1


@dataclass(slots=True, kw_only=True)
class WireHub:
    """One connection with an open session; each stream has one batch in flight."""

    farm_id: str
    login: HubLogin
    client: aiomqtt.Client
    session: str = ""
    epoch: str = field(default_factory=lambda: str(uuid4()))
    sent_again: int = 0
    _acks: dict[str, asyncio.Queue[int]] = field(default_factory=dict)

    def topic(self, leaf: HubLeaf) -> str:
        """Return where it speaks or hears."""
        return f"farm/{self.farm_id}/hubs/{self.login.hub_id}/{leaf}"

    async def send(self, stream: StreamName, batch: Batch) -> None:
        """Send a batch until it is acknowledged."""
        head = (
            f'{{"v":1,"session":"{self.session}","stream":"{stream}",'
            f'"epoch":"{self.epoch}","from":{batch.first},"rows":'
        )
        message = head.encode() + batch.rows + b"}"
        acks = self._acks[stream]
        async with asyncio.timeout(_TIMEOUT_S):
            await self.client.publish(self.topic(HubLeaf.UP), message, qos=1)
            while True:
                try:
                    async with asyncio.timeout(_AGAIN_S):
                        acked = await acks.get()
                except TimeoutError:
                    self.sent_again += 1
                    await self.client.publish(self.topic(HubLeaf.UP), message, qos=1)
                else:
                    if acked >= batch.last:
                        return

    async def send_all(self, stream: StreamName, batches: Iterable[Batch]) -> None:
        """Send batches one after the other."""
        for batch in batches:
            await self.send(stream, batch)

    async def _hear(self) -> None:
        async for message in self.client.messages:
            assert isinstance(message.payload, bytes), "what comes from a broker is bytes"
            if str(message.topic) == self.topic(HubLeaf.ACK):
                ack = decode(message.payload, Ack)
                assert ack.quarantined == 0, ack
                self._acks[ack.stream].put_nowait(ack.acked_through)


@asynccontextmanager
async def wire_hub(host: str, port: int, farm_id: str, login: HubLogin) -> AsyncIterator[WireHub]:
    """Connect, and open a session."""
    async with aiomqtt.Client(
        host,
        port,
        username=login.hub_id,
        password=login.password,
        identifier=login.hub_id,
        timeout=_TIMEOUT_S,
    ) as client:
        hub = WireHub(farm_id=farm_id, login=login, client=client)
        hub._acks = {"events": asyncio.Queue(), "readings": asyncio.Queue()}
        for leaf in (HubLeaf.WELCOME, HubLeaf.ACK):
            await client.subscribe(hub.topic(leaf), qos=1)
        await client.publish(hub.topic(HubLeaf.HELLO), _hello(hub), qos=1)
        async with asyncio.timeout(_TIMEOUT_S):
            message = await anext(client.messages)
        assert isinstance(message.payload, bytes), "what comes from a broker is bytes"
        hub.session = decode(message.payload, Welcome).session
        hearing = asyncio.create_task(hub._hear())
        try:
            yield hub
        finally:
            hearing.cancel()
            await asyncio.wait([hearing])


def _hello(hub: WireHub) -> bytes:
    return encode(
        Hello(
            hub=hub.login.uuid,
            events=StreamPosition(epoch=hub.epoch, next=1),
            readings=StreamPosition(epoch=hub.epoch, next=1),
            boot="wire",
            mono_ms=1,
            t=SystemClock().now_ms(),
            desired_version=0,
            software="wire",
            protocol=(PROTOCOL_VERSION, PROTOCOL_VERSION),
        )
    )
