import math

import numpy as np
import pytest

from tokkatot.vision.evaluate.scores import (
    calibration_error,
    confusion,
    macro_f1,
    recall_at_precision,
    reliability,
    resampled,
    risk_by_coverage,
    share,
)


def test_a_share_has_the_interval_of_wilson() -> None:
    # Newcombe 1998, table I: 81 of 263.
    flags = np.arange(263) < 81

    score = share(flags)

    assert (score.value, score.count) == (81 / 263, 263)
    assert (score.low, score.high) == pytest.approx((0.2553, 0.3662), abs=1e-4)


def test_a_share_of_all_is_not_certain() -> None:
    score = share(np.ones(20, bool))

    assert (score.value, score.high) == pytest.approx((1, 1))
    assert score.low == pytest.approx(0.839, abs=1e-3)


def test_a_share_of_nothing_is_no_number() -> None:
    assert math.isnan(share(np.zeros(0, bool)).value)


def test_a_confusion_counts_truth_by_answer() -> None:
    table = confusion(np.array([0, 1, 1, 2]), np.array([0, 0, 1, 2]), 3)

    assert table.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]


def test_macro_f1_counts_each_class_alike_and_leaves_out_those_that_do_not_occur() -> None:
    probabilities = np.eye(3)[[0, 0, 0, 1]]
    labels = np.array([0, 0, 1, 1])

    # Class 0: precision 2/3, recall 1; class 1: precision 1, recall 1/2; class 2 is never there.
    assert macro_f1(probabilities, labels) == pytest.approx((0.8 + 2 / 3) / 2)


def test_who_is_as_often_right_as_sure_is_calibrated() -> None:
    probabilities = np.array([[0.75, 0.25]] * 4)

    assert calibration_error(probabilities, np.array([0, 0, 0, 1])) == pytest.approx(0)
    assert calibration_error(probabilities, np.array([0, 0, 0, 0])) == pytest.approx(0.25)
    assert reliability(probabilities, np.array([0, 0, 0, 1])) == [(0.75, 0.75, 4)]


def test_errors_of_opposite_sign_in_two_bins_do_not_cancel() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4]])

    # 0.9 and wrong, 0.6 and right.
    assert calibration_error(probabilities, np.array([1, 0])) == pytest.approx((0.9 + 0.4) / 2)


@pytest.mark.parametrize(
    ("scores", "positive", "recall"),
    [
        ([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 1], 2 / 3),
        ([0.9, 0.8, 0.7, 0.6], [1, 1, 1, 0], 1),
        ([0.9, 0.8, 0.7, 0.6], [0, 1, 1, 1], 0),
        # No threshold lies between equal scores.
        ([0.9, 0.9, 0.1], [1, 0, 1], 0),
    ],
)
def test_recall_is_the_best_among_thresholds_that_are_precise_enough(
    scores: list[float], positive: list[int], recall: float
) -> None:
    found = recall_at_precision(np.array(scores), np.array(positive, bool), precision=0.9)

    assert found == pytest.approx(recall)


def test_risk_falls_where_the_unsure_ones_are_left_out() -> None:
    confidence = np.linspace(1, 0, 100)
    right = np.arange(100) < 90

    curve = dict(risk_by_coverage(confidence, right))

    assert curve[0.9] == 0
    assert curve[1.0] == pytest.approx(0.1)


def test_a_resampled_score_lies_within_its_bounds_and_repeats() -> None:
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, 200)
    probabilities = random.dirichlet((1, 1, 1), 200) + np.eye(3)[labels] * 0.3

    first = resampled(macro_f1, probabilities, labels, seed=1)

    assert first.low < first.value < first.high
    assert resampled(macro_f1, probabilities, labels, seed=1) == first
