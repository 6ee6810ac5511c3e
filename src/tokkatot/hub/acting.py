"""Brings every actuator to the level that was decided, one write at a time for each."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tokkatot.domain.devices import Level
from tokkatot.domain.ids import CommandId, DeviceId
from tokkatot.hub.drivers.port import Driver, DriverError
from tokkatot.hub.inbox import HubInbox, NotWritten
from tokkatot.kit.clock import Clock
from tokkatot.kit.ids import IdSource
from tokkatot.kit.waiting import Bell

WRITE_WITHIN_S: Final = 5.0
LOOK_EVERY_S: Final = 1.0
REST_S: Final = 60.0
"""So long nobody looks while every actuator does what it was asked; what is new wakes at once."""

RETRY_FIRST_S: Final = 2.0
RETRY_CAP_S: Final = 30.0
FITS_WITHIN: Final = 1.0
"""So far (in %) a readback may be from the level that was asked for."""


def fits(actual: Level | None, wanted: Level) -> bool:
    """Tell whether a device does what it was asked."""
    return actual is not None and abs(actual - wanted) <= FITS_WITHIN


@dataclass(slots=True, kw_only=True)
class _Line:
    """One actuator: what it is to do, what it was asked, and what it says."""

    driver: Driver
    wanted: Level | None = None
    command: CommandId | None = None
    order: str = ""
    asked: bool = False
    busy: bool = False
    actual: Level | None = None
    retry_s: float = RETRY_FIRST_S
    retry_at_s: float = 0.0


class Acting:
    """Writes what the loop wants; a slow device keeps no other one waiting."""

    def __init__(self, *, inbox: HubInbox, clock: Clock, ids: IdSource) -> None:
        self._inbox = inbox
        self._clock = clock
        self._ids = ids
        self._lines: dict[DeviceId, _Line] = {}
        self._wake = Bell()

    def route(self, drivers: Mapping[DeviceId, Driver]) -> None:
        """Reach exactly these actuators from now on."""
        lines: dict[DeviceId, _Line] = {}
        for device_id, driver in drivers.items():
            before = self._lines.get(device_id)
            same = before is not None and before.driver is driver
            lines[device_id] = before if before is not None and same else _Line(driver=driver)
        self._lines = lines

    def reaches(self, device_id: DeviceId) -> bool:
        """Tell whether a driver stands behind a device."""
        return device_id in self._lines

    def want(self, device_id: DeviceId, level: Level, command: CommandId | None) -> None:
        """Let an actuator do this; a new order is asked even where the level is the same."""
        line = self._lines.get(device_id)
        if line is None or (line.wanted == level and (command is None or command == line.command)):
            return
        line.wanted = level
        line.command = command
        line.order = str(command or self._ids.new())
        line.asked = False
        line.retry_s = RETRY_FIRST_S
        line.retry_at_s = self._clock.monotonic()
        self._wake.set()

    def heard(self, device_id: DeviceId, level: Level | None) -> None:
        """Note what an actuator says that it does."""
        line = self._lines.get(device_id)
        if line is None:
            return
        line.actual = level
        if line.wanted is None:
            return
        if fits(level, line.wanted):
            line.retry_s = RETRY_FIRST_S
        else:
            self._wake.set()

    async def run(self) -> None:
        """Write until cancelled: what is new at once, what was not followed after a while again."""
        for line in self._lines.values():
            line.busy = False
        async with asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                now_s = self._clock.monotonic()
                for device_id, line in self._lines.items():
                    if line.wanted is not None and _is_due(line, line.wanted, now_s):
                        line.busy = True
                        group.create_task(self._write(device_id, line, line.wanted, now_s))
                rests = all(_rests(line) for line in self._lines.values())
                await self._wake.set_within(REST_S if rests else LOOK_EVERY_S)

    async def rest(self, levels: Mapping[DeviceId, Level], within_s: float) -> None:
        """Ask every actuator for a last level, all at once, and wait for no longer than that."""
        async with asyncio.TaskGroup() as group:
            for device_id, level in levels.items():
                line = self._lines.get(device_id)
                if line is not None:
                    group.create_task(self._rest(device_id, line.driver, level, within_s))

    async def _rest(
        self, device_id: DeviceId, driver: Driver, level: Level, within_s: float
    ) -> None:
        try:
            async with asyncio.timeout(within_s):
                await driver.write(device_id, level, order=str(self._ids.new()), timeout_s=within_s)
        except (DriverError, TimeoutError):
            return  # it can't be reached: its own lease brings it to rest

    async def _write(self, device_id: DeviceId, line: _Line, level: Level, now_s: float) -> None:
        order = line.order
        line.asked = True
        line.retry_at_s = now_s + line.retry_s
        line.retry_s = min(line.retry_s * 2, RETRY_CAP_S)
        try:
            async with asyncio.timeout(WRITE_WITHIN_S):
                await line.driver.write(device_id, level, order=order, timeout_s=WRITE_WITHIN_S)
        except DriverError as error:
            self._inbox.tell(NotWritten(order=order, error=error))
        except TimeoutError:
            late = DriverError(device_id, "timeout", f"no answer within {WRITE_WITHIN_S:g} s")
            self._inbox.tell(NotWritten(order=order, error=late))
        finally:
            line.busy = False
            if line.wanted != level or line.order != order:
                line.asked = False
                self._wake.set()


def _rests(line: _Line) -> bool:
    return line.wanted is None or (line.asked and not line.busy and fits(line.actual, line.wanted))


def _is_due(line: _Line, wanted: Level, now_s: float) -> bool:
    if line.busy:
        return False
    if not line.asked:
        return True
    return not fits(line.actual, wanted) and now_s >= line.retry_at_s
