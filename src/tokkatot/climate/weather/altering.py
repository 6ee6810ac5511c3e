"""The weather of a place as it might be elsewhere: warmer, of wider days, drier."""

from dataclasses import replace

import numpy as np

from tokkatot.climate.physics.air import magnus_pa
from tokkatot.climate.physics.units import DAY_S
from tokkatot.climate.weather.series import WeatherSeries


def altered(
    series: WeatherSeries, *, warmer_k: float, swing: float, vapour: float
) -> WeatherSeries:
    """Return a series warmer by so much, its swing about a day's mean and its vapour so many times.

    What leaves the air at the dew point is gone; the sky keeps its distance from the air.
    """
    told = np.array([moment.temperature_c for moment in series.moments])
    half = min(round(0.5 * DAY_S / series.period_s), len(told) - 1)
    around = np.ones(2 * half + 1)
    around[[0, -1]] -= 0.5 * (half > 0)  # a day has as much of its first moment as of its last
    means = np.convolve(np.pad(told, half, mode="reflect"), around / around.sum(), mode="valid")
    warmth = means + swing * (told - means) + warmer_k
    return replace(
        series,
        moments=[
            replace(
                moment,
                temperature_c=now_c,
                vapour_pa=min(vapour * moment.vapour_pa, magnus_pa(now_c)),
                sky_c=moment.sky_c + now_c - moment.temperature_c,
                ground_c=moment.ground_c + warmer_k,
            )
            for moment, now_c in zip(series.moments, map(float, warmth), strict=True)
        ],
    )
