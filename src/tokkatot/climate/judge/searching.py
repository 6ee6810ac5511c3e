"""Searches for the set-points of the rules that do best on the weather that is learned from."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from tokkatot.climate.control.dials import Dials, positions, turned
from tokkatot.climate.control.greenhouse import TomatoRules
from tokkatot.climate.control.tomato_benchmark import BANDS
from tokkatot.climate.env.batches import Batch, BenchmarkTomatoes
from tokkatot.climate.judge.controllers import ELITE, LEAST_SPREAD, reached
from tokkatot.climate.kernel import Floats, records
from tokkatot.climate.plan import Plan, Weighing, batch_of, weighed
from tokkatot.climate.weather.series import WeatherSeries

SHIFTS = 11

Tell = Callable[[int, int], None]


Steer = Callable[[Batch[Any], Floats], Floats]
"""Answers where the dials of each house go by its row of what is searched for."""


class _Sought(NamedTuple):
    """What is searched for: its ends, where it begins, and how a row of it steers."""

    low: Floats
    high: Floats
    first: Floats
    steer: Steer


def tuned(plan: Plan, weathers: Sequence[WeatherSeries], tell: Tell) -> Floats:
    """Return a value a dial, by the cross-entropy method from the middle of what rules may be.

    The rules as they are set are among the first candidates: what is found does no worse.
    """
    (found,) = _searched(plan, weathers, [{}], tell)
    return found


def tuned_bands(plan: Plan, weathers: Sequence[WeatherSeries], tell: Tell) -> TomatoRules:
    """Return the set-points and bands that do best for the benchmark's tomatoes."""

    def steer(batch: Batch[Any], rows: Floats) -> Floats:
        assert isinstance(batch, BenchmarkTomatoes), "these rules know tomatoes alone"
        rules = np.repeat(records([TomatoRules()]), len(rows))
        for at, dial in enumerate(BANDS):
            rules[dial.name] = rows[:, at]
        return batch.ruled(rules)

    sought = _Sought(
        low=np.array([dial.low for dial in BANDS]),
        high=np.array([dial.high for dial in BANDS]),
        first=np.array(positions(TomatoRules(), BANDS)),
        steer=steer,
    )
    (found,) = _searched(plan, weathers, [{}], tell, sought)
    return turned(TomatoRules(), BANDS, found.tolist())


def tuned_along(
    plan: Plan, weathers: Sequence[WeatherSeries], weighings: Sequence[Weighing], tell: Tell
) -> Floats:
    """Return a row of such values for each weighing, by energy, heat stress and gases alone.

    What else a flock is worth does not count, so that nobody draws a lower front with fixed values.
    All are searched for at once: what one of them draws is tried for every other, too.
    """
    first = weighings[0]
    factors = []
    for one in weighings:
        dear = one.electricity_kwh / first.electricity_kwh
        # Where the plan says that heat follows electricity it does so here.
        heat = 1.0 if plan.heat_to_electricity is None else dear
        factors.append(
            {
                "birds": 0.0,
                "feed": 0.0,
                "electricity": dear,
                "heat": heat,
                "stress": one.stressed_m2_h / first.stressed_m2_h,
            }
        )
    return np.array(_searched(weighed(plan, first), weathers, factors, tell))


def with_shifts(rows: Floats, dials: Dials) -> Floats:
    """Return these sets, and the first of them holding its house warmer and cooler.

    Where the weather that was searched in knows colder nights than another has, the sets that are
    found for different weighings lie close together; so the stages keep a front there too.
    """
    at = [dial.name for dial in dials].index("shift_k")
    fan = np.tile(rows[0], (SHIFTS, 1))
    fan[:, at] = np.linspace(dials[at].low, dials[at].high, SHIFTS)
    return np.unique(np.vstack((rows, fan)), axis=0)


def _searched(
    plan: Plan,
    weathers: Sequence[WeatherSeries],
    factors: Sequence[dict[str, float]],
    tell: Tell,
    sought: _Sought | None = None,
) -> list[Floats]:
    """Return what does best where parts of a season's worth count so many times, for each.

    Searched for are the values of the dials, unless something else is said that moves them.
    """
    how, count = plan.judging, len(factors)
    chance = np.random.default_rng(plan.seed)
    batch = batch_of(plan, weathers, how.candidates * how.searched_seasons)
    starts = [batch.draw.drawn(chance) for _ in range(how.searched_seasons)]
    counted = np.array([[each.get(name, 1.0) for name in batch.parts] for each in factors])
    low, high, first, steer = sought or _dials_of(batch, starts[0])
    best = [first.copy() for _ in factors]
    middles, spreads = list(best), [0.4 * (high - low)] * count
    best_worth = np.full(count, -np.inf)
    kin = np.array_split(np.arange(how.candidates), count)
    for done in range(how.rounds):
        drawn = np.empty((how.candidates, len(low)))
        for at, mine in enumerate(kin):
            drawn[mine] = chance.normal(middles[at], spreads[at], (len(mine), len(low)))
            drawn[mine[0]] = best[at]
        drawn = np.clip(drawn, low, high)
        for house in range(batch.houses):
            batch.plant(house, starts[house // how.candidates])
        parts = np.zeros((batch.houses, len(batch.parts)))
        wanted = np.tile(drawn, (how.searched_seasons, 1))
        for _ in range(batch.steps):
            parts += batch.live(reached(batch, steer(batch, wanted)))
        means = parts.reshape(how.searched_seasons, how.candidates, -1).mean(axis=0)
        for at in range(count):
            worth = batch.worth(means * counted[at])
            order = np.argsort(-worth)
            if worth[order[0]] > best_worth[at]:
                best[at], best_worth[at] = drawn[order[0]], worth[order[0]]
            elite = drawn[order[: max(round(ELITE * how.candidates), 2)]]
            middles[at], spreads[at] = (
                elite.mean(axis=0),
                elite.std(axis=0) + LEAST_SPREAD * (high - low),
            )
        tell(done + 1, how.rounds)
    return best


def _dials_of(batch: Batch[Any], start: Any) -> _Sought:
    """Return that the dials are searched for, from where a season finds them."""
    batch.plant(0, start)
    return _Sought(
        low=np.array([dial.low for dial in batch.dials]),
        high=np.array([dial.high for dial in batch.dials]),
        first=batch.values[0].copy(),
        steer=lambda _, rows: rows,
    )
