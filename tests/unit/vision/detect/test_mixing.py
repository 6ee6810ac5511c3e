import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from tokkatot.vision.detect.mixing import (
    Answers,
    MemberMix,
    Mix,
    doubts,
    mixed,
    tempered,
    votes,
)
from tokkatot.vision.findings import ANSWERS

EVEN = Mix(
    members=(MemberMix(weight=0.5, temperature=1), MemberMix(weight=0.5, temperature=1)),
    temperature=1,
    doubt_above=0.5,
)

answers = st_numpy.arrays(
    np.float32,
    st.tuples(st.integers(1, 4), st.just(ANSWERS)),
    elements=st.floats(-60, 60, width=32),
)


def sure(place: int) -> Answers:
    return np.eye(ANSWERS, dtype=np.float32)[[place]] * 20


@given(answers)
@settings(deadline=None)
def test_probabilities_are_probabilities(one: Answers) -> None:
    together = mixed([one, one[::-1]], EVEN)

    assert np.allclose(together.sum(axis=1), 1)
    assert np.all(together >= 0)
    assert np.all((doubts([one, one], EVEN) >= 0) & (doubts([one, one], EVEN) <= 1))


def test_models_that_disagree_make_the_mixture_unsure() -> None:
    together = mixed([sure(0), sure(1)], EVEN)

    assert together[0, :2] == pytest.approx([0.5, 0.5], abs=1e-3)


def test_a_model_that_sees_no_dropping_raises_the_doubt_and_not_a_finding() -> None:
    nothing = sure(ANSWERS - 1)

    assert doubts([nothing, sure(0)], EVEN) == pytest.approx([0.5], abs=1e-3)
    assert mixed([nothing, nothing], EVEN)[0] == pytest.approx([0.25] * 4)


@given(answers, st.floats(1.1, 4))
@settings(deadline=None)
def test_a_higher_temperature_keeps_the_order_and_lowers_the_confidence(
    one: Answers, temperature: float
) -> None:
    cold = votes(one, MemberMix(weight=1, temperature=1))
    warm = tempered(cold, temperature)

    assert np.all(warm.max(axis=1) <= cold.max(axis=1) + 1e-9)
    assert np.allclose(warm.max(axis=1), warm[np.arange(len(warm)), cold.argmax(axis=1)])
