"""Mixes what the models answer into calibrated probabilities, and a doubt that it is a dropping."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from tokkatot.vision.findings import FINDINGS, IMPOSTOR

Floats = npt.NDArray[np.float64]
Answers = npt.NDArray[np.float32]
"""Number of pictures by five; the last is for no dropping."""


class Mix(msgspec.Struct, frozen=True, kw_only=True):
    """How the models are mixed; fitted on the validation part alone."""

    alone: tuple[float, ...]
    """The temperature of each model: above 1 it makes it less sure of itself."""
    together: float
    """That of the mixture."""
    doubt_above: float
    """From this doubt on a picture is not judged."""


def votes(answers: Answers, temperature: float) -> Floats:
    """Return one model's probabilities of the findings, given that it is a dropping."""
    return _softmax(answers[:, :IMPOSTOR] / temperature)


def mixed(answers: Sequence[Answers], mix: Mix) -> Floats:
    """Return the probabilities of the findings, given that it is a dropping.

    It is the geometric mean of the votes, so that what one model holds for impossible is
    improbable, however sure the others are: a false alarm needs an error of all of them. A model
    that knows less is less sure by its own temperature, so that it needs no weight.
    """
    parts = zip(answers, mix.alone, strict=True)
    told = sum(
        (one[:, :IMPOSTOR] / temperature for one, temperature in parts),
        start=np.zeros((len(answers[0]), len(FINDINGS))),
    )
    return _softmax(told / (len(answers) * mix.together))


def doubts(answers: Sequence[Answers]) -> Floats:
    """Return how probable each picture is no dropping: the mean of what the models say."""
    told = sum((_softmax(one)[:, IMPOSTOR] for one in answers), start=np.zeros(len(answers[0])))
    return told / len(answers)


def _softmax(values: npt.NDArray[np.floating]) -> Floats:
    shifted = np.exp(values.astype(np.float64) - values.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float64)
