"""Freezes a learned policy as an ONNX file with its card, and proves that both agree."""

import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn
from typing_extensions import override

from tokkatot.climate.plan import kind_of
from tokkatot.climate.policy.card import INPUT, OUTPUT, Card, WeatherSeen, inputs_of
from tokkatot.climate.policy.running import Policy
from tokkatot.climate.train.carding import carded, off, probed, proven
from tokkatot.climate.train.learning import Learner

OPSET = 17
SEEN_BEYOND = 10.0
"""So many deviations off the learner's normalisation cuts what is seen."""


class Steering(nn.Module):
    """What was learned, from numbers in their units to set-points in theirs."""

    def __init__(self, learner: Learner) -> None:
        """Take over what was learned."""
        super().__init__()
        policy, batch = learner.model.policy, learner.many.batch
        self.net = nn.Sequential(policy.mlp_extractor.policy_net, policy.action_net)
        self._dials = len(batch.dials)
        scale = learner.env.obs_rms
        deviation = np.sqrt(scale.var + learner.env.epsilon)
        ends = [(dial.low, dial.high, dial.step) for dial in batch.dials]
        held = [(field.low, field.high) for field in batch.fields]
        for name, values in (
            ("mean", scale.mean), ("deviation", deviation), ("low", [end[0] for end in ends]),
            ("high", [end[1] for end in ends]), ("most", [end[2] for end in ends]),
            ("lowest", [end[0] for end in held]), ("highest", [end[1] for end in held]),
        ):  # fmt: skip
            # What hardly moved is told from its mean by digits that single precision lacks.
            exact = torch.float64 if name in {"mean", "deviation"} else torch.float32
            self.register_buffer(name, torch.tensor(np.asarray(values), dtype=exact))

    @override
    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        seen = observation[:, : -1 - self._dials]
        turn = observation[:, -1 - self._dials : -self._dials] * (torch.pi / 12)
        dials = observation[:, -self._dials :]
        parts = (dials - self.low) / (self.high - self.low)
        fed = torch.cat((seen, torch.sin(turn), torch.cos(turn), parts), dim=1)
        fed = torch.minimum(torch.maximum(fed, self.lowest), self.highest)
        scaled = (fed.double() - self.mean) / self.deviation
        acted = self.net(scaled.clamp(-SEEN_BEYOND, SEEN_BEYOND).float())
        wanted = dials + acted.clamp(-1.0, 1.0) * self.most
        return torch.minimum(torch.maximum(wanted, self.low), self.high)


def export(learner: Learner, seen: Sequence[WeatherSeen], out: Path) -> Card:
    """Write the policy's folder and return its card."""
    plan, batch = learner.plan, learner.many.batch
    model = _frozen(Steering(learner), len(inputs_of(kind_of(plan))))
    card = carded(plan, batch, learner.model.num_timesteps, seen, model)
    return proven(card, model, parity(learner, Policy(card, model)), out)


def parity(learner: Learner, policy: Policy) -> float:
    """Return the largest difference of any answer between learner and file, in steps."""
    batch, rows = learner.many.batch, probed(policy.card)
    dials = len(batch.dials)
    seen, hours, values = rows[:, : -1 - dials], rows[:, -1 - dials], rows[:, -dials:]
    low, high, most = np.array([(dial.low, dial.high, dial.step) for dial in batch.dials]).T
    turn = 2.0 * np.pi * hours / 24.0
    fed = np.column_stack((seen, np.sin(turn), np.cos(turn), (values - low) / (high - low)))
    actions, _ = learner.model.predict(
        learner.env.normalize_obs(fed.astype(np.float32)), deterministic=True
    )
    return off(policy, rows, np.clip(values + np.clip(actions, -1.0, 1.0) * most, low, high))


def _frozen(steering: Steering, width: int) -> bytes:
    out = BytesIO()
    with warnings.catch_warnings():
        # The newer exporter needs a compiler of its own to write the same few operators.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            steering.eval(),
            (torch.zeros((2, width)),),
            out,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "count"}, OUTPUT: {0: "count"}},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load_from_string(out.getvalue())
    onnx.checker.check_model(model, full_check=True)
    for node in model.graph.node:
        node.doc_string = ""
    frozen: bytes = model.SerializeToString()
    return frozen
