"""The program that lets a twin live through weather, under one or several sets of set-points."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from tokkatot.climate.control.held import FANS
from tokkatot.climate.control.shield import Climate
from tokkatot.climate.env.what_if import (
    STEP_S,
    CoopUnderRules,
    GreenhouseUnderRules,
    Story,
    Stretch,
    between,
    live_through,
)
from tokkatot.climate.physics.air import vpd_kpa
from tokkatot.climate.physics.greenhouse import houses as greenhouses
from tokkatot.climate.physics.known import COOPS
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.poultry import houses as coops
from tokkatot.climate.physics.units import HOUR_S
from tokkatot.cloud.jobs.program import Tell, answer_task
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.twins.built import Twin, coop_built, greenhouse_built
from tokkatot.domain.houses import SetPoints

MEMORY_BYTES: Final = 512 * 1024 * 1024
PROCESSOR_S: Final = 120
MOST_ROWS: Final = 300
"""Of what is shown of each plan; an average stands for several steps."""


class Begun(Struct, frozen=True, kw_only=True):
    """What the air of a house was like at the beginning."""

    air_c: float
    humidity_pct: float
    co2_ppm: float


Points = tuple[float, float, float]
"""The least, the most, and the hard limit of a house's temperature."""


class Task(Struct, frozen=True, kw_only=True):
    """A house, weather row by row, and for each plan the set-points of each row."""

    twin: Twin
    begun: Begun
    period_s: float
    weather: list[Outdoor]
    hours: list[float]
    """Of the day, at the beginning of each row."""
    plans: dict[str, list[Points]]
    shares: dict[str, list[float]] = {}
    """Of plans that let fans rest: in each row, the least part of them that runs between points."""
    fans: int = FANS
    """How many of them the house has."""


def rows_every(task: Task) -> int:
    """Return for how many steps one row of what is shown stands."""
    return -(-_steps(task) // MOST_ROWS)


def simulate(encoded: bytes, tell: Tell) -> JsonObject:
    """Return how a house would fare under each plan."""
    task = msgspec.msgpack.decode(encoded, type=Task)
    stories: JsonObject = {}
    for number, (name, points) in enumerate(task.plans.items()):
        story = live_through(
            house_of(task.twin, task.begun, ground_c=task.weather[0].ground_c, fans=task.fans),
            _stretches(task, points, task.shares.get(name, [1.0] * len(points))),
            _part(tell, number, len(task.plans)),
        )
        stories[name] = _shown(story, rows_every(task))
    return stories


def _part(tell: Tell, number: int, of: int) -> Tell:
    def told(done: float) -> None:
        tell((number + done) / of)

    return told


def house_of(
    twin: Twin, begun: Begun, *, ground_c: float, fans: int = FANS
) -> CoopUnderRules | GreenhouseUnderRules:
    """Return a house in this air, to be lived through."""
    if twin.house in COOPS:
        built, flock = coop_built(twin)
        return CoopUnderRules(
            coops.settled(
                flock,
                air_c=begun.air_c,
                humidity_pct=begun.humidity_pct,
                co2_ppm=begun.co2_ppm,
            ),
            built,
            fans=fans,
        )
    glass, crop = greenhouse_built(twin)
    return GreenhouseUnderRules(
        greenhouses.settled(
            crop,
            air_c=begun.air_c,
            humidity_pct=begun.humidity_pct,
            co2_ppm=begun.co2_ppm,
            ground_c=ground_c,
        ),
        glass,
        fans_w=twin.fans_w,
    )


def _steps(task: Task) -> int:
    return round(len(task.weather) * task.period_s / STEP_S)


def _stretches(task: Task, points: Sequence[Points], shares: Sequence[float]) -> Sequence[Stretch]:
    """Return each step's weather between the rows, and the set-points of the row it is in."""
    found = []
    for step in range(_steps(task)):
        place = step * STEP_S / task.period_s
        row = int(place)
        since_h = (place - row) * task.period_s / HOUR_S
        least_c, most_c, hard_c = points[row]
        found.append(
            Stretch(
                outdoor=between(task.weather, place),
                hour=(task.hours[row] + since_h) % 24.0,
                points=SetPoints(
                    temperature_min_c=least_c,
                    temperature_max_c=most_c,
                    temperature_hard_max_c=hard_c,
                ),
                fan_share=shares[row],
            )
        )
    return found


def _shown(story: Story, every: int) -> JsonObject:
    groups = [story.rows[at : at + every] for at in range(0, len(story.rows), every)]
    air = [row.air_c for row in story.rows]
    return {
        "air_c": [_mean(group, 0, 2) for group in groups],
        "humidity_pct": [_mean(group, 1, 1) for group in groups],
        "co2_ppm": [_mean(group, 2, 0) for group in groups],
        "vpd_kpa": [_vpd_kpa(group) for group in groups],
        "air_min_c": round(min(air), 2),
        "air_max_c": round(max(air), 2),
        "hours_too_hot": round(story.hours_too_hot, 2),
        "hours_too_cold": round(story.hours_too_cold, 2),
        "heat_stress_h": None if story.heat_stress_h is None else round(story.heat_stress_h, 2),
        "electricity_kwh": round(story.spent.electricity_kwh, 3),
        "heat_kwh": round(story.spent.heat_kwh, 3),
        "electricity_by_hour_kwh": [round(one.electricity_kwh, 6) for one in story.by_hour],
        "heat_by_hour_kwh": [round(one.heat_kwh, 6) for one in story.by_hour],
    }


def _mean(rows: Sequence[Climate], column: int, digits: int) -> float:
    return round(sum(row[column] for row in rows) / len(rows), digits)


def _vpd_kpa(rows: Sequence[Climate]) -> float:
    return round(sum(vpd_kpa(row.air_c, row.humidity_pct) for row in rows) / len(rows), 3)


if __name__ == "__main__":
    answer_task(simulate, memory_bytes=MEMORY_BYTES, processor_s=PROCESSOR_S)
