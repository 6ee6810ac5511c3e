"""Who may steer a batch of houses: rules, rules that were searched for, a policy, a planner."""

from typing import Any, Protocol

import numpy as np
from typing_extensions import override

from tokkatot.climate.control.greenhouse import TomatoRules
from tokkatot.climate.control.lettuce import GrowerRules, grower
from tokkatot.climate.control.lettuce_benchmark import LIMITS
from tokkatot.climate.env.batches import Batch, BenchmarkTomatoes, Lettuces
from tokkatot.climate.kernel import Floats, records
from tokkatot.climate.physics.lettuce import Shown
from tokkatot.climate.policy.card import inputs_of
from tokkatot.climate.policy.running import Policy

ELITE = 0.125
"""Part of the candidates that the next are drawn around."""
LEAST_SPREAD = 0.02
"""Of a dial's range; what spreads less no longer searches."""


class Controller(Protocol):
    """Answers where the dials of each house should stand next."""

    def decide(self, batch: Batch[Any]) -> Floats:
        """Return a row of values a house; a step at most from where they stand."""


class Resting(Controller):
    """Leaves every set-point as it is: the rules as a person set them."""

    @override
    def decide(self, batch: Batch[Any]) -> Floats:
        return batch.values


class Grower(Controller):
    """The published benchmark's rules for lettuce."""

    def __init__(self) -> None:
        self._rules = GrowerRules()

    @override
    def decide(self, batch: Batch[Any]) -> Floats:
        assert isinstance(batch, Lettuces), "these rules know lettuce alone"
        # Its instruments show single precision, on which the published figure hangs.
        seen = batch.observed().astype(np.float32).astype(np.float64)
        wanted = [
            grower(
                Shown(co2_ppm=row[1], air_c=row[2], humidity_pct=row[3]),
                row[8],
                self._rules,
                LIMITS,
            )
            for row in seen
        ]
        return reached(batch, np.array(wanted))


class Banded(Controller):
    """Katzin's rules for tomatoes, whose actuators creep as the published benchmark's do."""

    def __init__(self, rules: TomatoRules) -> None:
        """Take set-points."""
        self._rules = rules

    @override
    def decide(self, batch: Batch[Any]) -> Floats:
        assert isinstance(batch, BenchmarkTomatoes), "these rules know tomatoes alone"
        return reached(batch, batch.ruled(records([self._rules] * batch.houses)))


class Held(Controller):
    """Goes to fixed values and stays there."""

    def __init__(self, values: Floats) -> None:
        """Take a value a dial, or a row of them a house."""
        self._values = values

    @override
    def decide(self, batch: Batch[Any]) -> Floats:
        return reached(batch, np.broadcast_to(self._values, batch.values.shape))


class Learned(Controller):
    """A policy's file."""

    def __init__(self, policy: Policy) -> None:
        """Take a loaded policy."""
        self._policy = policy
        names = [field.name for field in inputs_of(policy.card.house)]
        self._columns = [names.index(one.name) for one in policy.card.inputs]

    @override
    def decide(self, batch: Batch[Any]) -> Floats:
        return reached(batch, self._policy.ask_many(batch.told()[:, self._columns]))


class Planner(Controller):
    """Searches the steps ahead in the model itself, knowing the weather that comes."""

    def __init__(
        self,
        thinking: Batch[Any],
        chance: np.random.Generator,
        *,
        ahead_steps: int,
        rounds: int,
        replan_steps: int,
    ) -> None:
        """Take houses to think in, as many as there are plans, and how far to look."""
        self._thinking = thinking
        self._chance = chance
        self._ahead = ahead_steps
        self._rounds = rounds
        self._replan = replan_steps
        self._plans: list[Floats] = []
        self._decided = 0

    @override
    def decide(self, batch: Batch[Any]) -> Floats:
        if self._decided % self._replan == 0:
            self._plans = [self._planned(batch, house) for house in range(batch.houses)]
        at = self._decided % self._replan
        self._decided += 1
        return reached(batch, np.array([plan[at] for plan in self._plans]))

    def _planned(self, batch: Batch[Any], house: int) -> Floats:
        """Return the values of the steps until the next plan (cross-entropy method)."""
        thinking, count = self._thinking, self._thinking.houses
        blocks = -(-self._ahead // self._replan)
        ahead = min(self._ahead, batch.steps - int(batch.lived[house]))
        low, high = _ends(batch)
        middle = np.tile(batch.values[house], (blocks, 1))
        spread = np.tile(0.3 * (high - low), (blocks, 1))
        for _ in range(self._rounds):
            drawn = self._chance.normal(middle, spread, (count, blocks, len(low)))
            drawn[0] = middle
            drawn = np.clip(drawn, low, high)
            thinking.copy(batch, house)
            worth = np.zeros(count)
            for step in range(ahead):
                wanted = reached(thinking, drawn[:, step // self._replan])
                worth += thinking.worth(thinking.live(wanted))
            best = drawn[np.argsort(-worth)[: max(round(ELITE * count), 2)]]
            middle, spread = best.mean(axis=0), best.std(axis=0) + LEAST_SPREAD * (high - low)
        return np.repeat(middle[:1], self._replan, axis=0)


def reached(batch: Batch[Any], wanted: Floats) -> Floats:
    """Return what one step makes of a wish."""
    most = np.array([dial.step for dial in batch.dials])
    low, high = _ends(batch)
    within: Floats = np.clip(np.clip(wanted, batch.values - most, batch.values + most), low, high)
    return within


def _ends(batch: Batch[Any]) -> tuple[Floats, Floats]:
    return np.array([dial.low for dial in batch.dials]), np.array(
        [dial.high for dial in batch.dials]
    )
