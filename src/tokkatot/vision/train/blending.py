"""Fits how the models are mixed, on the validation part alone."""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from tokkatot.vision.detect.mixing import (
    Answers,
    Floats,
    MemberMix,
    Mix,
    doubts,
    mixed,
    votes,
)

GOOD_REFUSED = 0.02
"""The share of good validation photographs that may be refused as no dropping."""
_WEIGHT_STEPS = 10

Labels = npt.NDArray[np.int64]


def fit_mix(answers: Sequence[Answers], labels: Labels) -> Mix:
    """Return temperatures, weights and the limit of doubt for photographs of droppings."""
    alone = [_own_temperature(one, labels) for one in answers]

    def mix(weights: Sequence[float], temperature: float = 1.0, doubt_above: float = 1.0) -> Mix:
        return Mix(
            members=tuple(
                MemberMix(weight=weight, temperature=t)
                for weight, t in zip(weights, alone, strict=True)
            ),
            temperature=temperature,
            doubt_above=doubt_above,
        )

    weights = min(
        _simplex(len(answers)), key=lambda some: surprise(mixed(answers, mix(some)), labels)
    )
    temperature = _best_temperature(lambda t: mixed(answers, mix(weights, t)), labels)
    limit = float(np.quantile(doubts(answers, mix(weights)), 1 - GOOD_REFUSED))
    return mix(weights, temperature, max(limit, 0.2))


def surprise(probabilities: Floats, labels: Labels) -> float:
    """Return the mean negative logarithm of what was given to the truth."""
    given = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(given, 1e-9, 1)).mean())


def _own_temperature(answers: Answers, labels: Labels) -> float:
    return _best_temperature(lambda t: votes(answers, MemberMix(weight=1, temperature=t)), labels)


def _best_temperature(probabilities: Callable[[float], Floats], labels: Labels) -> float:
    candidates = np.geomspace(0.3, 3, 93).tolist()
    return float(min(candidates, key=lambda t: surprise(probabilities(t), labels)))


def _simplex(count: int) -> list[tuple[float, ...]]:
    steps = product(range(1, _WEIGHT_STEPS + 1), repeat=count)
    return [
        tuple(step / _WEIGHT_STEPS for step in some) for some in steps if sum(some) == _WEIGHT_STEPS
    ]
