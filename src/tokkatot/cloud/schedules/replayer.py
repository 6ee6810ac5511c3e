"""A process of its own that leads the engine through recorded history, so that no request waits."""

import os
import resource
import sys
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from tokkatot.automation.preview import Preview, preview
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quality, Quantity
from tokkatot.domain.readings import Reading

CPU_LIMIT_S: Final = 30
MEMORY_LIMIT_BYTES: Final = 1 << 30
OUT_OF_MEMORY: Final = 3
"""The exit status that says so."""
_NICENESS = 10


class Task(Struct, frozen=True, kw_only=True):
    """What is to be led through what; a point is (which series, time in ms, value), by time."""

    document: DesiredDocument
    series: tuple[tuple[DeviceId, Quantity], ...]
    points: list[tuple[int, int, float]]
    from_ms: int
    through_ms: int
    step_s: float

    def history(self) -> Iterator[Reading]:
        """Yield the points as readings."""
        for index, t_ms, value in self.points:
            device_id, quantity = self.series[index]
            yield Reading(
                device_id=device_id,
                quantity=quantity,
                t_ms=t_ms,
                value=value,
                quality=Quality.GOOD,
            )


def replay(task: Task) -> Preview:
    """Return what the task's automation would have done."""
    return preview(
        task.document,
        task.history(),
        from_ms=task.from_ms,
        through_ms=task.through_ms,
        step_s=task.step_s,
    )


def main() -> None:
    """Answer the one task on standard input."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    os.nice(_NICENESS)
    try:
        task = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Task)
        answer = msgspec.msgpack.encode(replay(task))
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
    sys.stdout.buffer.write(answer)


if __name__ == "__main__":
    main()
