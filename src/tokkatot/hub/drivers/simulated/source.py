"""The world that stands in for hardware, as the driver sees it."""

from datetime import datetime
from typing import Protocol

from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import Level
from tokkatot.domain.quantities import Quantity


class World(Protocol):
    """Physics that answers to relays; an unknown output channel raises LookupError."""

    def advance(self, dt_s: float, utc: datetime) -> None:
        """Move on by `dt_s` seconds, up to the instant `utc`."""
        ...

    def read(self, channel: str) -> float | None:
        """Return what the sensor on `channel.quantity` shows; None where there is none."""
        ...

    def write(self, channel: str, level: Level) -> None:
        """Order an output to a level; it follows a moment later."""
        ...

    def level(self, channel: str) -> Level:
        """Return how far an output is switched now."""
        ...


def channel_of(device: DeviceConfig) -> str | None:
    """Return the channel that a device is wired to."""
    channel = device.address.get("channel")
    return channel if isinstance(channel, str) else None


def sensor_channel(channel: str, quantity: Quantity) -> str:
    """Return the name under which a sensor's quantity is read."""
    return f"{channel}.{quantity}"
