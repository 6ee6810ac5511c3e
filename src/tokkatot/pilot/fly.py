"""The policies' process of a hub: one `Asked` a line comes in, one `Decided` a line goes out.

It lives beside the hub, for its twins remember, and ends with it. Whatever a policy does to it, it
is this process alone that suffers: set-points that it no longer renews lapse.
"""

import signal
import sys
from typing import Final

import msgspec

from tokkatot.child.limits import hold_back
from tokkatot.wire.autopilot import MAX_ASKED_BYTES, Asked

MEMORY_BYTES: Final = 1024 * 1024 * 1024
"""Of address space; what is really used is a tenth of it."""
WITHIN_S: Final = 60
"""A decision that takes longer never ends."""


def main() -> int:
    """Decide until the hub hangs up."""
    hold_back(memory_bytes=MEMORY_BYTES)
    # Only now: the limits hold for what NumPy and the runtime take while they are loaded.
    from tokkatot.pilot.cockpit import Cockpit  # noqa: PLC0415

    cockpit = Cockpit()
    while line := sys.stdin.buffer.readline(MAX_ASKED_BYTES):
        signal.alarm(WITHIN_S)
        decided = cockpit.decide(msgspec.json.decode(line, type=Asked))
        signal.alarm(0)
        sys.stdout.buffer.write(msgspec.json.encode(decided) + b"\n")
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
