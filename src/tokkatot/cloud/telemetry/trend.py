"""How something changes from day to day, whatever single days may say."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from tokkatot.cloud.telemetry.summary import Integers, Numbers

LEAST_DAYS: Final = 5
MOST_DAYS: Final = 731
"""Each pair of days has a slope; more days than this would have too many."""
_CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A change a day, and between which values it lies with 95 % confidence."""

    per_day: float
    low: float
    high: float
    days: int


def theil_sen(day: Integers, value: Numbers) -> Trend | None:
    """Return the trend of one value a day, None of too few days; the days must rise.

    The median of the slopes between all pairs of days, so that up to 29 % of wild days don't
    matter.

    Source: P. K. Sen, Estimates of the Regression Coefficient Based on Kendall's Tau, Journal of
    the American Statistical Association 63 (1968), 1379-1389; the interval as R. O. Gilbert has it
    in Statistical Methods for Environmental Pollution Monitoring, 1987, chapter 16, ties included.
    """
    count = len(day)
    if count < LEAST_DAYS:
        return None
    first, second = np.triu_indices(count, 1)
    slopes = np.sort((value[second] - value[first]) / (day[second] - day[first]))
    # How far from the median the ranks of slopes lie that Kendall's tau can't tell from no slope.
    quantile = NormalDist().inv_cdf(0.5 + _CONFIDENCE / 2)
    reach = quantile * np.sqrt(_kendall_variance(value))
    low = max(int(np.floor((len(slopes) - reach) / 2)), 1)
    high = min(int(np.ceil((len(slopes) + reach) / 2)) + 1, len(slopes))
    return Trend(
        per_day=float(np.median(slopes)),
        low=float(slopes[low - 1]),
        high=float(slopes[high - 1]),
        days=count,
    )


def _kendall_variance(value: Numbers) -> float:
    """Return the variance of Kendall's S when there is no trend."""
    count = len(value)
    _, ties = np.unique(value, return_counts=True)
    tied = float(np.sum(ties * (ties - 1) * (2 * ties + 5)))
    return (count * (count - 1) * (2 * count + 5) - tied) / 18
