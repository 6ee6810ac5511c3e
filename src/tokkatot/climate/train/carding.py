"""Writes the card of what was learned, and proves that its file answers alike."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from tokkatot.climate.env.batches import Batch
from tokkatot.climate.plan import HousePlan, Plan, digest_of, kind_of, own_prices
from tokkatot.climate.policy.card import (
    MODEL,
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

PROBES = 500
LIMITS = (
    "It turns set-points of rules; it is no rule of its own and must run behind its shield.",
    "It knows no weather but what it learned from; beyond that its shield alone protects.",
)
COOP_LIMITS = (
    "It learned in a model of a poultry house that is verified, not validated.",
    "It was judged turning all its set-points; a hub turns one of them, and how many fans run.",
)


def carded(
    plan: Plan, batch: Batch[Any], steps: int, seen: Sequence[WeatherSeen], model: bytes
) -> Card:
    """Return the card of a model that learned by a plan, before anything is proven of it."""
    house, digest = kind_of(plan), hashlib.sha256(model).hexdigest()
    return Card(
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
            steps=steps,
            configuration_sha256=digest_of(plan),
            weather=tuple(seen),
        ),
        held_out=(),
        parity=0.0,
        limits=limits_of(plan),
        tariff=plan.tariff,
    )


def proven(card: Card, model: bytes, parity: float, out: Path) -> Card:
    """Write the policy's folder, its card with how far answers differ, and return that."""
    known = msgspec.structs.replace(card, parity=parity)
    out.mkdir(parents=True, exist_ok=True)
    (out / MODEL).write_bytes(model)
    write_card(known, out)
    return known


def probed(card: Card) -> NDArray[np.float32]:
    """Return moments between the ends of all that a policy looks at."""
    ends = np.array([(one.low, one.high) for one in card.inputs])
    rows = np.random.default_rng(0).uniform(ends[:, 0], ends[:, 1], (PROBES, len(ends)))
    return rows.astype(np.float32)


def off(policy: Policy, rows: NDArray[np.floating[Any]], learned: NDArray[Any]) -> float:
    """Return by how many steps the file's answers to some moments lie off at most."""
    names = [one.name for one in policy.card.inputs]
    most = np.array([one.step for one in policy.card.outputs])
    frozen = [policy.ask(dict(zip(names, map(float, row), strict=True))) for row in rows]
    return float((np.abs(np.array(frozen) - learned) / most).max())


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
