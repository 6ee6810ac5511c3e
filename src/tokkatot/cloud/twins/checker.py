"""The program that tells how far a fitted twin is off what its house went through."""

from typing import Final

import msgspec
from msgspec import Struct

from tokkatot.cloud.jobs.program import Refused, Tell, answer_task
from tokkatot.cloud.jobs.reasons import Reason
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.twins.built import Twin
from tokkatot.cloud.twins.calibrator import MEMORY_BYTES, lacks, subject_of

PROCESSOR_S: Final = 120


class Task(Struct, frozen=True, kw_only=True):
    """A fitted house, and what it went through."""

    twin: Twin
    lines: list[str]
    judged_from: int
    """The first row that counts; before it the twin finds in. From it on some are measured."""


def check(encoded: bytes, _tell: Tell) -> JsonObject:
    """Return how far the air was off (`off_k`, root mean square), and its mean (`air_c`).

    Raises:
        Refused: where the record can't be, or this server lacks what reckons it.
    """
    task = msgspec.msgpack.decode(encoded, type=Task)
    try:
        # Here, since the cloud itself needs no numba.
        import numpy as np  # noqa: PLC0415

        from tokkatot.climate.calibrate.recording import (  # noqa: PLC0415
            READINGS,
            read_recording,
        )
        from tokkatot.climate.weather.cells import FileRefused  # noqa: PLC0415

        subject = subject_of(task.twin)
    except ImportError as missing:
        raise lacks(missing) from missing
    try:
        recording = read_recording(task.lines, subject.controls, subject.known)
    except FileRefused as refused:
        raise Refused(str(refused), Reason("unreadable")) from refused
    column = READINGS.index("air_c")
    lived = subject.lived(recording, [], np.empty((1, 0)))[0][task.judged_from :, column]
    measured = recording.readings[task.judged_from :, column]
    there = np.isfinite(measured)
    off = (lived - measured)[there]
    return {"off_k": float(np.sqrt(np.mean(off**2))), "air_c": float(lived[there].mean())}


if __name__ == "__main__":
    answer_task(check, memory_bytes=MEMORY_BYTES, processor_s=PROCESSOR_S)
