"""What heat stress is left for what energy: a policy's front beside that of tuned stages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tokkatot.climate.judge.controllers import Controller, Held
from tokkatot.climate.judge.judging import RESAMPLES, interval, live, seasons
from tokkatot.climate.kernel import Floats
from tokkatot.climate.plan import Plan, Weighing, weighed
from tokkatot.climate.policy.card import Interval
from tokkatot.climate.weather.series import WeatherSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What came of one controller: a row a weighing or a set of set-points, a column a season."""

    energy: Floats
    """Electricity and heat, kWh a m²."""
    stress: Floats
    """Hours."""
    foul: Floats
    """Hours of air beyond Directive 2007/43/EC."""
    cold: Floats
    """Hours so far below comfort that a shield would step in."""
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
    saved: Interval
    """The part of the energy that it saves, beside stages that may leave as many hours."""
    foul: Interval
    cold: Interval
    deaths: Interval

    def told(self) -> str:
        """Return it as a line."""
        return (
            f"{self.energy.mean:6.3g} kWh/m2 {self.stress.mean:6.4g} h, stages {self.rival:6.4g} h:"
            f" {100 * self.spared.mean:5.1f} %"
            f" [{100 * self.spared.low:.1f}, {100 * self.spared.high:.1f}] less,"
            f" {100 * self.saved.mean:.1f} % [{100 * self.saved.low:.1f},"
            f" {100 * self.saved.high:.1f}] of the energy for as many;"
            f" foul {self.foul.mean:.3g} h, cold {self.cold.mean:.3g} h,"
            f" deaths {self.deaths.mean:.3g} %"
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
    watched: Callable[[Controller, str], Controller] = lambda who, _: who,
) -> Fronts:  # fmt: skip
    """Let both live through the same seasons, the policy at each weighing of the plan.

    `tuned` are sets of set-points of the stages, a row each; no price moves them. `watched` is told
    which front each of the two draws, and returns who steers in its place.
    """
    count, weighings = len(seasons(plan, weather)), plan.judging.front
    ours = front_of(plan, weather, watched(policy, "front of the policy"), weighings)
    fixed = watched(Held(np.repeat(tuned, count, axis=0)), "front of stages")
    theirs = front_of(plan, weather, fixed, weighings[:1] * len(tuned))
    return Fronts(policy=ours, tuned=theirs, beside=held_against(ours, theirs, chance))


def front_of(
    plan: Plan, weather: WeatherSeries, who: Controller, weighings: Sequence[Weighing]
) -> Front:
    """Let a controller steer the same seasons at each weighing, all side by side."""
    starts = [start for one in weighings for start in seasons(weighed(plan, one), weather)]
    came = live(plan, weather, starts, who).figures
    rows = {name: values.reshape(len(weighings), -1) for name, values in came.items()}
    return Front(
        energy=rows["electricity"] + rows["heat"],
        stress=rows["heat_stress"],
        foul=np.maximum(rows["co2_over"], rows["ammonia_over"]),
        cold=rows["cold"],
        deaths=rows["deaths"],
    )


def held_against(policy: Front, tuned: Front, chance: np.random.Generator) -> tuple[Beside, ...]:
    """Return the policy at each weighing; seasons are drawn anew for both alike (bootstrap)."""
    count = policy.stress.shape[1]
    every = np.arange(count)
    drawn = chance.integers(count, size=(RESAMPLES, count))
    ends = np.quantile([_better(policy, tuned, some) for some in drawn], (0.025, 0.975), axis=0)
    rival, means = _rival(policy, tuned, every), _better(policy, tuned, every)
    spared, saved = (
        [
            Interval(mean=float(mean), low=float(low), high=float(high))
            for mean, low, high in zip(means[part], *ends[:, part], strict=True)
        ]
        for part in range(2)
    )
    return tuple(
        Beside(
            energy=interval(policy.energy[at], chance),
            stress=interval(policy.stress[at], chance),
            rival=float(rival[0, at]),
            spared=spared[at],
            saved=saved[at],
            foul=interval(policy.foul[at], chance),
            cold=interval(policy.cold[at], chance),
            deaths=interval(policy.deaths[at], chance),
        )
        for at in range(len(spared))
    )


def left_at(taken: Floats, known_taken: Floats, known_left: Floats) -> Floats:
    """Return how much of one thing is left where no more than this may be taken of the other.

    Between two of the points that are known a keeper may do now the one, now the other. With less
    than any of them takes it is assumed that no more is left than with the least.
    """
    order = np.lexsort((known_left, known_taken))
    corners: list[tuple[float, float]] = []
    for x, y in zip(known_taken[order].tolist(), known_left[order].tolist(), strict=True):
        if corners and y >= corners[-1][1]:
            continue
        while len(corners) > 1 and _bulges(corners[-2], corners[-1], (x, y)):
            corners.pop()
        corners.append((x, y))
    xs, ys = zip(*corners, strict=True)
    found: Floats = np.interp(taken, xs, ys)
    return found


def _bulges(
    before: tuple[float, float], between: tuple[float, float], after: tuple[float, float]
) -> bool:
    """Return whether a point lies on or above the line of its neighbours."""
    run, rise = after[0] - before[0], after[1] - before[1]
    return (between[1] - before[1]) * run >= rise * (between[0] - before[0])


def _better(policy: Front, tuned: Front, some: NDArray[np.int64]) -> Floats:
    """Return the parts of the stages' hours and energy that the policy spares in these seasons."""
    ours = np.array([policy.stress[:, some].mean(axis=1), policy.energy[:, some].mean(axis=1)])
    rival = _rival(policy, tuned, some)
    # Where stages leave none there is nothing to spare.
    better: Floats = (rival - ours) / np.maximum(rival, 1e-9)
    return better


def _rival(policy: Front, tuned: Front, some: NDArray[np.int64]) -> Floats:
    """Return the stages' hours for the policy's energy, and their energy for its hours."""
    taken, left = tuned.energy[:, some].mean(axis=1), tuned.stress[:, some].mean(axis=1)
    hours = left_at(policy.energy[:, some].mean(axis=1), taken, left)
    energy = left_at(policy.stress[:, some].mean(axis=1), left, taken)
    return np.array([hours, energy])
