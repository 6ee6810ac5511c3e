"""The relays of a simulated house: what was written, and what is switched after a short delay."""

from collections.abc import Iterable, Mapping

from tokkatot.domain.devices import OFF, ON, Level


class UnknownChannelError(LookupError):
    """The house has no such output."""

    def __init__(self, channel: str, known: Iterable[str]) -> None:
        super().__init__(
            f"there is no output {channel!r}; the house has {', '.join(sorted(known))}"
        )
        self.channel = channel


class Relays:
    """Outputs that follow their orders `switch_s` seconds later, as contacts and drives do."""

    def __init__(self, channels: Iterable[str], *, switch_s: float) -> None:
        self._switch_s = switch_s
        self._level: dict[str, Level] = dict.fromkeys(channels, OFF)
        self._pending: dict[str, tuple[Level, float]] = {}

    def write(self, channel: str, level: Level) -> None:
        """Order a level in %; an earlier order that is still on its way is dropped."""
        self._check(channel)
        assert OFF <= level <= ON, "a level lies in 0..100"
        self._pending[channel] = (level, self._switch_s)

    def level(self, channel: str) -> Level:
        """Return how far the output is switched now."""
        self._check(channel)
        return self._level[channel]

    def share(self, channel: str) -> float:
        """Return the present level as a share in 0..1."""
        return self._level[channel] / ON

    def advance(self, dt_s: float) -> None:
        """Let orders that are due take effect."""
        for channel, (level, left_s) in list(self._pending.items()):
            if left_s <= dt_s:
                self._level[channel] = level
                del self._pending[channel]
            else:
                self._pending[channel] = (level, left_s - dt_s)

    def levels(self) -> dict[str, Level]:
        """Return all present levels."""
        return dict(self._level)

    def restore(self, levels: Mapping[str, Level]) -> None:
        """Take over present levels; outputs that are not named stay as they are."""
        for channel, level in levels.items():
            if channel in self._level:
                self._level[channel] = level
        self._pending.clear()

    def _check(self, channel: str) -> None:
        if channel not in self._level:
            raise UnknownChannelError(channel, self._level)
