"""The models' process of a hub: takes some photographs, judges them, and ends.

It is started for each round of photographs, reads `Looks` from its input and writes one `Looked` a
line. Whatever a picture does to it, it is this process alone that suffers.
"""

import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from tokkatot.wire.pictures import Looked, Looks

MEMORY_BYTES: Final = 1024 * 1024 * 1024
"""Of address space; what is really used is a tenth of it."""
PROCESSOR_S: Final = 60
LIVES_S: Final = 120
"""However the hub ends: nobody has to end this one."""
REQUEST_BYTES: Final = 64 * 1024
NICEST: Final = 19
FIRST_TO_GO: Final = "1000"
"""What the kernel's killer is told, where memory runs out."""


def main() -> int:
    """Do one round."""
    hold_back()
    asked = msgspec.json.decode(sys.stdin.buffer.read(REQUEST_BYTES), type=Looks)
    # Only now: the limits hold for what NumPy and the runtime take while they are loaded.
    from tokkatot.detector.seeing import Seeing  # noqa: PLC0415
    from tokkatot.vision.detect.ensemble import ModelRefused  # noqa: PLC0415

    try:
        seeing = Seeing.open(asked)
    except ModelRefused as refusal:
        for look in asked.looks:
            _answer(Looked(id=look.id, trouble=str(refusal)))
        return 0
    for look in asked.looks:
        _answer(seeing.look(look))
    return 0


def hold_back() -> None:
    """Limit what this process may take, before anything large is loaded."""
    # NumPy's library would keep memory and a thread ready for every processor.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, PROCESSOR_S),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (allowed, allowed))
    os.nice(NICEST)
    with suppress(OSError):  # no Linux, or not ours to say
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO)
    signal.alarm(LIVES_S)


def _answer(looked: Looked) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(looked) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
