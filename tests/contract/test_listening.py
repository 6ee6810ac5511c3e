"""Whoever answers over HTTP listens where it is told, and waits for nothing between two packets."""

import socket

import pytest

from tokkatot.webapp.listening import listen_on


@pytest.mark.parametrize(
    ("host", "caller"), [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::", "127.0.0.1")]
)
def test_what_is_accepted_sends_at_once(host: str, caller: str) -> None:
    with (
        listen_on(host, 0) as listening,
        socket.create_connection((caller, listening.getsockname()[1])),
    ):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
