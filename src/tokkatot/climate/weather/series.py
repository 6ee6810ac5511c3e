"""Weather as an evenly spaced series."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from tokkatot.climate.physics.outdoor import Outdoor


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherSeries:
    """What it was like at each of evenly spaced moments; the series knows no date.

    Raises:
        ValueError: where it holds less than one moment or time stands still.
    """

    period_s: float
    moments: Sequence[Outdoor]
    zone_h: float | None = None
    """How far its clock is ahead of UTC; nobody says so where it goes by its place's own sun."""

    def __post_init__(self) -> None:
        if self.period_s <= 0 or not self.moments:
            raise ValueError("weather needs at least one moment and time between them")

    @property
    def duration_s(self) -> float:
        """How long it lasts; the last moment counts for one period."""
        return self.period_s * len(self.moments)

    def at(self, elapsed_s: float) -> Outdoor:
        """Return the moment that is nearest, the later one of two; the last to its period's end.

        Raises:
            ValueError: beyond the end, for weather that stands still would look real.
        """
        if not 0 <= elapsed_s < self.duration_s:
            hours = self.duration_s / 3600
            raise ValueError(
                f"the weather lasts {hours:.1f} h, hour {elapsed_s / 3600:.1f} was asked"
            )
        nearest = floor(elapsed_s / self.period_s + 0.5)
        return self.moments[min(nearest, len(self.moments) - 1)]
