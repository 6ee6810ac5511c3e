"""What heat stress is left for what energy: a policy's front beside that of tuned stages."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tokkatot.climate.judge.controllers import Controller, Held
from tokkatot.climate.judge.judging import RESAMPLES, interval, live, seasons
from tokkatot.climate.kernel import Floats
from tokkatot.climate.plan import Plan, weighed
from tokkatot.climate.policy.card import Interval
from tokkatot.climate.weather.series import WeatherSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What came of one controller: a row a weighing, a column a season."""

    energy: Floats
    """Electricity and heat, kWh a m²."""
    stress: Floats
    """Hours."""
    foul: Floats
    """Hours of air beyond Directive 2007/43/EC."""
    deaths: Floats
    """Parts of a hundred."""


class Beside(NamedTuple):
    """A policy at one weighing, beside tuned stages that may take as much energy."""

    energy: Interval
    stress: Interval
    rival: float
    """Hours of heat stress that the stages leave."""
    spared: Interval
    """The part of them that the policy spares."""
    foul: Interval
    deaths: Interval

    def told(self) -> str:
        """Return it as a line."""
        return (
            f"{self.energy.mean:6.3g} kWh/m2 {self.stress.mean:6.4g} h, stages {self.rival:6.4g} h:"
            f" {100 * self.spared.mean:5.1f} %"
            f" [{100 * self.spared.low:.1f}, {100 * self.spared.high:.1f}] less;"
            f" foul {self.foul.mean:.3g} h, deaths {self.deaths.mean:.3g} %"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fronts:
    """Both on one weather."""

    policy: Front
    tuned: Front
    beside: tuple[Beside, ...]


def compared_fronts(
    plan: Plan, weather: WeatherSeries, policy: Controller, tuned: Floats,
    chance: np.random.Generator,
) -> Fronts:  # fmt: skip
    """Let both live through the same seasons at each weighing of the plan.

    `tuned` are the set-points of the stages, a row a weighing.
    """
    count = len(seasons(plan, weather))
    ours = front_of(plan, weather, policy)
    theirs = front_of(plan, weather, Held(np.repeat(tuned, count, axis=0)))
    return Fronts(policy=ours, tuned=theirs, beside=held_against(ours, theirs, chance))


def front_of(plan: Plan, weather: WeatherSeries, who: Controller) -> Front:
    """Let a controller steer the same seasons at each weighing, all side by side."""
    weighings = plan.judging.front
    starts = [start for one in weighings for start in seasons(weighed(plan, one), weather)]
    came = live(plan, weather, starts, who).figures
    rows = {name: values.reshape(len(weighings), -1) for name, values in came.items()}
    return Front(
        energy=rows["electricity"] + rows["heat"],
        stress=rows["heat_stress"],
        foul=np.maximum(rows["co2_over"], rows["ammonia_over"]),
        deaths=rows["deaths"],
    )


def held_against(policy: Front, tuned: Front, chance: np.random.Generator) -> tuple[Beside, ...]:
    """Return the policy at each weighing; seasons are drawn anew for both alike (bootstrap)."""
    count = policy.stress.shape[1]
    every = np.arange(count)
    drawn = chance.integers(count, size=(RESAMPLES, count))
    low, high = np.quantile(
        [_spared(policy, tuned, some) for some in drawn], (0.025, 0.975), axis=0
    )
    rival, means = _rival(policy, tuned, every), _spared(policy, tuned, every)
    return tuple(
        Beside(
            energy=interval(policy.energy[at], chance),
            stress=interval(policy.stress[at], chance),
            rival=float(rival[at]),
            spared=Interval(mean=float(means[at]), low=float(low[at]), high=float(high[at])),
            foul=interval(policy.foul[at], chance),
            deaths=interval(policy.deaths[at], chance),
        )
        for at in range(len(means))
    )


def stress_at(energy: Floats, taken: Floats, left: Floats) -> Floats:
    """Return the heat stress that is left where no more than this energy may be taken.

    Between two of the points that are known a keeper may do now the one, now the other. With less
    energy than any of them takes it is assumed that no more hours are left than with the least.
    """
    order = np.lexsort((left, taken))
    corners: list[tuple[float, float]] = []
    for x, y in zip(taken[order].tolist(), left[order].tolist(), strict=True):
        if corners and y >= corners[-1][1]:
            continue
        while len(corners) > 1 and _bulges(corners[-2], corners[-1], (x, y)):
            corners.pop()
        corners.append((x, y))
    xs, ys = zip(*corners, strict=True)
    found: Floats = np.interp(energy, xs, ys)
    return found


def _bulges(
    before: tuple[float, float], between: tuple[float, float], after: tuple[float, float]
) -> bool:
    """Return whether a point lies on or above the line of its neighbours."""
    run, rise = after[0] - before[0], after[1] - before[1]
    return (between[1] - before[1]) * run >= rise * (between[0] - before[0])


def _spared(policy: Front, tuned: Front, some: NDArray[np.int64]) -> Floats:
    """Return the part of the stages' hours that the policy spares in these seasons."""
    rival = _rival(policy, tuned, some)
    # Where stages leave none there is nothing to spare.
    spared: Floats = (rival - policy.stress[:, some].mean(axis=1)) / np.maximum(rival, 1e-9)
    return spared


def _rival(policy: Front, tuned: Front, some: NDArray[np.int64]) -> Floats:
    """Return the hours that stages leave in these seasons for the policy's energy."""
    taken, left = tuned.energy[:, some].mean(axis=1), tuned.stress[:, some].mean(axis=1)
    return stress_at(policy.energy[:, some].mean(axis=1), taken, left)
