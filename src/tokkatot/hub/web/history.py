"""The last hours of readings in memory, few enough to stay light and enough to draw."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tokkatot.wire.messages import ReadingRow

STEP_MS: Final = 30_000
"""Readings that come faster are drawn by the first of each such stretch."""

MAX_POINTS: Final = 2_880
"""24 hours of them."""

MAX_SERIES: Final = 100

LEAST_GAP_MS: Final = 600_000
GAP_STEPS: Final = 5
"""A hole of so many usual steps is a hole, not a slow sensor."""

Point = tuple[int, float, int]
"""Time in milliseconds, value, quality."""


class _Series:
    """Points in arrays: 17 bytes each, where objects would take ten times as much."""

    __slots__ = ("_qualities", "_times", "_values")

    def __init__(self) -> None:
        self._times = array("q")
        self._values = array("d")
        self._qualities = array("b")

    def add(self, t_ms: int, value: float, quality: int) -> None:
        if self._times and t_ms < self._times[-1] + STEP_MS:
            return
        if len(self._times) >= MAX_POINTS:
            oldest = slice(0, MAX_POINTS // 10)
            del self._times[oldest], self._values[oldest], self._qualities[oldest]
        self._times.append(t_ms)
        self._values.append(value)
        self._qualities.append(quality)

    def add_before(self, t_ms: int, value: float, quality: int) -> None:
        if self._times and t_ms > self._times[0] - STEP_MS:
            return
        if len(self._times) < MAX_POINTS:
            self._times.insert(0, t_ms)
            self._values.insert(0, value)
            self._qualities.insert(0, quality)

    def between(self, start_ms: int, end_ms: int) -> list[Point]:
        return [
            (t_ms, value, quality)
            for t_ms, value, quality in zip(self._times, self._values, self._qualities, strict=True)
            if start_ms <= t_ms < end_ms
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Points of one series; `summed_up` where they stand for more than they are.

    Over `gaps` no line leads: nothing was measured in them.
    """

    device: str
    quantity: str
    points: Sequence[Point]
    gaps: Sequence[tuple[int, int]]
    summed_up: bool


class History:
    """What was read in the last day."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, str], _Series] = {}

    def add(self, row: ReadingRow) -> None:
        """Keep a reading, if it is not too near to the one before it."""
        series = self._of(row)
        if series is not None:
            series.add(row.t, row.value, row.quality)

    def add_before(self, row: ReadingRow) -> None:
        """Keep a reading that is older than all that are here, if it is not too near to them."""
        series = self._of(row)
        if series is not None:
            series.add_before(row.t, row.value, row.quality)

    def draw(
        self,
        devices: Sequence[str],
        quantities: Sequence[str],
        *,
        start_ms: int,
        end_ms: int,
        points: int,
    ) -> Iterator[Drawn]:
        """Yield the series of these devices, and of these quantities where any are named."""
        for (device, quantity), series in sorted(self._series.items()):
            if device in devices and (not quantities or quantity in quantities):
                found = series.between(start_ms, end_ms)
                yield Drawn(
                    device=device,
                    quantity=quantity,
                    points=_thinned(found, points),
                    gaps=_gaps([t_ms for t_ms, _, _ in found]),
                    summed_up=len(found) > points,
                )

    def _of(self, row: ReadingRow) -> _Series | None:
        key = (row.device, row.quantity)
        series = self._series.get(key)
        if series is None and len(self._series) < MAX_SERIES:
            series = self._series[key] = _Series()
        return series


def _gaps(times: Sequence[int]) -> Sequence[tuple[int, int]]:
    """Return the holes that are longer than a sensor's usual pause, as the cloud tells them."""
    pauses = [after - before for before, after in pairwise(times)]
    if not pauses:
        return []
    usual_ms = sorted(pauses)[len(pauses) // 2]
    longest_ms = max(LEAST_GAP_MS, GAP_STEPS * usual_ms)
    return [(before, after) for before, after in pairwise(times) if after - before > longest_ms]


def _thinned(found: list[Point], points: int) -> Sequence[Point]:
    """Return at most `points` of them, each the average of a stretch."""
    if len(found) <= points:
        return found
    size = -(-len(found) // points)
    return [_average(found[start : start + size]) for start in range(0, len(found), size)]


def _average(stretch: list[Point]) -> Point:
    count = len(stretch)
    return (
        sum(t_ms for t_ms, _, _ in stretch) // count,
        sum(value for _, value, _ in stretch) / count,
        max(quality for _, _, quality in stretch),
    )
