"""A driver in memory, for tests of what stands on the port; it passes the port's contract suite."""

import asyncio
from collections.abc import Sequence

from typing_extensions import override

from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import Level
from tokkatot.domain.ids import DeviceId
from tokkatot.hub.drivers.port import (
    Driver,
    DriverError,
    Inbox,
    Observation,
    Presence,
    Reported,
)


class FakeDriver(Driver):
    """Its devices follow at once, unless they are in `deaf` (ask nothing) or `stuck` (do nothing).

    A device in `slow` never answers a write.
    """

    def __init__(self, name: str = "fake", *, steers: bool = True) -> None:
        self.name = name
        self.steers = steers
        self.devices: dict[DeviceId, DeviceConfig] = {}
        self.levels: dict[DeviceId, Level] = {}
        self.writes: list[tuple[DeviceId, Level, str]] = []
        self.deaf: set[DeviceId] = set()
        self.stuck: set[DeviceId] = set()
        self.slow: set[DeviceId] = set()
        self._inbox: Inbox | None = None

    @override
    def adopt(self, devices: Sequence[DeviceConfig]) -> None:
        self.devices = {device.id: device for device in devices}

    @override
    async def run(self, inbox: Inbox) -> None:
        self._inbox = inbox
        for device_id in self.devices:
            inbox.offer(Presence(device_id=device_id, online=True))
        await asyncio.Event().wait()

    def observe(self, item: Observation) -> None:
        """Let the inbox have something, as hardware does."""
        assert self._inbox is not None, "it does not run yet"
        self._inbox.offer(item)

    @override
    async def write(
        self, device_id: DeviceId, level: Level, *, order: str, timeout_s: float
    ) -> None:
        if device_id not in self.devices:
            raise DriverError(device_id, "unknown_device", "not adopted")
        if device_id in self.deaf:
            raise DriverError(device_id, "broker_offline", "can't be asked")
        if device_id in self.slow:
            await asyncio.Event().wait()
        self.writes.append((device_id, level, order))
        if device_id not in self.stuck:
            self.levels[device_id] = level
            self.observe(Reported(device_id=device_id, level=level, last_command=order))
