"""The line to one client: uvicorn's WebSocket, which also takes frames that are ready to go."""

from typing import Final, Protocol

from starlette.types import Scope
from typing_extensions import override
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

EXTENSION: Final = "tokkatot.line"


class Line(Protocol):
    """Where frames for one client go."""

    @property
    def waiting_bytes(self) -> int:
        """So much has been written that the client's side has not taken."""
        ...

    @property
    def is_full(self) -> bool:
        """More waits than a client that keeps up ever lets wait."""
        ...

    def take_heard(self) -> bool:
        """Tell whether the client has sent anything, if only a pong, since this was last asked."""
        ...

    def write(self, frames: bytes) -> None:
        """Write whole frames without waiting; a line that is closing takes nothing."""
        ...

    def abort(self) -> None:
        """Let go of the connection, with all that waits."""
        ...


class LineProtocol(WebSocketsSansIOProtocol, Line):
    """Hands itself to the application beside the usual messages.

    What thousands are told is made once and written from where it is known: no queue, no task and
    no copy for each of them.
    """

    _heard = True

    @override
    def data_received(self, data: bytes) -> None:
        self._heard = True
        super().data_received(data)

    @override
    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        # Nothing of it is read again, and the parser would keep it while the socket is open.
        event.headers.clear()
        if not self.close_sent:
            self.scope["extensions"][EXTENSION] = {"line": self}

    @property
    @override
    def waiting_bytes(self) -> int:
        return self.transport.get_write_buffer_size()

    @property
    @override
    def is_full(self) -> bool:
        return not self.writable.is_set()

    @override
    def take_heard(self) -> bool:
        heard, self._heard = self._heard, False
        return heard

    @override
    def write(self, frames: bytes) -> None:
        if not (self.close_sent or self.disconnected or self.transport.is_closing()):
            self.transport.write(frames)

    @override
    def abort(self) -> None:
        self.transport.abort()


def line_of(scope: Scope) -> Line:
    """Return the line of a socket of this server."""
    line = scope["extensions"][EXTENSION]["line"]
    assert isinstance(line, LineProtocol), "the server speaks by it"
    return line
