"""A world without physics: outputs follow at once, sensors show what they are told to show."""

from datetime import datetime

from typing_extensions import override

from tokkatot.domain.devices import Level
from tokkatot.hub.drivers.simulated.source import World


class BareWorld(World):
    """Every channel exists and is off at first."""

    def __init__(self) -> None:
        self.levels: dict[str, Level] = {}
        self.shows: dict[str, float] = {}

    @override
    def advance(self, dt_s: float, utc: datetime) -> None:
        assert utc.tzinfo is not None, "a world lives in aware time"

    @override
    def read(self, channel: str) -> float | None:
        return self.shows.get(channel)

    @override
    def write(self, channel: str, level: Level) -> None:
        self.levels[channel] = level

    @override
    def level(self, channel: str) -> Level:
        return self.levels.get(channel, 0.0)
