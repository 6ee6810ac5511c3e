"""Does a request again whose transaction the database gave up so that another could go on."""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TRIES: Final = 3
"""So often a request is done before its caller is asked to come again."""
_MARK: Final = "given_up"
_REPEATABLE: Final = ("", "application/json")
"""What is sent in a form may be a photograph, which nobody keeps for a second time."""


def mark_given_up(scope: Scope) -> None:
    """Note that the database gave a request's transaction up, where doing it again may help."""
    scope.setdefault("state", {})[_MARK] = True


class Again:
    """Stands right before the routes; what was given up has left nothing in the database.

    Of a route of several transactions the first ones stay: they count what was tried.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] != "http" or _media_type(scope) not in _REPEATABLE:
            await self._app(scope, receive, send)
            return
        body = _Body(receive)
        for _ in range(TRIES - 1):
            if not await self._is_given_up(scope, body.receive, send):
                return
            # At once: whoever went on meanwhile holds what is waited for now.
            body.rewind()
        await self._app(scope, body.receive, send)

    async def _is_given_up(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Run it once, and send its answer unless it was given up."""
        scope.setdefault("state", {}).pop(_MARK, None)

        async def send_unless_given_up(message: Message) -> None:
            if _MARK not in scope["state"]:
                await send(message)

        await self._app(scope, receive, send_unless_given_up)
        return _MARK in scope["state"]


class _Body:
    """A body that can be read more than once; its size is limited further out."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._received: list[Message] = []
        self._at = 0

    async def receive(self) -> Message:
        """Return the next message: one of those that came already, or a new one."""
        if self._at == len(self._received):
            message = await self._receive()
            if message["type"] != "http.request":
                return message
            self._received.append(message)
        self._at += 1
        return self._received[self._at - 1]

    def rewind(self) -> None:
        """Begin anew."""
        self._at = 0


def _media_type(scope: Scope) -> str:
    return Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
