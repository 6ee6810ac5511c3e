"""Lets controllers live through the same seasons and says how they differ, with 95 % intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tokkatot.climate.control.twins import CoopLimits
from tokkatot.climate.env.batches import Batch, BenchmarkTomatoes, Flocks, Lettuces, Tomatoes
from tokkatot.climate.judge.controllers import Controller
from tokkatot.climate.judge.limits import limits_of
from tokkatot.climate.kernel import Floats, numbers
from tokkatot.climate.physics.units import DAY_S, HOUR_S, JOULES_A_KWH
from tokkatot.climate.plan import Plan, batch_of, kind_of
from tokkatot.climate.policy.card import Figure, HeldOut, House, Interval, WeatherSeen, inputs_of
from tokkatot.climate.weather.series import WeatherSeries

RESAMPLES = 10_000
ALLOWED = CoopLimits()

UNITS = {
    "worth": "EUR/m2", "electricity": "kWh/m2", "heat": "kWh/m2", "heat_stress": "h",
    "co2_over": "h", "ammonia_over": "h", "cold": "h", "deaths": "%", "bird": "kg", "fruit": "g/m2",
    "co2_fed": "kg/m2", "dry_weight": "g/m2", "profit": "EUR/m2",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What came of one controller: a number a season, and the first season step by step."""

    figures: Mapping[str, Floats]
    parts: Mapping[str, float]
    """Mean of what the parts came to, euros a m²."""
    seen: Floats
    """Of the first season: a row a step, in the order of a policy's inputs."""
    steered: Floats
    """The same of its actuators."""
    actuators: tuple[str, ...]
    """What those are called, in order."""
    beyond: Mapping[str, Floats]
    """Of the first season: hours of each day in which it was beyond each limit, or in stress."""


def seasons(plan: Plan, weather: WeatherSeries) -> list[Any]:
    """Return how the seasons begin that all controllers live through."""
    draw = batch_of(plan, [weather], 1).draw
    every = draw.seasons.all()
    chosen = np.unique(np.linspace(0, len(every) - 1, plan.judging.seasons).round().astype(int))
    return [
        draw.begun(every[at], np.random.default_rng((plan.seed, number)))
        for number, at in enumerate(chosen)
    ]


def live(plan: Plan, weather: WeatherSeries, starts: Sequence[Any], who: Controller) -> Lived:
    """Let a controller steer all these seasons side by side."""
    batch = batch_of(plan, [weather], len(starts))
    for house, start in enumerate(starts):
        batch.plant(house, start)
    parts = np.zeros((batch.houses, len(batch.parts)))
    over = np.zeros((batch.houses, 3))
    rows, steered, stress_h = [], [], [0.0]
    for _ in range(batch.steps):
        parts += batch.live(who.decide(batch))
        told = batch.told()
        rows.append(told[0])
        steered.append(numbers(batch.controls)[0].copy())
        if isinstance(batch, Flocks):
            stress_h.append(float(batch.books["heat_stress_h"][0]))
            ends = (ALLOWED.co2_ppm, ALLOWED.ammonia_ppm, ALLOWED.cold_under_k)
            over += told[:, 2:5] * (1.0, 1.0, -1.0) > ends
    figures = {"worth": batch.worth(parts), **_figures(batch, over * batch.step_s / HOUR_S)}
    if isinstance(batch, BenchmarkTomatoes):
        # Its penalties are no money that anybody pays.
        figures["profit"] = figures["worth"] - parts[:, batch.parts.index("climate")]
    means = dict(zip(batch.parts, map(float, parts.mean(axis=0)), strict=True))
    seen = np.array(rows)
    return Lived(
        figures=figures,
        parts=means,
        seen=seen,
        steered=np.array(steered),
        actuators=batch.controls.dtype.names or (),
        beyond=_beyond(kind_of(plan), seen, np.diff(stress_h), batch.step_s),
    )


def _beyond(house: House, seen: Floats, stress_h: Floats, step_s: float) -> dict[str, Floats]:
    """Return hours of each day beyond each limit, from what was seen and stress step by step."""
    names = [field.name for field in inputs_of(house)]
    hours = {
        name: limit.is_left(seen[:, names.index(name)]) * step_s / HOUR_S
        for name, limit in limits_of(house).items()
    }
    if house is House.COOP:
        hours["heat_stress"] = stress_h
    days = np.arange(0, len(seen), round(DAY_S / step_s))
    return {name: np.add.reduceat(each, days) for name, each in hours.items()}


def compared(
    weather: WeatherSeen, lived: Mapping[str, Lived], chance: np.random.Generator
) -> HeldOut:
    """Return every figure of every controller; a rival's beside what it has more than the policy.

    Seasons are drawn anew ten thousand times (bootstrap); differences are taken season by season.
    """
    policy = lived["policy"].figures
    figures = tuple(
        Figure(
            controller=who,
            name=name,
            unit=UNITS[name],
            value=interval(values, chance),
            less_policy=None if who == "policy" else interval(values - policy[name], chance),
        )
        for who, came in lived.items()
        for name, values in came.figures.items()
    )
    return HeldOut(weather=weather, seasons=len(policy["worth"]), figures=figures)


def interval(values: Floats, chance: np.random.Generator) -> Interval:
    """Return a mean and the ends that hold it 95 times in 100."""
    drawn = chance.integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), (0.025, 0.975))
    return Interval(mean=float(values.mean()), low=float(low), high=float(high))


def _figures(batch: Batch[Any], over_h: Floats) -> dict[str, Floats]:
    match batch:
        case Flocks():
            books, states, floor = batch.books, batch.states, batch.floor_m2
            begun = states["birds"] + books["deaths"]
            return {
                "electricity": books["electricity_j"] / JOULES_A_KWH / floor,
                "heat": books["heaters_j"] / JOULES_A_KWH / floor,
                "heat_stress": books["heat_stress_h"].copy(),
                "co2_over": over_h[:, 0],
                "ammonia_over": over_h[:, 1],
                "cold": over_h[:, 2],
                "deaths": 100.0 * books["deaths"] / begun,
                "bird": states["bird_kg"].copy(),
            }
        case Tomatoes() | BenchmarkTomatoes():
            books, states = batch.books, batch.states
            fruit = states["fruit_mg_m2"] + books["fruit_harvested_mg"]
            return {
                "electricity": books["lamps_j"] / JOULES_A_KWH,
                "heat": books["boiler_j"] / JOULES_A_KWH,
                "co2_fed": 1e-6 * books["dosed_mg"],
                "fruit": 1e-3 * fruit,
            }
        case Lettuces():
            return {"dry_weight": 1e3 * batch.states["dry_weight_kg_m2"]}
        case _:
            raise AssertionError(type(batch))
