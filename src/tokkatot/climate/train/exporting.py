"""Freezes a learned policy as an ONNX file with its card, and proves that both agree."""

import hashlib
import warnings
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
import onnx
import torch
from msgspec import UNSET
from torch import nn
from typing_extensions import override

from tokkatot.climate.plan import HousePlan, Plan, digest_of, kind_of, own_prices
from tokkatot.climate.policy.card import (
    INPUT,
    MODEL,
    OUTPUT,
    Card,
    House,
    Input,
    Learning,
    Output,
    WeatherSeen,
    inputs_of,
    write_card,
)
from tokkatot.climate.policy.running import Policy
from tokkatot.climate.train.learning import Learner

OPSET = 17
PROBES = 500
SEEN_BEYOND = 10.0
"""So many deviations off the learner's normalisation cuts what is seen."""

LIMITS = (
    "It turns set-points of rules; it is no rule of its own and must run behind its shield.",
    "It knows no weather but what it learned from; beyond that its shield alone protects.",
)
COOP_LIMITS = (
    "It learned in a model of a poultry house that is verified, not validated.",
    "It was judged turning all its set-points; a hub turns one of them, and how many fans run.",
)


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
    house = kind_of(plan)
    model = _frozen(Steering(learner), len(inputs_of(house)))
    digest = hashlib.sha256(model).hexdigest()
    card = Card(
        name=plan.name,
        version=f"{plan.name}-{digest[:12]}",
        house=house,
        step_s=batch.step_s,
        model_sha256=digest,
        inputs=tuple(
            Input(name=field.name, low=field.low, high=field.high) for field in inputs_of(house)
        ),
        outputs=tuple(
            Output(name=dial.name, low=dial.low, high=dial.high, step=dial.step)
            for dial in batch.dials
        ),
        learning=Learning(
            seed=plan.seed,
            steps=learner.model.num_timesteps,
            configuration_sha256=digest_of(plan),
            weather=tuple(seen),
        ),
        held_out=(),
        parity=0.0,
        limits=limits_of(plan),
        tariff=plan.tariff,
    )
    proven = msgspec.structs.replace(card, parity=parity(learner, Policy(card, model)))
    out.mkdir(parents=True, exist_ok=True)
    (out / MODEL).write_bytes(model)
    write_card(proven, out)
    return proven


def limits_of(plan: Plan) -> tuple[str, ...]:
    """Return what a policy of this plan must not be trusted with, in words."""
    own: list[str] = []
    if kind_of(plan) is House.COOP:
        own += COOP_LIMITS
        if plan.heat_to_electricity is not None:
            own.append(f"It takes heat to cost {plan.heat_to_electricity:g} times electricity.")
    if isinstance(plan, HousePlan):
        own.append("It learned in the fitted twin of one house; for another one it was not judged.")
    if plan.tariff is not UNSET:
        own.append("It takes electricity to cost by the hour what its tariff says.")
    if prices := own_prices(plan):
        told = ", ".join(f"{name} {price:g}" for name, price in prices.items())
        own.append(f"It takes things to cost, in euros, what its plan says: {told}.")
    if any(one.is_altered for one in plan.learn_from):
        own.append("Part of the weather that it learned from was altered, not measured.")
    return (*LIMITS, *own)


def parity(learner: Learner, policy: Policy) -> float:
    """Return the largest difference of any answer between learner and file, in steps."""
    batch, card = learner.many.batch, policy.card
    ends = np.array([(one.low, one.high) for one in card.inputs])
    rows = np.random.default_rng(0).uniform(ends[:, 0], ends[:, 1], (PROBES, len(ends)))
    rows = rows.astype(np.float32)
    dials = len(batch.dials)
    seen, hours, values = rows[:, : -1 - dials], rows[:, -1 - dials], rows[:, -dials:]
    low, high, most = np.array([(dial.low, dial.high, dial.step) for dial in batch.dials]).T
    turn = 2.0 * np.pi * hours / 24.0
    fed = np.column_stack((seen, np.sin(turn), np.cos(turn), (values - low) / (high - low)))
    actions, _ = learner.model.predict(
        learner.env.normalize_obs(fed.astype(np.float32)), deterministic=True
    )
    learned = np.clip(values + np.clip(actions, -1.0, 1.0) * most, low, high)
    names = [one.name for one in card.inputs]
    frozen = [policy.ask(dict(zip(names, map(float, row), strict=True))) for row in rows]
    return float((np.abs(np.array(frozen) - learned) / most).max())


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
