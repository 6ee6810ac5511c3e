import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from msgspec.structs import replace

from tokkatot.vision.detect.mixing import (
    Answers,
    Mix,
    doubts,
    mixed,
    votes,
)
from tokkatot.vision.findings import ANSWERS

PLAIN = Mix(alone=(1.0, 1.0), together=1.0, doubt_above=0.5)

answers = st_numpy.arrays(
    np.float32,
    st.tuples(st.integers(1, 4), st.just(ANSWERS)),
    elements=st.floats(-60, 60, width=32),
)


def sure(place: int, *, by: float = 20) -> Answers:
    return np.asarray(np.eye(ANSWERS)[[place]] * by, np.float32)


@given(answers)
@settings(deadline=None)
def test_probabilities_are_probabilities(one: Answers) -> None:
    together = mixed([one, one[::-1]], PLAIN)

    assert np.allclose(together.sum(axis=1), 1)
    assert np.all(together >= 0)
    assert np.all((doubts([one, one]) >= 0) & (doubts([one, one]) <= 1))


def test_models_that_disagree_make_the_mixture_unsure() -> None:
    together = mixed([sure(0), sure(1)], PLAIN)

    assert together[0, :2] == pytest.approx([0.5, 0.5], abs=1e-3)


def test_a_model_that_sees_no_dropping_raises_the_doubt_and_not_a_finding() -> None:
    nothing = sure(ANSWERS - 1)

    assert doubts([nothing, sure(0)]) == pytest.approx([0.5], abs=1e-3)
    assert mixed([nothing, nothing], PLAIN)[0] == pytest.approx([0.25] * 4)


def test_a_disease_that_one_model_holds_for_impossible_is_improbable() -> None:
    firm, against = sure(1, by=5), sure(0)

    together = mixed([firm, firm, against], replace(PLAIN, alone=(1.0, 1.0, 1.0)))

    assert np.mean([votes(one, 1.0)[0, 1] for one in (firm, firm, against)]) > 0.6
    assert together[0, 1] < 0.05


def test_a_model_that_is_less_sure_counts_less() -> None:
    alike = mixed([sure(1, by=5), sure(0, by=5)], PLAIN)
    calmed = mixed([sure(1, by=5), sure(0, by=5)], replace(PLAIN, alone=(1.0, 3.0)))

    assert alike[0, 1] == pytest.approx(alike[0, 0])
    assert calmed[0, 1] > 0.7


@given(answers, st.floats(1.1, 4))
@settings(deadline=None)
def test_a_higher_temperature_keeps_the_order_and_lowers_the_confidence(
    one: Answers, temperature: float
) -> None:
    cold = mixed([one, one], PLAIN)
    warm = mixed([one, one], replace(PLAIN, together=temperature))

    assert np.all(warm.max(axis=1) <= cold.max(axis=1) + 1e-9)
    assert np.allclose(warm.max(axis=1), warm[np.arange(len(warm)), cold.argmax(axis=1)])
