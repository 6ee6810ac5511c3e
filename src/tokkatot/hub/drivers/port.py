"""The port behind which every driver stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import Level
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.readings import Reading, RefusedReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a driver has read its source; it is committed with the rows that came from there."""

    source: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """Values read; `live` values steer the house, the others (a replay) are only recorded."""

    readings: tuple[Reading, ...] = ()
    refused: tuple[RefusedReading, ...] = ()
    position: Position | None = None
    live: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What a device says that it does: the readback, never what it was told."""

    device_id: DeviceId
    level: Level | None
    error: str | None = None
    last_command: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """A device came or went."""

    device_id: DeviceId
    online: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """A device that nobody registered was heard; it is listed and never moved."""

    hardware_id: str
    driver: str
    detail: str


Observation = Sampled | Reported | Presence | Stranger


class Inbox(Protocol):
    """Where drivers put what they observe; the loop takes it at its own pace."""

    def offer(self, item: Observation) -> bool:
        """Add without waiting; False where the queue is full and the item dropped and counted."""
        ...

    async def put(self, item: Observation) -> None:
        """Add, waiting for room: for sources that can wait, such as a file."""
        ...


class DriverError(Exception):
    """A device could not be asked; `code` is short and stable, `detail` is for people."""

    def __init__(self, device_id: DeviceId, code: str, detail: str) -> None:
        super().__init__(f"device {device_id}: {detail}")
        self.device_id = device_id
        self.code = code
        self.detail = detail


class Driver(Protocol):
    """One instance of a protocol: a bus, a broker, a file, a simulated house.

    `steers` is False where it only brings history: such devices are recorded and never judged.
    """

    name: str
    steers: bool

    def adopt(self, devices: Sequence[DeviceConfig]) -> None:
        """Take over exactly these devices from now on; those left out are not written any more."""
        ...

    def dropped(self) -> Mapping[str, int]:
        """Return how many messages were of no use since the start, by why."""
        return {}

    async def run(self, inbox: Inbox) -> None:
        """Observe until cancelled, reconnecting by itself; it returns where the source ends."""
        ...

    async def write(
        self, device_id: DeviceId, level: Level, *, order: str, timeout_s: float
    ) -> None:
        """Ask the device for a level under the name `order`; what it did comes as `Reported`.

        Raises:
            DriverError: when the device can't be asked within `timeout_s`; for a device that was
                not adopted the code is `unknown_device`, for a source of history `read_only`.
        """
        ...
