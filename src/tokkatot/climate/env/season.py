"""What an environment needs of a season that is lived through with set-points."""

from collections.abc import Mapping, Sequence
from math import cos, pi, sin
from typing import Protocol

from tokkatot.climate.control.dials import Dials, reachable
from tokkatot.climate.physics.units import DAY_S
from tokkatot.climate.weather.series import WeatherSeries


class Season(Protocol):
    """A house, its weather and its rules, whose dials somebody turns every `step_s`."""

    step_s: float

    @property
    def dials(self) -> Dials:
        """The set-points that may be turned."""

    @property
    def values(self) -> Sequence[float]:
        """Where they stand."""

    @property
    def time_s(self) -> float:
        """When it is, seconds from the midnight on that its weather begins at."""

    def observed(self) -> Sequence[float]:
        """Return house and weather, without dials and hour."""

    def step(self, values: Sequence[float]) -> Mapping[str, float]:
        """Let the house live on; return what it brought and, below zero, cost, in euros a m².

        Raises:
            ValueError: beyond the end of the weather.
        """


def moved(season: Season, action: Sequence[float]) -> tuple[float, ...]:
    """Return the dials after an action of -1 to 1 each: as far back or forth as one step goes."""
    # Gaussian policies overshoot.
    wanted = [
        value + min(max(float(part), -1.0), 1.0) * dial.step
        for part, value, dial in zip(action, season.values, season.dials, strict=True)
    ]
    values = reachable(season.dials, season.values, wanted)
    assert values is not None, "an action is made of numbers"
    return values


def steps_in(weather: WeatherSeries, start_s: float, days: float, step_s: float) -> int:
    """Return how many steps a season has, all of which begin in this weather.

    Raises:
        ValueError: where it is too short.
    """
    steps = round(days * DAY_S / step_s)
    weather.at(start_s)
    weather.at(start_s + (steps - 1) * step_s)
    return steps


def clock(time_s: float) -> tuple[float, float]:
    """Return the hour as a point on a circle, so that midnight is no leap."""
    turn = 2.0 * pi * (time_s % DAY_S) / DAY_S
    return sin(turn), cos(turn)
