"""How something changes from day to day."""

from itertools import combinations
from random import Random  # noqa: TID251 - seeded
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokkatot.cloud.telemetry.trend import LEAST_DAYS, Trend, theil_sen


def trend(value: list[float], day: list[int] | None = None) -> Trend:
    found = theil_sen(np.array(day or range(len(value)), np.int64), np.array(value, np.float64))
    assert found is not None
    return found


def test_a_straight_line_is_its_own_trend() -> None:
    found = trend([20 + 0.25 * day for day in range(30)])
    assert found.per_day == pytest.approx(0.25)
    assert [found.low, found.high] == pytest.approx([0.25, 0.25])
    assert found.days == 30


def test_days_that_are_missing_do_not_steepen_it() -> None:
    days = [0, 1, 2, 9, 10, 20, 30]
    assert trend([2.0 * day for day in days], days).per_day == pytest.approx(2)


def test_a_quarter_of_wild_days_does_not_matter() -> None:
    value = [20 + 0.5 * day for day in range(20)]
    for wild in (0, 5, 11, 17):
        value[wild] = 500.0
    found = trend(value)
    assert found.per_day == pytest.approx(0.5, abs=0.05)
    assert found.low <= 0.5 <= found.high


def test_what_stays_the_same_has_no_trend() -> None:
    found = trend([3.0] * 10)
    assert (found.per_day, found.low, found.high) == (0, 0, 0)


def test_of_too_few_days_there_is_no_trend() -> None:
    few = np.arange(LEAST_DAYS - 1, dtype=np.int64)
    assert theil_sen(few, few.astype(np.float64)) is None


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    chance = Random(11)
    held = 0
    for _ in range(400):
        found = trend([0.3 * day + chance.gauss(0, 2) for day in range(20)])
        held += found.low <= 0.3 <= found.high
    assert 0.92 <= held / 400 <= 0.99


def test_an_example_worked_by_hand() -> None:
    # Slopes of all pairs, sorted: -1, 0, 1/2, 2/3, 1, 1, 1, 4/3, 3/2, 3 - the median is 1. The
    # variance of S without ties is 5*4*15/18, so the 95 % reach is 1.96*sqrt(16.67) = 8.0 ranks.
    found = trend([0, 1, 0, 3, 3.0])
    slopes = sorted(
        (b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(enumerate([0, 1, 0, 3, 3]), 2)
    )
    assert found.per_day == median(slopes)
    assert (found.low, found.high) == (slopes[0], slopes[-1])


@given(
    value=st.lists(st.integers(-1000, 1000), min_size=LEAST_DAYS, max_size=25),
    shift=st.integers(-100, 100),
    slope=st.integers(-10, 10),
)
def test_a_line_laid_on_top_only_adds_its_slope(value: list[int], shift: int, slope: int) -> None:
    plain = trend([float(one) for one in value])
    tilted = trend([float(one + shift + slope * day) for day, one in enumerate(value)])
    assert tilted.per_day == pytest.approx(plain.per_day + slope)
    assert plain.low <= plain.per_day <= plain.high
