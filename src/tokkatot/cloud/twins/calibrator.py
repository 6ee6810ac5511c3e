"""The program that fits a twin to what its house went through."""

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from tokkatot.climate.physics.known import COOPS
from tokkatot.cloud.jobs.program import Refused, Tell, answer_task
from tokkatot.cloud.jobs.reasons import Reason
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.twins.built import Twin, coop_built, greenhouse_built

if TYPE_CHECKING:
    from tokkatot.climate.calibrate.subjects import CoopSubject, GreenhouseSubject

MEMORY_BYTES: Final = 4 * 1024 * 1024 * 1024
"""Of addresses: what compiles the equations reserves far more than it uses."""
PROCESSOR_S: Final = 900
_READ: Final = 0.05
_FITTED: Final = 0.95


class Task(Struct, frozen=True, kw_only=True):
    """A house as it is built, what it went through, and which parameters are asked for."""

    twin: Twin
    lines: list[str]
    fit: list[str] | None


def fit(encoded: bytes, tell: Tell) -> JsonObject:
    """Return the card of a fit, and what its parameters were before.

    Raises:
        Refused: where the records can't tell, or this server lacks what reckons it.
    """
    task = msgspec.msgpack.decode(encoded, type=Task)
    try:
        # Here, since the cloud itself needs neither numba nor SciPy.
        from tokkatot.climate.calibrate.card import written_card  # noqa: PLC0415
        from tokkatot.climate.calibrate.findings import NotIdentified  # noqa: PLC0415
        from tokkatot.climate.calibrate.fit import calibrate  # noqa: PLC0415
        from tokkatot.climate.calibrate.recording import read_recording  # noqa: PLC0415
        from tokkatot.climate.weather.cells import FileRefused  # noqa: PLC0415

        subject = subject_of(task.twin)
    except ImportError as missing:
        raise lacks(missing) from missing
    try:
        recording = read_recording(task.lines, subject.controls, subject.known)
        tell(_READ)
        found = calibrate(
            recording,
            subject,
            task.fit,
            lambda done, most: tell(_READ + (_FITTED - _READ) * done / most),
        )
    except FileRefused as refused:
        raise Refused(str(refused), Reason("unreadable")) from refused
    except NotIdentified as refused:
        raise Refused(str(refused), Reason(refused.why, dict(refused.values))) from refused
    return {
        "card": msgspec.json.decode(written_card(task.twin.house, found)),
        "before": {each.knob.name: each.before for each in found.estimates},
    }


def subject_of(twin: Twin) -> "CoopSubject | GreenhouseSubject":
    """Return a house that can live through a recording.

    Raises:
        ImportError: where this server lacks what reckons it.
    """
    from tokkatot.climate.calibrate.subjects import (  # noqa: PLC0415
        CoopSubject,
        GreenhouseSubject,
    )

    if twin.house in COOPS:
        return CoopSubject(*coop_built(twin))
    return GreenhouseSubject(*greenhouse_built(twin))


def lacks(missing: ImportError) -> Refused:
    """Return how a server without what reckons twins refuses."""
    return Refused(
        f"This server lacks the extra `climate`: {missing.name}.",
        Reason("server_lacks", {"extra": "climate"}),
    )


if __name__ == "__main__":
    answer_task(fit, memory_bytes=MEMORY_BYTES, processor_s=PROCESSOR_S)
