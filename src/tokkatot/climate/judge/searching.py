"""Searches for the set-points of the rules that do best on the weather that is learned from."""

from collections.abc import Callable, Sequence

import numpy as np

from tokkatot.climate.judge.controllers import ELITE, LEAST_SPREAD, reached
from tokkatot.climate.kernel import Floats
from tokkatot.climate.plan import Plan, batch_of
from tokkatot.climate.weather.series import WeatherSeries


def tuned(
    plan: Plan, weathers: Sequence[WeatherSeries], tell: Callable[[int, int], None]
) -> Floats:
    """Return a value a dial, by the cross-entropy method from the middle of what rules may be.

    The rules as they are set are among the first candidates: what is found does no worse.
    """
    how = plan.judging
    chance = np.random.default_rng(plan.seed)
    batch = batch_of(plan, weathers, how.candidates * how.searched_seasons)
    starts = [batch.draw.drawn(chance) for _ in range(how.searched_seasons)]
    low = np.array([dial.low for dial in batch.dials])
    high = np.array([dial.high for dial in batch.dials])
    spread, best_worth = 0.4 * (high - low), -np.inf
    batch.plant(0, starts[0])
    middle = best = batch.values[0].copy()
    for done in range(how.rounds):
        drawn = np.clip(chance.normal(middle, spread, (how.candidates, len(low))), low, high)
        drawn[0] = best
        for house in range(batch.houses):
            batch.plant(house, starts[house // how.candidates])
        worth, wanted = np.zeros(batch.houses), np.tile(drawn, (how.searched_seasons, 1))
        for _ in range(batch.steps):
            worth += batch.worth(batch.live(reached(batch, wanted)))
        means = worth.reshape(how.searched_seasons, how.candidates).mean(axis=0)
        order = np.argsort(-means)
        if means[order[0]] > best_worth:
            best, best_worth = drawn[order[0]], means[order[0]]
        elite = drawn[order[: max(round(ELITE * how.candidates), 2)]]
        middle, spread = elite.mean(axis=0), elite.std(axis=0) + LEAST_SPREAD * (high - low)
        tell(done + 1, how.rounds)
    found: Floats = best
    return found
