"""The driver that brings recorded files in as history."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog
from typing_extensions import override

from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import Level
from tokkatot.domain.ids import DeviceId
from tokkatot.hub.drivers.port import (
    Driver,
    DriverError,
    Inbox,
    Position,
    Presence,
    Sampled,
)
from tokkatot.hub.drivers.replay.options import ReplayOptions
from tokkatot.hub.drivers.replay.source import FileRefused, Line, Recording
from tokkatot.kit.clock import Clock

BATCH_VALUES = 500
"""One batch is one commit: large enough to be quick, small enough to lose nothing of weight."""

LONGEST_SLEEP_S = 1.0

log = structlog.get_logger(__name__)


class ReplayDriver(Driver):
    """Reads its files one after the other; every line is committed with how far it was read.

    `positions` tells how far each file was read before, in lines. A file waits until all devices
    that it maps to are there, since a line is taken as a whole or not at all.
    """

    def __init__(
        self,
        name: str,
        *,
        options: ReplayOptions,
        folder: Path,
        positions: Mapping[str, int],
        clock: Clock,
    ) -> None:
        self.name = name
        self.steers = False
        self._recordings = [Recording(file, folder) for file in options.files]
        self._speed = options.speed
        self._read = {
            recording.source: positions.get(recording.source, 0) for recording in self._recordings
        }
        self._clock = clock
        self._devices: dict[str, DeviceId] = {}
        self._adopted = asyncio.Event()

    @override
    def adopt(self, devices: Sequence[DeviceConfig]) -> None:
        self._devices = {device.hardware_id: device.id for device in devices}
        self._adopted.set()

    @override
    async def run(self, inbox: Inbox) -> None:
        for recording in self._recordings:
            await self._wait_for_devices(recording)
            for hardware_id in sorted(recording.hardware_ids):
                await inbox.put(Presence(device_id=self._devices[hardware_id], online=True))
            try:
                await self._replay(recording, inbox)
            except FileRefused as refused:
                log.warning("replay.refused", driver=self.name, reason=str(refused))
            else:
                log.info("replay.done", driver=self.name, source=recording.source)
        for device_id in self._devices.values():
            await inbox.put(Presence(device_id=device_id, online=False))

    @override
    async def write(
        self, device_id: DeviceId, level: Level, *, order: str, timeout_s: float
    ) -> None:
        code = "read_only" if device_id in self._devices.values() else "unknown_device"
        raise DriverError(device_id, code, f"{self.name} only brings history")

    async def _wait_for_devices(self, recording: Recording) -> None:
        while missing := recording.hardware_ids - self._devices.keys():
            log.warning("replay.waiting", driver=self.name, devices=sorted(missing))
            self._adopted.clear()
            await self._adopted.wait()

    async def _replay(self, recording: Recording, inbox: Inbox) -> None:
        batch: list[Line] = []
        values = 0
        before_ms: int | None = None
        # The devices of a file are the ones it began with: their ids are in every line.
        for line in recording.lines(self._devices, after=self._read[recording.source]):
            if self._speed > 0:
                await self._pace(before_ms, line.t_ms)
                before_ms = line.t_ms if line.t_ms is not None else before_ms
            batch.append(line)
            values += len(line.readings) + len(line.refused)
            if values >= BATCH_VALUES or self._speed > 0:
                await self._hand_over(recording, batch, inbox)
                batch, values = [], 0
        if batch:
            await self._hand_over(recording, batch, inbox)

    async def _hand_over(self, recording: Recording, batch: list[Line], inbox: Inbox) -> None:
        through = batch[-1].number
        await inbox.put(
            Sampled(
                readings=tuple(reading for line in batch for reading in line.readings),
                refused=tuple(refused for line in batch for refused in line.refused),
                position=Position(source=recording.source, value=through),
                live=False,
            )
        )
        self._read[recording.source] = through
        # Reading a file never waits by itself: give way to control after every batch.
        await asyncio.sleep(0)

    async def _pace(self, before_ms: int | None, t_ms: int | None) -> None:
        if before_ms is None or t_ms is None:
            return
        left_s = (t_ms - before_ms) / 1000 / self._speed
        while left_s > 0:
            nap_s = min(left_s, LONGEST_SLEEP_S)
            await self._clock.sleep(nap_s)
            left_s -= nap_s
