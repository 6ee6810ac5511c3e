"""The program that lets a flock or a crop grow on under its house's rules."""

from typing import Final

import msgspec
from msgspec import Struct

from tokkatot.climate.env.growing import grown
from tokkatot.climate.env.what_if import Stretch
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.cloud.jobs.program import Tell, answer_task
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.twins.built import Twin
from tokkatot.cloud.twins.simulator import Begun, Points, house_of
from tokkatot.domain.houses import SetPoints

MEMORY_BYTES: Final = 512 * 1024 * 1024
PROCESSOR_S: Final = 300


class Task(Struct, frozen=True, kw_only=True):
    """A house, and hour by hour its weather, the time of day and its set-points."""

    twin: Twin
    begun: Begun
    weather: list[Outdoor]
    hours: list[float]
    points: list[Points]
    told_after: list[int]
    """After so many hours it is told how far they have grown."""


def grow(encoded: bytes, tell: Tell) -> JsonObject:
    """Return how far the birds or the plants of a house have grown by then."""
    task = msgspec.msgpack.decode(encoded, type=Task)
    house = house_of(task.twin, task.begun, ground_c=task.weather[0].ground_c)
    rows = zip(task.weather, task.hours, task.points, strict=True)
    stretches = [
        Stretch(
            outdoor=outdoor,
            hour=hour,
            points=SetPoints(
                temperature_min_c=least_c,
                temperature_max_c=most_c,
                temperature_hard_max_c=hard_c,
            ),
        )
        for outdoor, hour, (least_c, most_c, hard_c) in rows
    ]
    return {"told": list(grown(house, stretches, frozenset(task.told_after), tell))}


if __name__ == "__main__":
    answer_task(grow, memory_bytes=MEMORY_BYTES, processor_s=PROCESSOR_S)
