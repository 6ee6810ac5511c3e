"""Free ports for real processes."""

import socket


def free_port() -> int:
    """Return a port of the loopback interface that nobody holds now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
