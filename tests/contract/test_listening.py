"""Whoever answers over HTTP waits for no acknowledgement between two packets."""

import socket
from collections.abc import Callable

import pytest

from tokkatot.cloud import main as cloud
from tokkatot.hub import lan


@pytest.mark.parametrize("listen_on", [cloud.listen_on, lan.listen_on], ids=["cloud", "hub"])
def test_what_is_accepted_sends_at_once(listen_on: Callable[[str, int], socket.socket]) -> None:
    with (
        listen_on("127.0.0.1", 0) as listening,
        socket.create_connection(listening.getsockname()),
    ):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
