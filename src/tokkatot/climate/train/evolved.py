"""Freezes an evolved policy as an ONNX file with its card, and proves that both agree."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tokkatot.climate.plan import kind_of
from tokkatot.climate.policy.card import Card, WeatherSeen, inputs_of
from tokkatot.climate.policy.running import Policy
from tokkatot.climate.train.carding import carded, off, probed, proven
from tokkatot.climate.train.evolving import Evolver
from tokkatot.climate.train.graph import written


def export(evolver: Evolver, seen: Sequence[WeatherSeen], out: Path) -> Card:
    """Write the policy's folder and return its card."""
    network, best, plan = evolver.network, evolver.best, evolver.plan
    model = written(lambda told: network.wanted(told, best), len(inputs_of(kind_of(plan))))
    card = carded(plan, evolver.batch, evolver.decisions, seen, model)
    return proven(card, model, parity(evolver, Policy(card, model)), out)


def parity(evolver: Evolver, policy: Policy) -> float:
    """Return the largest difference of any answer between network and file, in steps."""
    rows = probed(policy.card)
    return off(policy, rows, evolver.network.wanted(rows.astype(np.float64), evolver.best))
