"""One socket of a person: what it may say, and what it is told."""

import asyncio
from typing import Annotated
from uuid import UUID

import msgspec
import psycopg
import structlog
from msgspec import Meta, Struct
from sqlalchemy.exc import SQLAlchemyError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from typing_extensions import override

from tokkatot.cloud.accounts.caller import Caller, authenticate
from tokkatot.cloud.farms.access import farm_access
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.problems import Problem
from tokkatot.cloud.realtime.frames import encoded, error_frame, heartbeat_frame
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
from tokkatot.kit.queue import BoundedQueue

_log = structlog.get_logger(__name__)

AUTH_WITHIN_S = 5.0
HEARTBEAT_S = 3.0
SEND_TIMEOUT_S = 10.0
SILENT_AFTER_S = 90.0
"""A client that says nothing for so long, not even pong, has gone."""
MAX_FRAME_CHARS = 4096
MAX_QUEUED = 512
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
    since: Annotated[int, Meta(ge=0)] | None = None


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
    """Talks with one client, whose slowness holds up nobody else."""

    def __init__(self, websocket: WebSocket, context: Context, realtime: Realtime) -> None:
        self._websocket = websocket
        self._context = context
        self._realtime = realtime
        self._queue: BoundedQueue[str] = BoundedQueue(MAX_QUEUED)
        self._end: asyncio.Future[int] = asyncio.get_running_loop().create_future()
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
    def offer(self, text: str) -> None:
        if not self._queue.offer(text):
            self.cut(TOO_SLOW)

    @override
    def cut(self, code: int) -> None:
        if not self._end.done():
            self._end.set_result(code)

    async def run(self) -> None:
        """Serve until either side ends it."""
        await self._websocket.accept()
        try:
            await self._enter()
            await self._converse()
        except Closed as closed:
            await self._close(closed)
        except WebSocketDisconnect:
            pass
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

    async def _converse(self) -> None:
        """Read, write and wait for the end, whichever comes first."""
        tasks = [
            asyncio.create_task(self._read()),
            asyncio.create_task(self._write()),
            asyncio.create_task(self._wait_for_end()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in done:
            task.result()

    async def _wait_for_end(self) -> None:
        raise Closed(await self._end)

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

    async def _read(self) -> None:
        while True:
            try:
                async with asyncio.timeout(SILENT_AFTER_S):
                    frame = await self._receive()
            except TimeoutError:
                raise Closed(TOO_SLOW) from None
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

    async def _write(self) -> None:
        clock = self._context.clock
        beat_s = clock.monotonic() + HEARTBEAT_S
        while True:
            try:
                async with asyncio.timeout(max(beat_s - clock.monotonic(), 0)):
                    text = await self._queue.get()
            except TimeoutError:
                text = encoded(heartbeat_frame(clock.now_ms()))
                beat_s = clock.monotonic() + HEARTBEAT_S
            await self._send(text)

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._websocket.send_text(text)
        except TimeoutError:
            raise Closed(TOO_SLOW) from None

    async def _close(self, closed: Closed) -> None:
        """Say why and close, as far as the client still listens."""
        if self._websocket.client_state is not WebSocketState.CONNECTED:
            return
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                if closed.code != TOO_SLOW:
                    await self._websocket.send_text(encoded(error_frame(closed.error)))
                await self._websocket.close(closed.code, closed.error)
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            _log.debug("realtime.gone_before_close", code=closed.code)
