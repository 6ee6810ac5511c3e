"""Readings that are too many for a chart, as few enough points of the same shape."""

from enum import StrEnum, unique

import numpy as np
from numpy.typing import NDArray

from tokkatot.cloud.telemetry.blocks import Columns
from tokkatot.cloud.telemetry.summary import Integers, Summary, summarise

Point = tuple[int, float, int]
"""Time in milliseconds since 1970 UTC, value, the worst quality of what stands behind it."""

Gap = tuple[int, int]
"""From the last reading before a hole to the first after it, in milliseconds since 1970 UTC."""

_ALL_TIME_MS = 2**53
_LEAST_GAP_MS = 600_000
_GAP_STEPS = 5
"""A hole of so many usual steps is a hole, not a slow sensor."""


@unique
class Shape(StrEnum):
    """How readings that are too many become points."""

    AVERAGE = "average"
    EXTREMES = "extremes"
    LTTB = "lttb"


def bucket_ms(length_ms: int, points: int) -> int:
    """Return the width of buckets of which no more than `points` touch a time of this length."""
    if points < 2:
        return _ALL_TIME_MS
    # Buckets lie on multiples of their width, so that a chart does not tremble as it moves on: a
    # time may touch one bucket more than fit into it.
    return max(-(-length_ms // (points - 1)), 1)


def exactly(columns: Columns) -> list[Point]:
    """Return every reading as a point."""
    return _points(columns.t_ms, columns.value, columns.quality.astype(np.int64))


def draw_readings(columns: Columns, length_ms: int, *, points: int, shape: Shape) -> list[Point]:
    """Return at most `points` points for readings within a time of a length."""
    match shape:
        case Shape.AVERAGE:
            return _averages(summarise(columns, bucket_ms(length_ms, points)))
        case Shape.EXTREMES:
            return _extremes(columns, bucket_ms(length_ms, points // 2))
        case Shape.LTTB:
            chosen = lttb(columns.t_ms, columns.value, points)
            return _points(
                columns.t_ms[chosen],
                columns.value[chosen],
                columns.quality[chosen].astype(np.int64),
            )


def gaps(begins: Integers, ends: Integers, *, least_ms: int = 0) -> list[Gap]:
    """Return the holes between things that begin and end in their order, each of shape (n,).

    A hole is longer than a sensor's usual pause, and at least `least_ms` long: what is narrower
    than the stretch behind a point can't be seen.
    """
    pauses = begins[1:] - ends[:-1]
    if not len(pauses):
        return []
    least_ms = max(least_ms, _LEAST_GAP_MS)
    before = np.flatnonzero((pauses >= least_ms) & (pauses > _GAP_STEPS * np.median(pauses)))
    return list(zip(ends[before].tolist(), begins[before + 1].tolist(), strict=True))


def whole_ms(length_ms: int, *, width_s: int, points: int, shape: Shape) -> int:
    """Return how wide the buckets must be, in whole roll-ups of `width_s`, for a shape."""
    roll_up_ms = width_s * 1000
    match shape:
        case Shape.AVERAGE:
            return _whole(bucket_ms(length_ms, points), roll_up_ms)
        case Shape.EXTREMES:
            return _whole(bucket_ms(length_ms, points // 2), roll_up_ms)
        case Shape.LTTB:
            return roll_up_ms


def _whole(wanted_ms: int, roll_up_ms: int) -> int:
    return -(-wanted_ms // roll_up_ms) * roll_up_ms


def draw_summary(few: Summary, *, points: int, shape: Shape) -> list[Point]:
    """Return at most `points` points for buckets that are as wide as `whole_ms` has said."""
    match shape:
        case Shape.AVERAGE:
            return _averages(few)
        case Shape.EXTREMES:
            times = np.repeat(few.mean_ms, 2)
            values = np.column_stack((few.lowest, few.highest)).ravel()
            return _points(times, values, np.repeat(few.quality, 2))
        case Shape.LTTB:
            chosen = lttb(few.mean_ms, few.mean(), points)
            return _points(few.mean_ms[chosen], few.mean()[chosen], few.quality[chosen])


def lttb(t_ms: NDArray[np.int64], value: NDArray[np.float64], points: int) -> NDArray[np.intp]:
    """Return which of the readings to draw, at most `points`: shape (points,).

    Source: S. Steinarsson, Downsampling Time Series for Visual Representation, University of
    Iceland 2013, section 4.2 (Largest-Triangle-Three-Buckets).
    """
    count = len(t_ms)
    if count <= points or points < 3:
        return np.arange(min(count, points))
    t = (t_ms - t_ms[0]).astype(np.float64)
    # The first and the last reading have a bucket each; the others share the rest evenly.
    edges = np.linspace(1, count - 1, points - 1).astype(np.intp)
    chosen = np.empty(points, np.intp)
    chosen[0], chosen[-1] = 0, count - 1
    sums_t = np.concatenate(([0.0], np.cumsum(t)))
    sums_value = np.concatenate(([0.0], np.cumsum(value)))
    for index in range(points - 2):
        begin, end = edges[index], edges[index + 1]
        after_end = edges[index + 2] if index + 2 < len(edges) else count
        size = after_end - end
        after_t = (sums_t[after_end] - sums_t[end]) / size
        after_value = (sums_value[after_end] - sums_value[end]) / size
        before = chosen[index]
        # Twice the triangle's area: from the point before, over each one here, to the mean after.
        areas = np.abs(
            (t[before] - after_t) * (value[begin:end] - value[before])
            - (t[before] - t[begin:end]) * (after_value - value[before])
        )
        chosen[index + 1] = begin + int(np.argmax(areas))
    return chosen


def _averages(summary: Summary) -> list[Point]:
    return _points(summary.mean_ms, summary.mean(), summary.quality)


def _extremes(columns: Columns, width_ms: int) -> list[Point]:
    """Return the lowest and the highest reading of each bucket, at their own times."""
    bucket = columns.t_ms // width_ms
    by_value = np.lexsort((columns.t_ms, columns.value, bucket))
    ordered = bucket[by_value]
    first = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))
    last = np.append(first[1:], len(ordered)) - 1
    chosen = np.unique(by_value[np.concatenate((first, last))])
    worst = np.maximum.reduceat(columns.quality[by_value].astype(np.int64), first)
    quality = worst[np.searchsorted(ordered[first], bucket[chosen])]
    return _points(columns.t_ms[chosen], columns.value[chosen], quality)


def _points(
    t_ms: NDArray[np.int64], value: NDArray[np.float64], quality: NDArray[np.int64]
) -> list[Point]:
    times: list[int] = t_ms.tolist()
    values: list[float] = value.tolist()
    qualities: list[int] = quality.tolist()
    return list(zip(times, values, qualities, strict=True))
