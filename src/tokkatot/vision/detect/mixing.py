"""Mixes what the models answer into calibrated probabilities, and a doubt that it is a dropping."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from tokkatot.vision.findings import FINDINGS, IMPOSTOR

Floats = npt.NDArray[np.float64]
Answers = npt.NDArray[np.float32]
"""Number of pictures by five; the last is for no dropping."""


class MemberMix(msgspec.Struct, frozen=True, kw_only=True):
    """How one model counts."""

    weight: float
    temperature: float


class Mix(msgspec.Struct, frozen=True, kw_only=True):
    """How the models are mixed; fitted on the validation part alone."""

    members: tuple[MemberMix, ...]
    temperature: float
    """Above 1 it makes the mixture less sure of itself."""
    doubt_above: float
    """From this doubt on a picture is not judged."""


def votes(answers: Answers, member: MemberMix) -> Floats:
    """Return one model's probabilities of the findings, given that it is a dropping."""
    return _softmax(answers[:, :IMPOSTOR] / member.temperature)


def mixed(answers: Sequence[Answers], mix: Mix) -> Floats:
    """Return the probabilities of the findings, given that it is a dropping."""
    parts = zip(answers, mix.members, strict=True)
    blend = sum(
        (member.weight * votes(one, member) for one, member in parts),
        start=np.zeros((len(answers[0]), len(FINDINGS))),
    )
    return tempered(blend, mix.temperature)


def tempered(probabilities: Floats, temperature: float) -> Floats:
    """Return probabilities made less or more sure, as by a softmax's temperature."""
    return _softmax(np.log(np.clip(probabilities, 1e-9, 1)) / temperature)


def doubts(answers: Sequence[Answers], mix: Mix) -> Floats:
    """Return how probable each picture is no dropping."""
    parts = zip(answers, mix.members, strict=True)
    return sum(
        (member.weight * _softmax(one)[:, IMPOSTOR] for one, member in parts),
        start=np.zeros(len(answers[0])),
    )


def _softmax(values: npt.NDArray[np.floating]) -> Floats:
    shifted = np.exp(values.astype(np.float64) - values.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float64)
