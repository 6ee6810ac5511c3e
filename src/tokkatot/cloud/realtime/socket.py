"""One socket of a person: what it may say, and what it is told."""

import asyncio
from typing import Annotated
from uuid import UUID

import msgspec
import psycopg
import structlog
from msgspec import Meta, Struct
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from typing_extensions import override

from tokkatot.cloud.accounts.caller import Caller, authenticate
from tokkatot.cloud.farms.access import farm_access
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.problems import Problem
from tokkatot.cloud.realtime.frames import error_frame
from tokkatot.cloud.realtime.line import Line, line_of
from tokkatot.cloud.realtime.service import (
    FARM_GONE,
    SESSION_ENDED,
    UNAVAILABLE,
    Full,
    Guest,
    Realtime,
)
from tokkatot.domain.ids import FarmId
from tokkatot.domain.people import Right

_log = structlog.get_logger(__name__)

PATH = "/v1/ws"
AUTH_WITHIN_S = 5.0
SEND_TIMEOUT_S = 10.0
SILENT_AFTER_S = 90.0
"""A client of which nothing comes for so long, though it is pinged, has gone."""
MAX_FRAME_CHARS = 4096
MAX_WAITING_BYTES = 2 * 1024 * 1024
"""More than a large farm's snapshot with all that is resumed at once."""
MAX_FARMS = 10

BAD_FRAME = 4400
TOO_SLOW = 4408
TOO_MANY = 4429

_CODES = {
    BAD_FRAME: "validation_failed",
    SESSION_ENDED: "session_ended",
    FARM_GONE: "not_found",
    TOO_SLOW: "too_slow",
    TOO_MANY: "rate_limited",
    UNAVAILABLE: "unavailable",
}


class Auth(Struct, frozen=True, tag="auth", forbid_unknown_fields=False):
    """The first frame."""

    token: Annotated[str, Meta(min_length=1, max_length=2048)]


class Subscribe(Struct, frozen=True, tag="subscribe"):
    """Show a farm, from a number on."""

    farm: UUID
    since: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None


class Unsubscribe(Struct, frozen=True, tag="unsubscribe"):
    """Show a farm no longer."""

    farm: UUID


class Pong(Struct, frozen=True, tag="pong"):
    """Still here."""


_decoder: msgspec.json.Decoder[Auth | Subscribe | Unsubscribe | Pong] = msgspec.json.Decoder(
    Auth | Subscribe | Unsubscribe | Pong
)


class Closed(Exception):
    """The socket is to be closed with this code."""

    def __init__(self, code: int, error: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.error = error or _CODES[code]


class PersonSocket(Guest):
    """Talks with one client, whose slowness holds up nobody else.

    What it is told is written by those who know it; this only listens, so that a process can hold
    thousands.
    """

    def __init__(
        self, websocket: WebSocket, line: Line, context: Context, realtime: Realtime
    ) -> None:
        self._websocket = websocket
        self._line = line
        self._context = context
        self._realtime = realtime
        self._talk = asyncio.timeout(None)
        self._ended: int | None = None
        self._heard_s = context.clock.monotonic()
        self._full_since_s: float | None = None
        self._caller: Caller | None = None
        self._farms: frozenset[FarmId] = frozenset()

    @property
    @override
    def caller(self) -> Caller:
        assert self._caller is not None, "a guest has said who they are"
        return self._caller

    @property
    @override
    def farms(self) -> frozenset[FarmId]:
        return self._farms

    @override
    def offer(self, frames: bytes) -> None:
        if self._ended is not None:
            return
        self._line.write(frames)
        if self._line.waiting_bytes > MAX_WAITING_BYTES:
            self.cut(TOO_SLOW)

    @override
    def beat(self, heartbeat: bytes, *, now_s: float) -> None:
        if self._line.take_heard():
            self._heard_s = now_s
        if not self._line.is_full:
            self._full_since_s = None
        elif self._full_since_s is None:
            self._full_since_s = now_s
        stuck_s = 0 if self._full_since_s is None else now_s - self._full_since_s
        if stuck_s >= SEND_TIMEOUT_S or now_s - self._heard_s >= SILENT_AFTER_S:
            self.cut(TOO_SLOW)
        self.offer(heartbeat)

    @override
    def cut(self, code: int) -> None:
        if self._ended is None:
            self._ended = code
            # Now: the time that it may take is over.
            self._talk.reschedule(0)

    async def run(self) -> None:
        """Serve until either side ends it."""
        await self._websocket.accept()
        try:
            async with self._talk:
                await self._enter()
                await self._listen()
        except TimeoutError:
            assert self._ended is not None, "whoever ends it says why"
            await self._close(Closed(self._ended))
        except Closed as closed:
            self._ended = closed.code
            await self._close(closed)
        except WebSocketDisconnect as gone:
            self._ended = gone.code
        finally:
            if self._caller is not None:
                self._realtime.exit(self)

    async def _enter(self) -> None:
        if not self._realtime.running:
            raise Closed(UNAVAILABLE)
        self._caller = await self._authenticated()
        try:
            self._realtime.enter(self)
        except Full:
            raise Closed(TOO_MANY) from None

    async def _authenticated(self) -> Caller:
        try:
            async with asyncio.timeout(AUTH_WITHIN_S):
                frame = await self._receive()
        except TimeoutError:
            raise Closed(SESSION_ENDED, "unauthenticated") from None
        if not isinstance(frame, Auth):
            raise Closed(SESSION_ENDED, "unauthenticated")
        try:
            async with self._context.database.transaction() as tx:
                return await authenticate(tx, self._context.tokens, frame.token)
        except Problem as problem:
            raise Closed(SESSION_ENDED, problem.code) from None
        except (SQLAlchemyError, psycopg.Error, OSError, TimeoutError):
            raise Closed(UNAVAILABLE) from None

    async def _listen(self) -> None:
        while True:
            frame = await self._receive()
            match frame:
                case Subscribe():
                    await self._subscribe(FarmId(frame.farm), frame.since)
                case Unsubscribe():
                    self._unsubscribe(FarmId(frame.farm))
                case Pong():
                    pass
                case Auth():
                    raise Closed(BAD_FRAME)

    async def _receive(self) -> Auth | Subscribe | Unsubscribe | Pong:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        said = message.get("text")
        if said is None or len(said) > MAX_FRAME_CHARS:
            raise Closed(BAD_FRAME)
        try:
            return _decoder.decode(said)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            raise Closed(BAD_FRAME) from None

    async def _subscribe(self, farm_id: FarmId, since: int | None) -> None:
        if farm_id not in self._farms and len(self._farms) >= MAX_FARMS:
            raise Closed(TOO_MANY)
        try:
            async with self._context.database.transaction() as tx:
                await farm_access(tx, self.caller, farm_id, Right.SEE)
            # Named first: the check of who may still look covers it from here on.
            self._farms |= {farm_id}
            await self._realtime.subscribe(self, farm_id, since=since)
        except Problem as problem:
            raise Closed(FARM_GONE, problem.code) from None
        except (SQLAlchemyError, psycopg.Error, OSError, TimeoutError):
            raise Closed(UNAVAILABLE) from None

    def _unsubscribe(self, farm_id: FarmId) -> None:
        if farm_id in self._farms:
            self._farms -= {farm_id}
            self._realtime.unsubscribe(self, farm_id)

    async def _close(self, closed: Closed) -> None:
        """Say why and close, as far as the client still listens."""
        if self._websocket.client_state is not WebSocketState.CONNECTED:
            return
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                if closed.code != TOO_SLOW:
                    await self._websocket.send_json(error_frame(closed.error))
                await self._websocket.close(closed.code, closed.error)
        except TimeoutError:
            self._line.abort()
        except (WebSocketDisconnect, RuntimeError):
            _log.debug("realtime.gone_before_close", code=closed.code)


class PersonSockets:
    """Serves the sockets of people before the layers and routes that are made for requests.

    Each of those would stay on the stack of each socket for as long as it is open: 10 KiB of them.
    """

    def __init__(self, app: ASGIApp, *, context: Context, realtime: Realtime) -> None:
        self._app = app
        self._context = context
        self._realtime = realtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket, or pass a request on."""
        if scope["type"] != "websocket" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        # Some kilobytes of a browser, which nobody reads again.
        scope["headers"] = []
        websocket = WebSocket(scope, receive, send)
        await PersonSocket(websocket, line_of(scope), self._context, self._realtime).run()
