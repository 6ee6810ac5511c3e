"""Free ports for real processes."""

import os
import socket
from itertools import count
from typing import Final

_FIRST: Final = 20_000
_PER_WORKER: Final = 1_500
"""Eight workers have room below 32,768, where systems begin to give ports to whoever asks."""
_NAME = os.environ.get("PYTEST_XDIST_WORKER", "gw0")  # noqa: TID251 - pytest tells it there alone
_WORKER: Final = int(_NAME.removeprefix("gw")) % 8
_tried = count(os.getpid())


def free_port() -> int:
    """Return a port of the loopback interface that nobody holds now.

    Nobody else gets it until its process holds it: each worker has ports of its own, none of them
    those that connections come from, and takes another each time.

    Raises:
        OSError: where all of them are held.
    """
    for _ in range(_PER_WORKER):
        port = _FIRST + _WORKER * _PER_WORKER + next(_tried) % _PER_WORKER
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise OSError("no port is free")
