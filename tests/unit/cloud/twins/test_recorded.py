"""Readings in even steps of time."""

from datetime import UTC, datetime, timedelta
from math import nan

import numpy as np
import pytest

from tokkatot.cloud.telemetry.blocks import Columns
from tokkatot.cloud.telemetry.store import Span
from tokkatot.cloud.twins.recorded import averaged, filled, longest_run, steps_of

NOON = datetime(2026, 3, 1, 12, 7, tzinfo=UTC)


def columns(*values: tuple[int, float]) -> Columns:
    return Columns(
        t_ms=np.array([t_ms for t_ms, _ in values], np.int64),
        value=np.array([value for _, value in values]),
        quality=np.zeros(len(values), np.uint8),
    )


def test_steps_begin_at_whole_ones_and_hold_the_whole_time() -> None:
    steps = steps_of(Span(start=NOON, end=NOON + timedelta(hours=1)), 900)
    first = round(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp() * 1000)
    assert steps.tolist() == [first + 900_000 * number for number in range(5)]


def test_each_instrument_counts_alike_however_often_it_speaks() -> None:
    steps = np.array([0, 60_000, 120_000], np.int64)
    chatty = columns((0, 20.0), (10_000, 20.0), (20_000, 20.0), (60_000, 21.0))
    quiet = columns((30_000, 30.0))
    assert averaged([chatty, quiet], steps, 60).tolist()[:2] == [25.0, 21.0]
    assert np.isnan(averaged([chatty, quiet], steps, 60)[2])


@pytest.mark.parametrize(
    ("values", "most", "expected"),
    [
        ([1.0, nan, 3.0], 1, [1.0, 2.0, 3.0]),
        ([1.0, nan, nan, 4.0], 1, [1.0, nan, nan, 4.0]),
        ([nan, 2.0, nan, nan], 1, [2.0, 2.0, 2.0, nan]),
        ([nan, nan], 1, [nan, nan]),
    ],
)
def test_short_gaps_are_drawn_over_and_long_ones_stay(
    values: list[float], most: int, expected: list[float]
) -> None:
    found = filled(np.array(values), most=most)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("whole", "longest"),
    [
        ([True, True, False, True], slice(0, 2)),
        ([False, True, False, True, True, True], slice(3, 6)),
        ([True], slice(0, 1)),
        ([False, False], slice(0, 0)),
        ([], slice(0, 0)),
    ],
)
def test_the_longest_stretch_is_found(whole: list[bool], longest: slice) -> None:
    assert longest_run(np.array(whole, np.bool_)) == longest
