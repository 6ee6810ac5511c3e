"""The hub's driver of simulated nodes: the real protocol over a broker without a socket."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from typing_extensions import override

from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import Level
from tokkatot.domain.ids import DeviceId, FarmId
from tokkatot.hub.drivers.mqtt_node.options import MqttNodeOptions
from tokkatot.hub.drivers.mqtt_node.source import NodeBook, Publish
from tokkatot.hub.drivers.port import Driver, DriverError, Inbox
from tokkatot.kit.clock import Clock
from tokkatot.sim.farm_broker import FarmBroker

RECONNECT_S: Final = 2.0
TICK_S: Final = 1.0

Asked = Callable[[DeviceId, Level, str], None]


class FarmDriver(Driver):
    """The driver of nodes on the farm's simulated broker; its protocol is the real one's."""

    def __init__(
        self,
        name: str,
        *,
        broker: FarmBroker,
        farm_id: FarmId,
        options: MqttNodeOptions,
        positions: dict[str, int],
        clock: Clock,
        asked: Asked,
    ) -> None:
        self.name = name
        self.steers = True
        self.is_dead = False
        self._book = NodeBook(driver=name, farm_id=farm_id, options=options, positions=positions)
        self._broker = broker
        self._clock = clock
        self._asked = asked
        self._is_connected = False
        self._broken = asyncio.Event()

    @override
    def adopt(self, devices: Sequence[DeviceConfig]) -> None:
        self._book.adopt(devices)

    @override
    def dropped(self) -> Mapping[str, int]:
        return dict(self._book.dropped)

    def break_off(self) -> None:
        """Lose the broker."""
        self._broken.set()

    @override
    async def run(self, inbox: Inbox) -> None:
        while True:
            hear = partial(self._hear, inbox)
            self._is_connected = self._broker.connect(hear)
            if self._is_connected:
                self._broken.clear()
                try:
                    await self._repeat(inbox)
                finally:
                    self._is_connected = False
                    self._broker.leave(hear)
                    for observation in self._book.lost():
                        inbox.offer(observation)
            await asyncio.sleep(RECONNECT_S)

    @override
    async def write(
        self, device_id: DeviceId, level: Level, *, order: str, timeout_s: float
    ) -> None:
        if self.is_dead:
            raise DriverError(device_id, "not_sent", "the process is gone")
        if not self._book.knows(device_id):
            raise DriverError(device_id, "unknown_device", f"{self.name} has no such device")
        messages = self._book.want(device_id, level, order, self._clock.monotonic())
        self._asked(device_id, level, order)
        if not self._is_connected:
            raise DriverError(device_id, "broker_offline", "the farm's broker is not reached")
        self._send(messages)

    async def _repeat(self, inbox: Inbox) -> None:
        while not self._broken.is_set():
            now_s = self._clock.monotonic()
            for observation in self._book.silent(now_s):
                inbox.offer(observation)
            self._send(self._book.due(now_s))
            await asyncio.sleep(TICK_S)

    def _send(self, messages: Iterable[Publish]) -> None:
        if not self.is_dead:
            for message in messages:
                self._broker.order(message)

    def _hear(
        self,
        inbox: Inbox,
        topic: str,
        payload: bytes,
        retained: bool,  # noqa: FBT001 - the flag of MQTT
    ) -> None:
        if self.is_dead:
            return
        for observation in self._book.receive(
            topic,
            payload,
            retained=retained,
            now_s=self._clock.monotonic(),
            now_ms=self._clock.now_ms(),
        ):
            inbox.offer(observation)
