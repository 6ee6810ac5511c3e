"""Intervals of made-up straight lines, whose errors are known."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import t as student

from tests.support.recorded_house import A_DAY, PERIOD_S, errors
from tokkatot.climate.calibrate.intervals import errors_off, half_intervals, lasting

DAYS = 12
DAY = np.arange(DAYS * A_DAY) // A_DAY
FITTED = np.broadcast_to(((DAY > 0) & (DAY % 4 != 3))[:, None], (len(DAY), 3))
NO_START = np.zeros((1, len(DAY), 3))

Numbers = NDArray[np.float64]


def slopes() -> Numbers:
    """Return those of two parameters, one of which some days tell far better than others."""
    told = np.exp(np.random.default_rng(5).normal(0, 0.8, DAYS))[DAY]
    wave = np.sin(np.arange(len(DAY)) / A_DAY * 2 * np.pi)
    none, one = 0 * wave, np.ones(len(wave))
    return np.stack(
        (np.column_stack((told, told, none)), np.column_stack((none, one, 1 + wave / 2))), axis=-1
    )


def left_by_fit(off: Numbers) -> tuple[Numbers, Numbers]:
    """Return what least squares find where nothing is, and what they leave."""
    found = np.linalg.lstsq(slopes()[FITTED], off[FITTED], rcond=None)[0]
    return found, off - slopes() @ found


def mean_of(days: Numbers) -> Numbers:
    """Return how a mean of days of these variances varies together with its jackknife."""
    count = len(days)
    moves = (np.eye(count) - 1 / count) / (count - 1)
    both = np.vstack((np.full(count, 1 / count), moves * np.sqrt(1 - 1 / count)))
    return np.asarray(both * days @ both.T)


@pytest.mark.parametrize("count", [5, 8, 44])
def test_days_alike_and_independent_need_as_many_errors_as_student_says(count: int) -> None:
    needed = errors_off(mean_of(np.full(count, 3.0)))
    assert needed == pytest.approx(student.ppf(0.975, count - 1), rel=1e-4)


def test_days_that_vary_together_need_more_errors_and_hold_what_they_say() -> None:
    apart = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    ways = np.vstack((np.full(6, 1 / 6), (np.eye(6) - 1 / 6) / 5 * np.sqrt(5 / 6)))
    alike = ways @ (np.outer(range(1, 7), range(1, 7)) * 0.3**apart) @ ways.T
    needed = errors_off(alike)
    drawn = np.random.default_rng(1).multivariate_normal(np.zeros(7), alike, 200_000)
    beyond = np.abs(drawn[:, 0]) > needed * np.linalg.norm(drawn[:, 1:], axis=1)
    assert needed > 1.15 * student.ppf(0.975, 5)
    assert np.mean(beyond) == pytest.approx(0.05, abs=0.002)


def test_no_interval_trusts_one_day_for_having_told_nearly_all() -> None:
    alike = np.diag([1.0, 1e6, 1e-6, 1e-6])
    assert errors_off(alike) == pytest.approx(1.96, abs=0.001)


def test_errors_that_last_are_told_from_such_as_are_new_at_each_moment() -> None:
    rng = np.random.default_rng(3)
    lasts = float(np.exp(-PERIOD_S / (4 * 3600)))
    off = errors(rng, 200 * A_DAY, lasts) + rng.normal(0, 1, (200 * A_DAY, 3))
    off[:, 2] = np.nan
    off[::3, 1] = np.nan
    together = lasting(off, np.arange(len(off)) // A_DAY, PERIOD_S)
    hours = np.array([0, 1, 4, 12])
    expected = np.where(hours > 0, np.exp(-hours / 4), 2.0)
    assert together[2 * hours, 0] == pytest.approx(expected, abs=0.1)
    assert together[2 * hours, 1] == pytest.approx(expected, abs=0.1)
    assert np.all(together[:, 2] < 1e-9)


def test_intervals_hold_as_often_as_they_say_though_errors_last_past_midnight() -> None:
    rng = np.random.default_rng(6)
    lasts = float(np.exp(-PERIOD_S / (8 * 3600)))
    held = []
    for _ in range(300):
        found, left = left_by_fit(errors(rng, len(DAY), lasts))
        half = half_intervals(slopes(), left, NO_START, FITTED, DAY, PERIOD_S)
        held.append(np.abs(found) < half)
    # Student's t of the days less one holds 91 and 94 of 100.
    assert np.mean(held, axis=0) == pytest.approx(0.955, abs=0.02)


def test_what_the_start_is_off_by_moves_a_fit_beside_the_rest() -> None:
    _, left = left_by_fit(errors(np.random.default_rng(2), len(DAY), 0.9))
    alone = half_intervals(slopes(), left, NO_START, FITTED, DAY, PERIOD_S)
    begun = 0.3 * np.moveaxis(slopes(), -1, 0)
    half = half_intervals(slopes(), left, begun, FITTED, DAY, PERIOD_S)
    assert half == pytest.approx(np.hypot(alone, 0.3 * 1.96), rel=1e-3)


def test_a_fit_that_leaves_nothing_lies_nowhere_else() -> None:
    half = half_intervals(slopes(), 0.0 * NO_START[0], NO_START, FITTED, DAY, PERIOD_S)
    assert half == pytest.approx(0.0, abs=1e-9)
