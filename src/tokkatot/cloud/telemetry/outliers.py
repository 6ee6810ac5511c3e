"""Hours that are unlike the same hour of the days before, found by robust statistics."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tokkatot.cloud.telemetry.local_time import HOUR_MS
from tokkatot.cloud.telemetry.summary import Integers, Numbers, Summary
from tokkatot.domain.quantities import QuantitySpec

DAYS_BEFORE: Final = 14
"""What an hour is compared with: long enough for a median, short enough to follow a flock's age."""
LEAST_DAYS: Final = 5
"""Of fewer days nobody can say what is usual."""
UNUSUAL: Final = 3.5
"""From this score on an hour is an outlier, as Iglewicz and Hoaglin recommend."""

_NORMAL: Final = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""
_LEAST_SPREAD: Final = 1 / 500
"""A share of a quantity's range: what differs by less than a few of these is a sensor's noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlier:
    """One hour that is unlike the same hour of the days before."""

    start_ms: int
    value: float
    """What was unusual of the hour: its mean, its lowest or its highest value."""
    low: float
    high: float
    """Between these the value would have been usual."""
    score: float
    """How many robust standard deviations it lies away from the median; negative below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The outliers among `compared` hours; of the others too little is known to tell."""

    compared: int
    outliers: tuple[Outlier, ...]


def find(hours: Summary, hour_of_day: Integers, from_ms: int, spec: QuantitySpec) -> Found:
    """Return which hours from `from_ms` on are outliers; those before are only compared with.

    `hour_of_day` says which hour by the farm's clock each of `hours` is. An hour's mean, lowest
    and highest value are each held against those of the same hour of up to `DAYS_BEFORE` days
    before; the one that lies farthest off tells.

    Source: B. Iglewicz, D. Hoaglin, How to Detect and Handle Outliers, ASQC Quality Press 1993,
    section 3.3 (modified z-score: distance to the median over the median absolute deviation).
    """
    columns = np.column_stack((hours.mean(), hours.lowest, hours.highest))
    least = (spec.maximum - spec.minimum) * _LEAST_SPREAD
    compared = 0
    outliers: list[Outlier] = []
    for index in np.flatnonzero(hours.t_ms >= from_ms).tolist():
        alike = _alike(hours.t_ms, hour_of_day, index)
        if len(alike) < LEAST_DAYS:
            continue
        compared += 1
        worst = _farthest(columns[index], columns[alike], least)
        if abs(worst.score) >= UNUSUAL:
            outliers.append(
                Outlier(
                    start_ms=int(hours.t_ms[index]),
                    value=worst.value,
                    low=worst.usual - UNUSUAL * worst.spread,
                    high=worst.usual + UNUSUAL * worst.spread,
                    score=worst.score,
                )
            )
    return Found(compared=compared, outliers=tuple(outliers))


def _alike(t_ms: Integers, hour_of_day: Integers, index: int) -> NDArray[np.intp]:
    """Return the same hour of the days before."""
    oldest_ms = t_ms[index] - (DAYS_BEFORE * 24 + 1) * HOUR_MS
    first = int(np.searchsorted(t_ms, oldest_ms))
    return first + np.flatnonzero(hour_of_day[first:index] == hour_of_day[index])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Off:
    """How far one number of an hour lies from what is usual."""

    value: float
    usual: float
    spread: float

    @property
    def score(self) -> float:
        return (self.value - self.usual) / self.spread


def _farthest(hour: Numbers, before: Numbers, least: float) -> _Off:
    usual = np.median(before, axis=0)
    spread = np.maximum(_NORMAL * np.median(np.abs(before - usual), axis=0), least)
    farthest = int(np.argmax(np.abs(hour - usual) / spread))
    return _Off(
        value=float(hour[farthest]), usual=float(usual[farthest]), spread=float(spread[farthest])
    )
