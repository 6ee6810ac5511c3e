"""The models' process of a hub: takes some photographs, judges them, and ends.

It is started for each round of photographs, reads `Looks` from its input and writes one `Looked` a
line. Whatever a picture does to it, it is this process alone that suffers.
"""

import signal
import sys
from typing import Final

import msgspec

from tokkatot.child.limits import hold_back
from tokkatot.kit.clock import SystemClock
from tokkatot.wire.pictures import Looked, Looks

MEMORY_BYTES: Final = 1024 * 1024 * 1024
"""Of address space; what is really used is a tenth of it."""
PROCESSOR_S: Final = 60
LIVES_S: Final = 120
"""However the hub ends: nobody has to end this one."""
REQUEST_BYTES: Final = 64 * 1024


def main() -> int:
    """Do one round."""
    hold_back(memory_bytes=MEMORY_BYTES, processor_s=PROCESSOR_S)
    signal.alarm(LIVES_S)
    asked = msgspec.json.decode(sys.stdin.buffer.read(REQUEST_BYTES), type=Looks)
    # Only now: the limits hold for what NumPy and the runtime take while they are loaded.
    from tokkatot.detector.seeing import Seeing  # noqa: PLC0415
    from tokkatot.vision.detect.ensemble import ModelRefused  # noqa: PLC0415

    try:
        seeing = Seeing.open(asked, SystemClock())
    except ModelRefused as refusal:
        for look in asked.looks:
            _answer(Looked(id=look.id, trouble=str(refusal)))
        return 0
    for look in asked.looks:
        _answer(seeing.look(look))
    return 0


def _answer(looked: Looked) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(looked) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
