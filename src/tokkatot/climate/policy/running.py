"""A policy in ONNX Runtime, on one thread."""

from math import isfinite
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tokkatot.climate.policy.card import (
    INPUT,
    OUTPUT,
    Card,
    Named,
    PolicyRefused,
    observation,
    read_policy,
)

Rows = NDArray[np.float64]


class Policy:
    """Answers set-points in their units to what it is told by name."""

    def __init__(self, card: Card, model: bytes) -> None:
        """Take a card and its model.

        Raises:
            PolicyRefused: where the model is none, or has another form than the card says.
        """
        self.card = card
        self._session = _session(model, card)

    @classmethod
    def load(cls, folder: Path) -> "Policy":
        """Load the policy of a folder.

        Raises:
            PolicyRefused: where it is not whole, or not one for this program.
        """
        return cls(*read_policy(folder))

    def ask(self, moment: Named) -> tuple[float, ...]:
        """Return the set-points that it proposes, in the order of its card's outputs.

        Raises:
            PolicyRefused: where it lacks something, or answers what is no number.
        """
        fed = np.array([observation(self.card, moment)], np.float32)
        answer = np.asarray(self._session.run([OUTPUT], {INPUT: fed})[0])[0]
        proposed = tuple(float(value) for value in answer)
        if not all(isfinite(value) for value in proposed):
            raise PolicyRefused(f"{self.card.version} answered what is no number.")
        return proposed

    def ask_many(self, rows: Rows) -> Rows:
        """Return a row of set-points for each row of inputs, in the order of its card."""
        ends = np.array([(one.low, one.high) for one in self.card.inputs])
        fed = np.clip(rows, ends[:, 0], ends[:, 1]).astype(np.float32)
        answers: Rows = np.asarray(self._session.run([OUTPUT], {INPUT: fed})[0], np.float64)
        return answers


def _session(model: bytes, card: Card) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    try:
        session = onnxruntime.InferenceSession(
            model, sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as refused:  # noqa: BLE001 - a parser of anybody's bytes
        raise PolicyRefused(f"{card.version} is no model: {refused}") from None
    fed = [(one.name, one.shape[1:]) for one in session.get_inputs()]
    answered = [(one.name, one.shape[1:]) for one in session.get_outputs()]
    if fed != [(INPUT, [len(card.inputs)])] or answered != [(OUTPUT, [len(card.outputs)])]:
        raise PolicyRefused(f"{card.version} has another form than its card says.")
    return session
