"""Weather that never was, of the climate of a year that was.

Source: B. Rajagopalan and U. Lall, A k-nearest-neighbor simulator for daily precipitation and other
weather variables, Water Resources Research 35 (1999) 3089-3101; kernel and number of neighbours by
U. Lall and A. Sharma, A nearest neighbor bootstrap for resampling hydrologic time series, Water
Resources Research 32 (1996) 679-693. After each day comes the day that followed one like it at the
same time of the year, so that sun, warmth, damp and wind keep to each other as they were measured.
Whole days are taken: nothing hotter than the hottest hour of the source comes, only in other order.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from tokkatot.climate.physics.air import magnus_pa
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.units import DAY_S, HOUR_S
from tokkatot.climate.weather.series import WeatherSeries

YEAR_DAYS = 365
WINDOW_DAYS = 15
"""A day comes from so long before or after its place in the year; the paper has a week, for it has
many years where we often have one."""
JOINED_H = 6.0
"""Over so long a leap at midnight runs out."""

Days = NDArray[np.int64]


def made_up(source: WeatherSeries, seed: int) -> WeatherSeries:
    """Return another year of the same climate, the same for the same seed.

    Raises:
        ValueError: as `WeatherGenerator` does.
    """
    return WeatherGenerator(source).generate(np.random.default_rng(seed), YEAR_DAYS)


class WeatherGenerator:
    """What follows what in a climate.

    Raises:
        ValueError: where the source is no year of whole days that begins at midnight.
    """

    def __init__(self, source: WeatherSeries) -> None:
        """Take a year or more as measured or typical."""
        steps = DAY_S / source.period_s
        self._a_day = round(steps)
        self._days = len(source.moments) // max(self._a_day, 1)
        if abs(steps - self._a_day) > 1e-9 or self._days < YEAR_DAYS:
            raise ValueError("making up weather needs a whole year, in equal parts of a day")
        self._source = source
        self._likeness = self._features()

    def generate(self, rng: np.random.Generator, days: int, *, start_day: int = 0) -> WeatherSeries:
        """Return so many days that begin on this day of the year, counted from 0."""
        now = int(rng.choice(self._near(start_day)))
        moments: list[Outdoor] = list(self._day(now))
        for date in range(start_day, start_day + days - 1):
            like = self._neighbour(rng, now, date)
            moments += self._joined(self._day(like + 1), self._day(like)[-1], moments[-1])
            now = like + 1
        return replace(self._source, moments=moments)

    def _features(self) -> NDArray[np.float64]:
        """Return what makes days alike: warmth, damp, sun and wind, in parts of their spread."""
        told = np.array(
            [
                (m.temperature_c, m.vapour_pa, m.radiation_w_m2, m.wind_m_s)
                for m in self._source.moments[: self._days * self._a_day]
            ]
        )
        means = told.reshape(self._days, self._a_day, 4).mean(axis=1)
        return np.asarray(means / np.maximum(means.std(axis=0), 1e-9))

    def _near(self, date: int) -> Days:
        """Return the days of this time of the year that have a day after them."""
        days = np.arange(self._days - 1)
        apart = np.abs(days % YEAR_DAYS - date % YEAR_DAYS)
        near: Days = days[np.minimum(apart, YEAR_DAYS - apart) <= WINDOW_DAYS]
        return near

    def _neighbour(self, rng: np.random.Generator, now: int, date: int) -> int:
        near = self._near(date)
        # The day itself would bring the day that did follow, and so the year as it was.
        others = near[near != now]
        apart = np.sum((self._likeness[others] - self._likeness[now]) ** 2, axis=1)
        nearest = others[np.argsort(apart, kind="stable")][: max(round(sqrt(len(others))), 1)]
        weights = 1.0 / np.arange(1, len(nearest) + 1)
        return int(rng.choice(nearest, p=weights / weights.sum()))

    def _day(self, day: int) -> Sequence[Outdoor]:
        return self._source.moments[day * self._a_day : (day + 1) * self._a_day]

    def _joined(self, day: Sequence[Outdoor], before: Outdoor, came: Outdoor) -> Sequence[Outdoor]:
        """Let a day begin where the one before ended; its own began where `before` had ended."""
        joined = []
        for step, m in enumerate(day):
            left = max(1.0 - step * self._source.period_s / (JOINED_H * HOUR_S), 0.0)
            warmth = m.temperature_c + left * (came.temperature_c - before.temperature_c)
            vapour = m.vapour_pa + left * (came.vapour_pa - before.vapour_pa)
            joined.append(
                replace(
                    m,
                    temperature_c=warmth,
                    vapour_pa=min(max(vapour, 0.0), magnus_pa(warmth)),
                    wind_m_s=max(m.wind_m_s + left * (came.wind_m_s - before.wind_m_s), 0.0),
                    sky_c=m.sky_c + left * (came.sky_c - before.sky_c),
                )
            )
        return joined
