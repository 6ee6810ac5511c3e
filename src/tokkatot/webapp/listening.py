"""A port that web servers listen on."""

import socket


def listen_on(host: str, port: int, *, backlog: int | None = None) -> socket.socket:
    """Return a socket that listens; on every address of either kind where the host is `::`.

    Raises:
        OSError: when somebody else listens there, or we may not.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    every = host == "::" and socket.has_dualstack_ipv6()
    listening = socket.create_server(
        (host, port), family=family, backlog=backlog, dualstack_ipv6=every
    )
    # What is accepted here has it too; else an answer of two packets waits 40 ms for an ACK.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
