"""The evolution strategy: it finds what is best by ranks alone, along whatever it lies."""

import numpy as np
import pytest

from tokkatot.climate.kernel import Floats
from tokkatot.climate.train.strategy import Strategy

GOAL = np.array([1.0, -2.0, 0.5, 3.0])
LONG = np.array([1.0, 10.0, 100.0, 1000.0])


def worth(rows: Floats) -> Floats:
    """Return how near rows come to the goal, on a slope a thousand times as steep one way."""
    off: Floats = -(((rows - GOAL) ** 2) @ LONG)
    return off


def climbed(strategy: Strategy, chance: np.random.Generator, times: int) -> Floats:
    for _ in range(times):
        rows = strategy.asked(chance)
        strategy.tell(rows, worth(rows))
    return strategy.middle


def test_it_finds_the_top_of_a_hill_that_is_steep_one_way_and_flat_another() -> None:
    strategy = Strategy(np.zeros(4), 0.5, 10)
    assert climbed(strategy, np.random.default_rng(1), 250) == pytest.approx(GOAL, abs=1e-3)
    across = np.diag(strategy.covariance)
    assert across[0] > 30.0 * across[3], "it scatters along what is flat"


def test_worth_counts_by_its_rank_alone() -> None:
    plain, bent = (Strategy(np.zeros(4), 0.5, 8) for _ in range(2))
    one, other = (np.random.default_rng(2) for _ in range(2))
    for _ in range(20):
        rows, same = plain.asked(one), bent.asked(other)
        plain.tell(rows, worth(rows))
        bent.tell(same, np.exp(0.01 * worth(same)))
    assert plain.middle.tolist() == bent.middle.tolist()


def test_what_is_recalled_goes_on_as_what_never_stopped() -> None:
    chance = np.random.default_rng(3)
    strategy = Strategy(np.zeros(4), 0.5, 8)
    climbed(strategy, chance, 10)
    kept = {name: np.array(value) for name, value in strategy.memory().items()}
    state = chance.bit_generator.state
    whole = climbed(strategy, chance, 10)
    again = Strategy(np.zeros(4), 0.1, 8)
    again.recall(kept)
    chance.bit_generator.state = state
    assert climbed(again, chance, 10).tolist() == whole.tolist()
