"""Fits how the models are mixed, on the validation part alone."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from tokkatot.vision.detect.mixing import Answers, Floats, Mix, doubts, mixed, votes

GOOD_REFUSED = 0.02
"""The share of good validation photographs that may be refused as no dropping."""
_LEAST_DOUBT = 0.2
_TEMPERATURES = np.geomspace(0.3, 3, 93).tolist()

Labels = npt.NDArray[np.int64]


def fit_mix(answers: Sequence[Answers], labels: Labels) -> Mix:
    """Return temperatures and the limit of doubt for photographs of droppings."""
    alone = tuple(_best_temperature(partial(votes, one), labels) for one in answers)

    def mix(together: float) -> Mix:
        return Mix(alone=alone, together=together, doubt_above=limit)

    limit = max(float(np.quantile(doubts(answers), 1 - GOOD_REFUSED)), _LEAST_DOUBT)
    return mix(_best_temperature(lambda t: mixed(answers, mix(t)), labels))


def surprise(probabilities: Floats, labels: Labels) -> float:
    """Return the mean negative logarithm of what was given to the truth."""
    given = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(given, 1e-9, 1)).mean())


def _best_temperature(probabilities: Callable[[float], Floats], labels: Labels) -> float:
    return float(min(_TEMPERATURES, key=lambda t: surprise(probabilities(t), labels)))
