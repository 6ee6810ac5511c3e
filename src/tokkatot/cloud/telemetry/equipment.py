"""What a device did over a time, summed up from its reports: each of them holds until the next."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tokkatot.cloud.telemetry.drawing import bucket_ms
from tokkatot.cloud.telemetry.summary import Integers, Numbers

Flags = NDArray[np.bool_]

LinePoint = tuple[int, float | None, float | None, float]
"""Time in ms since 1970 UTC, actual level and target in % (None: unknown), share of time online."""

MAX_SPELLS: Final = 100
"""Errors of one device that are listed; more are counted all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What one device reported, by column, each of shape (n,), in the order of time.

    Levels are in %, NaN where the device has not said. The first report may be older than the time
    that is asked for: it is what held as that time began.
    """

    t_ms: Integers
    actual: Numbers
    target: Numbers
    online: Flags
    error: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.t_ms)


NO_REPORTS: Final = Reports(
    t_ms=np.empty(0, np.int64),
    actual=np.empty(0),
    target=np.empty(0),
    online=np.empty(0, np.bool_),
    error=(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was counted in stretches of time, each column of shape (stretches,).

    `load_s` is how long it would have run at 100 % for the same work; `known_s` is for how long
    anything is known at all.
    """

    runtime_s: Numbers
    load_s: Numbers
    known_s: Numbers
    on_cycles: Integers
    errors: Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """For how long a device reported one error; `end_ms` is None while it still does."""

    start_ms: int
    end_ms: int | None
    error: str


def starts(before: float | None, after: float | None) -> bool:
    """Tell whether a device starts to run from one report to the next."""
    return bool(after) and not before


def fails(before: str | None, after: str | None) -> bool:
    """Tell whether a device reports an error that it had not reported just before."""
    return bool(after) and after != before


def count(reports: Reports, edges_ms: Integers, known_until_ms: int) -> Counts:
    """Return what a device did between each edge and the next.

    It counts as running while it is online above 0 %: of a device that is offline nobody knows.
    Nothing is known from `known_until_ms` on, when its hub was last heard.
    """
    held = _Held.over(reports, int(edges_ms[0]), min(int(edges_ms[-1]), known_until_ms))
    said = reports.online & ~np.isnan(reports.actual)
    level = np.where(said, reports.actual, 0.0)
    started = [starts(*pair) for pair in pairwise((None, *_or_none(reports.actual)))]
    failed = [fails(*pair) for pair in pairwise((None, *reports.error))]
    return Counts(
        runtime_s=held.spread((level > 0).astype(np.float64), edges_ms) / 1000,
        load_s=held.spread(level / 100, edges_ms) / 1000,
        known_s=held.spread(said.astype(np.float64), edges_ms) / 1000,
        # What held as the time began lies before the first edge and is not counted.
        on_cycles=np.histogram(reports.t_ms[np.array(started, np.bool_)], edges_ms)[0],
        errors=np.histogram(reports.t_ms[np.array(failed, np.bool_)], edges_ms)[0],
    )


def draw(
    reports: Reports, start_ms: int, end_ms: int, *, known_until_ms: int, points: int
) -> tuple[list[LinePoint], bool]:
    """Return at most `points` points of a device's line, and whether they sum reports up.

    A point holds until the next one. Where there are more reports than points, each point is what
    the levels were on average over a stretch of time, as far as they are known.
    """
    times = np.maximum(reports.t_ms, start_ms)
    if len(reports) <= points:
        shares = reports.online.astype(np.float64)
        return _line(times, reports.actual, reports.target, shares), False
    width_ms = bucket_ms(end_ms - start_ms, points)
    edges = np.arange(start_ms - start_ms % width_ms, end_ms + width_ms, width_ms, dtype=np.int64)
    edges = np.unique(np.clip(edges, start_ms, end_ms))
    held = _Held.over(reports, start_ms, min(end_ms, known_until_ms))
    there = held.spread(np.ones(len(reports)), edges)
    online = held.spread(reports.online.astype(np.float64), edges)
    seen = there > 0
    return _line(
        edges[:-1][seen],
        held.mean(np.where(reports.online, reports.actual, np.nan), edges)[seen],
        held.mean(reports.target, edges)[seen],
        online[seen] / there[seen],
    ), True


def spells(reports: Reports, start_ms: int) -> list[Spell]:
    """Return the newest errors that a device reported, the oldest of these first."""
    found: list[Spell] = []
    for at_ms, error in zip(reports.t_ms.tolist(), reports.error, strict=True):
        last = found[-1] if found else None
        if last is not None and last.end_ms is None and last.error != error:
            found[-1] = Spell(start_ms=last.start_ms, end_ms=at_ms, error=last.error)
        if error and (last is None or last.end_ms is not None or last.error != error):
            found.append(Spell(start_ms=max(at_ms, start_ms), end_ms=None, error=error))
    return found[-MAX_SPELLS:]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """From when to when each report held; `edge_ms` has one more than there are reports."""

    edge_ms: Integers

    @classmethod
    def over(cls, reports: Reports, start_ms: int, end_ms: int) -> "_Held":
        """Return how reports held within a time."""
        edge_ms = np.append(reports.t_ms, end_ms)
        return cls(edge_ms=np.clip(edge_ms, start_ms, max(end_ms, start_ms)))

    def spread(self, rate: Numbers, edges_ms: Integers) -> Numbers:
        """Return what a rate of each report amounts to between edges, in rate times ms."""
        amount = np.concatenate((np.zeros(1), np.cumsum(rate * np.diff(self.edge_ms))))
        return np.diff(np.interp(edges_ms, self.edge_ms, amount))

    def mean(self, value: Numbers, edges_ms: Integers) -> Numbers:
        """Return the mean of a value between edges, NaN where it is not known at all."""
        known = ~np.isnan(value)
        weight = self.spread(known.astype(np.float64), edges_ms)
        total = self.spread(np.where(known, value, 0.0), edges_ms)
        mean = np.full(len(weight), np.nan)
        np.divide(total, weight, out=mean, where=weight > 0)
        return mean


def _line(t_ms: Integers, actual: Numbers, target: Numbers, online: Numbers) -> list[LinePoint]:
    return list(
        zip(t_ms.tolist(), _or_none(actual), _or_none(target), online.tolist(), strict=True)
    )


def _or_none(values: Numbers) -> Iterator[float | None]:
    return (None if value != value else value for value in values.tolist())  # noqa: PLR0124 - NaN
