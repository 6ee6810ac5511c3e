"""The driver of simulated hardware."""

from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override

from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import Level, is_actuator
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quality, check_value
from tokkatot.domain.readings import Reading, RefusedReading
from tokkatot.hub.drivers.port import Driver, DriverError, Inbox, Presence, Reported, Sampled
from tokkatot.hub.drivers.simulated.source import World, channel_of, sensor_channel
from tokkatot.kit.clock import Clock
from tokkatot.kit.waiting import Bell

REPORT_EVERY_S = 10.0
QUICK_TICK_S = 0.01
QUICK_FOR_S = 1.0
"""After a write the world is looked at closely for so long, as a contact closes in milliseconds."""


@dataclass(slots=True, kw_only=True)
class _Wired:
    """A device on a channel, with when it was last heard."""

    device: DeviceConfig
    channel: str
    announced: bool = False
    due_s: float = 0.0
    told: Level | None = None
    order: str | None = None


class SimulatedDriver(Driver):
    """Lets a world run beside the hub, reads its sensors and switches its outputs."""

    def __init__(self, name: str, *, world: World, clock: Clock, tick_s: float = 1.0) -> None:
        self.name = name
        self.steers = True
        self._world = world
        self._clock = clock
        self._tick_s = tick_s
        self._wired: dict[DeviceId, _Wired] = {}
        self._at_s = clock.monotonic()
        self._quick_until_s = self._at_s
        self._written = Bell()

    @override
    def adopt(self, devices: Sequence[DeviceConfig]) -> None:
        before = self._wired
        self._wired = {}
        for device in devices:
            channel = channel_of(device)
            if channel is None:
                continue
            wired = before.get(device.id)
            if wired is None or wired.channel != channel:
                wired = _Wired(device=device, channel=channel)
            wired.device = device
            self._wired[device.id] = wired

    @override
    async def run(self, inbox: Inbox) -> None:
        for wired in self._wired.values():
            # A new run tells everything anew: whoever listens now may not have heard it.
            wired.announced = False
            wired.told = None
        while True:
            self.tick(inbox)
            quick = self._clock.monotonic() < self._quick_until_s
            if await self._written.set_within(QUICK_TICK_S if quick else self._tick_s):
                self._written.clear()
                await self._clock.sleep(QUICK_TICK_S)

    def tick(self, inbox: Inbox) -> None:
        """Bring the world to now and tell what is due."""
        now_s = self._clock.monotonic()
        self._world.advance(now_s - self._at_s, self._clock.now())
        self._at_s = now_s
        for wired in self._wired.values():
            if not wired.announced:
                wired.announced = inbox.offer(Presence(device_id=wired.device.id, online=True))
            if is_actuator(wired.device.role):
                self._report(wired, inbox, now_s)
            elif now_s >= wired.due_s:
                wired.due_s = now_s + wired.device.period_s
                sampled = self._sample(wired)
                if sampled.readings or sampled.refused:
                    inbox.offer(sampled)

    @override
    async def write(
        self, device_id: DeviceId, level: Level, *, order: str, timeout_s: float
    ) -> None:
        wired = self._wired.get(device_id)
        if wired is None:
            raise DriverError(device_id, "unknown_device", f"{self.name} has no such device")
        try:
            self._world.write(wired.channel, level)
        except LookupError as error:
            raise DriverError(device_id, "no_channel", str(error)) from error
        wired.order = order
        wired.told = None
        self._quick_until_s = self._clock.monotonic() + QUICK_FOR_S
        self._written.set()

    def _report(self, wired: _Wired, inbox: Inbox, now_s: float) -> None:
        try:
            level = self._world.level(wired.channel)
        except LookupError as error:
            if now_s >= wired.due_s:
                wired.due_s = now_s + REPORT_EVERY_S
                inbox.offer(Reported(device_id=wired.device.id, level=None, error=str(error)[:64]))
            return
        if level == wired.told and now_s < wired.due_s:
            return
        report = Reported(device_id=wired.device.id, level=level, last_command=wired.order)
        if inbox.offer(report):
            wired.told = level
            wired.due_s = now_s + REPORT_EVERY_S

    def _sample(self, wired: _Wired) -> Sampled:
        readings: list[Reading] = []
        refused: list[RefusedReading] = []
        t_ms = self._clock.now_ms()
        device_id = wired.device.id
        for quantity in wired.device.quantities:
            value = self._world.read(sensor_channel(wired.channel, quantity))
            if value is None:
                continue  # a sensor that says nothing: it goes stale
            reason = check_value(quantity, value)
            if reason is None:
                readings.append(
                    Reading(
                        device_id=device_id,
                        quantity=quantity,
                        t_ms=t_ms,
                        value=value,
                        quality=Quality.GOOD,
                    )
                )
            else:
                refused.append(
                    RefusedReading(
                        device_id=device_id,
                        quantity=quantity,
                        t_ms=t_ms,
                        raw=repr(value),
                        reason=reason,
                    )
                )
        return Sampled(readings=tuple(readings), refused=tuple(refused))
