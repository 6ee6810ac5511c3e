"""The hub's line to the cloud's broker."""

import asyncio
import math
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import aiomqtt
from typing_extensions import override

from tokkatot.domain.ids import FarmId, HubId
from tokkatot.hub.config import BrokerAddress
from tokkatot.wire.topics import TO_HUB, HubLeaf, HubTopic, parse_hub_topic

KEEPALIVE_S = 15
TIMEOUT_S = 10.0
_QUEUE_LIMIT = 500


class LinkLost(Exception):
    """The line is gone or could not be made; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Link(Protocol):
    """One connection, with the subscriptions of this hub made. Raises `LinkLost` when it ends."""

    async def send(self, leaf: HubLeaf, payload: bytes, *, qos: int) -> None:
        """Publish under the hub's topic, within a bounded time."""
        ...

    def messages(self) -> AsyncIterator[tuple[HubLeaf, bytes]]:
        """Yield what comes for this hub."""
        ...


Connect = Callable[[], AbstractAsyncContextManager[Link]]


class _MqttLink(Link):
    def __init__(self, client: aiomqtt.Client, farm_id: FarmId, hub_id: HubId) -> None:
        self._client = client
        self._farm_id = farm_id
        self._hub_id = hub_id

    def topic(self, leaf: HubLeaf) -> str:
        return str(HubTopic(farm_id=self._farm_id, hub_id=self._hub_id, leaf=leaf))

    async def subscribe(self) -> None:
        topics = [(self.topic(leaf), 1) for leaf in sorted(TO_HUB)]
        await _answered(self._client.subscribe(topics, timeout=math.inf))

    @override
    async def send(self, leaf: HubLeaf, payload: bytes, *, qos: int) -> None:
        try:
            sending = self._client.publish(self.topic(leaf), payload, qos=qos, timeout=math.inf)
            await _answered(sending)
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            raise LinkLost(str(error)) from error

    @override
    async def messages(self) -> AsyncIterator[tuple[HubLeaf, bytes]]:
        try:
            async for message in self._client.messages:
                topic = parse_hub_topic(str(message.topic))
                if topic is not None and isinstance(message.payload, bytes):
                    yield topic.leaf, message.payload
        except (aiomqtt.MqttError, OSError) as error:
            raise LinkLost(str(error)) from error


def mqtt(broker: BrokerAddress, farm_id: FarmId, hub_id: HubId) -> Connect:
    """Return what makes a connection to the cloud's broker, at each call a new one."""

    @asynccontextmanager
    async def connect() -> AsyncIterator[Link]:
        client = aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.login,
            password=broker.password,
            identifier=f"hub-{hub_id}",
            clean_session=True,
            keepalive=KEEPALIVE_S,
            timeout=TIMEOUT_S,
            max_queued_incoming_messages=_QUEUE_LIMIT,
            tls_context=ssl.create_default_context() if broker.tls else None,
            # Without it, an answer waits 40 ms for the other side's delayed ACK.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        try:
            await client.__aenter__()
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            raise LinkLost(str(error)) from error
        try:
            link = _MqttLink(client, farm_id, hub_id)
            try:
                await link.subscribe()
            except (aiomqtt.MqttError, OSError) as error:
                raise LinkLost(str(error)) from error
            yield link
        finally:
            await _leave(client)

    return connect


async def _answered(call: Awaitable[object]) -> None:
    """Wait for an answer; the client's own time-out may swallow that we are cancelled."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await call
    except TimeoutError:
        raise LinkLost(f"the broker did not answer within {TIMEOUT_S:g} s") from None


async def _leave(client: aiomqtt.Client) -> None:
    try:
        await client.__aexit__(None, None, None)
    except aiomqtt.MqttError:
        return  # it was gone already
