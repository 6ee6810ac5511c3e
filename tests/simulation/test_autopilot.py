"""Whole farms whose autopilot lends anything at all: every invariant holds beside it."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf, nan
from random import Random  # noqa: TID251 - seeded
from typing import Any

import pytest

from tokkatot.automation import engine, lending, ruling
from tokkatot.automation.inputs import Loan
from tokkatot.automation.state import State
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import DeviceId, HouseId
from tokkatot.sim.run import simulate
from tokkatot.sim.sabotage import NONE

LENT_ANEW_S = 300.0
SHIFTS_K = (-40.0, -3.0, -1.0, 0.0, 2.0, 3.0, 500.0, nan, inf)
SHARES = (-1.0, 0.0, 0.1, 0.1, 0.3, 0.6, 1.0, 7.0, nan)


class Unruly:
    """Lends every house whatever comes to its mind, every five minutes."""

    def __init__(self) -> None:
        self.lent_s: dict[HouseId, float] = {}
        self.rested = 0
        """So often a fan was let rest."""

    def borrow(self, state: State, loans: Sequence[Loan], now_s: float) -> State:
        """Add its loans to those that there are."""
        chance = Random(round(now_s))
        due = [one for one in state.climates if now_s - self.lent_s.get(one, -inf) > LENT_ANEW_S]
        self.lent_s.update(dict.fromkeys(due, now_s))
        wild = [
            Loan(house_id=one, shift_k=chance.choice(SHIFTS_K), fan_share=chance.choice(SHARES))
            for one in due
        ]
        return lending.borrow(state, (*loans, *wild), now_s)

    def spared(self, *given: Any) -> Sequence[DeviceId]:
        """Count what the engine lets rest."""
        found = lending.spared(*given)
        self.rested += len(found)
        return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [201, 202])
def test_a_farm_keeps_every_promise_whatever_its_autopilot_lends(seed: int) -> None:
    unruly = Unruly()
    patches = (
        (engine, "borrow", unruly.borrow),
        (ruling, "spared", unruly.spared),
        # Not even the one fan that always runs.
        (lending, "count_running", lambda *_: 0),
    )
    autopilot = replace(NONE, house=HouseKind.COOP, patches=patches)

    outcome = simulate(seed, days=3 / 24, sabotage=autopilot)

    assert outcome.violations == (), "\n".join(outcome.last)
    assert outcome.counts["agreed"] > 0
    assert unruly.rested > 100
