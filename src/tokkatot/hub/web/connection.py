"""One connection to the page, ended where it takes too long or its address holds too many."""

import asyncio
from typing import Any, Final

import h11
from typing_extensions import override
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from tokkatot.hub.web.guard import LOOPBACK

MAX_CONNECTIONS: Final = 64
MAX_OF_ADDRESS: Final = 16
"""A phone's browser opens six, and a socket for each tab."""

ASKED_WITHIN_S: Final = 10.0
"""A request's head is here within this, from the connection's begin or the answer before it."""

ANSWERED_WITHIN_S: Final = 60.0
"""The whole app over a Wi-Fi as slow as an old telephone line."""

_LOOK_EVERY_S: Final = 5.0


class PatientConnection(H11Protocol):
    """What uvicorn does, but not for ever: who is slow on purpose would else keep others out."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._since_s = self.loop.time()
        self._watch: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        address = None if self.client is None else self.client[0]
        too_many = address not in LOOPBACK and self._held_by(address) > MAX_OF_ADDRESS
        if too_many or len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
        else:
            self._look()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    @override
    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._unwatch()  # a socket has limits of its own
        super().handle_websocket_upgrade(event)

    @override
    def on_response_complete(self) -> None:
        self._since_s = self.loop.time()
        super().on_response_complete()

    def _held_by(self, address: str | None) -> int:
        clients = [
            one.client
            for one in self.connections
            if isinstance(one, (H11Protocol, WebSocketsSansIOProtocol))
        ]
        return sum(client is not None and client[0] == address for client in clients)

    def _look(self) -> None:
        begun = self.cycle is not None
        answering = begun and not self.cycle.response_complete
        limit_s = ANSWERED_WITHIN_S if answering else ASKED_WITHIN_S
        if self.loop.time() - self._since_s > limit_s:
            self.transport.abort()
        else:
            self._watch = self.loop.call_later(_LOOK_EVERY_S, self._look)

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
