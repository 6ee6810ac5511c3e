"""The driver of nodes on the farm's own broker."""

import asyncio
import math
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import aiomqtt
import structlog
from typing_extensions import override

from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import Level
from tokkatot.domain.ids import DeviceId, FarmId
from tokkatot.hub.drivers.mqtt_node.options import MqttNodeOptions
from tokkatot.hub.drivers.mqtt_node.source import NodeBook, Publish
from tokkatot.hub.drivers.port import Driver, DriverError, Inbox, Presence, Reported
from tokkatot.kit.backoff import Backoff
from tokkatot.kit.clock import Clock
from tokkatot.kit.waiting import Bell
from tokkatot.wire.topics import DROPPED_TOPIC

TICK_S = 1.0
SEND_WITHIN_S = 5.0
MAX_WAITING = 20_000
"""Messages that may come before all is subscribed: as many as the farm's broker keeps."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeBroker:
    """The farm's broker and the hub's login there."""

    host: str
    port: int
    tls: bool = False
    login: str | None = None
    password: str | None = None


class MqttNodeDriver(Driver):
    """Listens to nodes, keeps their leases alive, and comes back by itself after a break."""

    def __init__(
        self,
        name: str,
        *,
        broker: NodeBroker,
        farm_id: FarmId,
        options: MqttNodeOptions,
        positions: Mapping[str, int],
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        self.name = name
        self.steers = True
        self.book = NodeBook(driver=name, farm_id=farm_id, options=options, positions=positions)
        self._broker = broker
        self._clock = clock
        # Soon at first: the broker on the same computer starts at the same time.
        self._backoff = Backoff(first_s=0.1, cap_s=30.0, random=random)
        self._heard = Bell()
        self._client: aiomqtt.Client | None = None
        self._ask_again = False
        self._trouble: str | None = None

    @override
    def adopt(self, devices: Sequence[DeviceConfig]) -> None:
        self._ask_again = not all(self.book.knows(device.id) for device in devices)
        self.book.adopt(devices)
        self._heard.set()

    @override
    def dropped(self) -> Mapping[str, int]:
        return dict(self.book.dropped)

    @override
    async def run(self, inbox: Inbox) -> None:
        while True:
            try:
                await self._listen(inbox)
            except* aiomqtt.MqttError as errors:
                self._note_trouble(_reason(errors))
            finally:
                self._client = None
                for observation in self.book.lost():
                    inbox.offer(observation)
            await self._clock.sleep(self._backoff.next_s())

    @override
    async def write(
        self, device_id: DeviceId, level: Level, *, order: str, timeout_s: float
    ) -> None:
        if not self.book.knows(device_id):
            raise DriverError(device_id, "unknown_device", f"{self.name} has no such device")
        messages = self.book.want(device_id, level, order, self._clock.monotonic())
        client = self._client
        if client is None:
            raise DriverError(device_id, "broker_offline", "the farm's broker is not reached")
        try:
            await _send(client, messages, timeout_s)
        except aiomqtt.MqttError as error:
            raise DriverError(device_id, "not_sent", str(error)) from error

    async def _listen(self, inbox: Inbox) -> None:
        handing = _Handing(partial(self._receive, inbox))
        async with aiomqtt.Client(
            hostname=self._broker.host,
            port=self._broker.port,
            username=self._broker.login,
            password=self._broker.password,
            tls_context=ssl.create_default_context() if self._broker.tls else None,
            timeout=SEND_WITHIN_S,
            keepalive=15,
            queue_type=cast("type[asyncio.Queue[aiomqtt.Message]]", lambda **_: handing),
            # Without it, an answer waits 40 ms for the other side's delayed ACK.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        ) as client:
            await self._subscribe(client)
            self._client = client
            handing.open()
            self._backoff.reset()
            self._trouble = None
            log.info("nodes.connected", driver=self.name, broker=self._broker.host)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._repeat(client, inbox))
                async for _ in client.messages:
                    raise AssertionError("each message was handed on when it came")

    def _note_trouble(self, reason: str) -> None:
        if reason != self._trouble:
            log.warning("nodes.disconnected", driver=self.name, reason=reason)
        self._trouble = reason

    async def _subscribe(self, client: aiomqtt.Client) -> None:
        """Listen, and have all that is retained said: also again, for devices that are new."""
        self._ask_again = False
        for topic, qos in self.book.subscriptions.items():
            await _answered(client.subscribe(topic, qos=qos, timeout=math.inf), SEND_WITHIN_S)

    def _receive(self, inbox: Inbox, message: aiomqtt.Message) -> None:
        payload = message.payload
        assert isinstance(payload, bytes), "what comes from a broker is bytes"
        if message.topic.value == DROPPED_TOPIC:
            self.book.note_broker(payload)
            return
        for observation in self.book.receive(
            message.topic.value,
            payload,
            retained=message.retain,
            now_s=self._clock.monotonic(),
            now_ms=self._clock.now_ms(),
        ):
            inbox.offer(observation)
            if isinstance(observation, (Presence, Reported)):
                self._heard.set()

    async def _repeat(self, client: aiomqtt.Client, inbox: Inbox) -> None:
        """Say orders again when it is time, and at once to a node that has just come."""
        while True:
            self._heard.clear()
            now_s = self._clock.monotonic()
            for observation in self.book.silent(now_s):
                inbox.offer(observation)
            try:
                if self._ask_again:
                    await self._subscribe(client)
                for message in self.book.due(now_s):
                    await _send(client, (message,), SEND_WITHIN_S)
            except aiomqtt.MqttError as error:
                # The client's own loop notices a broken link; the next round says it again.
                log.warning("nodes.not_sent", driver=self.name, reason=str(error))
            await self._heard.set_within(TICK_S)


class _Handing(asyncio.Queue[aiomqtt.Message]):
    """Stands where a client queues messages, and hands each one on when it comes, once opened.

    A queue of the client drops what finds no room, after the broker was told that it has arrived,
    and no one hears of it. Handed on at once, a rush waits in the broker, and what the journal has
    no room for is counted there. It also spares each message two tasks.
    """

    def __init__(self, take: Callable[[aiomqtt.Message], None]) -> None:
        super().__init__(MAX_WAITING)
        self._take = take
        self._opened = False

    def open(self) -> None:
        """Hand on what has come while the connection was made, and then everything at once."""
        self._opened = True
        while not self.empty():
            self._take(self.get_nowait())

    @override
    def put_nowait(self, item: aiomqtt.Message) -> None:
        if self._opened:
            self._take(item)
        else:
            super().put_nowait(item)


async def _send(client: aiomqtt.Client, messages: Sequence[Publish], timeout_s: float) -> None:
    for message in messages:
        sending = client.publish(message.topic, message.payload, qos=1, timeout=math.inf)
        await _answered(sending, timeout_s / len(messages))


async def _answered(call: Awaitable[object], timeout_s: float) -> None:
    """Wait for an answer; the client's own time-out may swallow that we are cancelled."""
    try:
        async with asyncio.timeout(timeout_s):
            await call
    except TimeoutError:
        raise aiomqtt.MqttError("the broker did not answer in time") from None


def _reason(errors: BaseExceptionGroup[aiomqtt.MqttError]) -> str:
    return "; ".join(str(error) for error in errors.exceptions)
