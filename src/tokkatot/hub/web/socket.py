"""One socket of an open page: what it may say, and what it is told."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from starlette.websockets import WebSocket, WebSocketDisconnect
from typing_extensions import override

from tokkatot.hub.web.feed import Feed, Json, Viewer, encoded
from tokkatot.hub.web.people import MAX_TOKEN_CHARS
from tokkatot.hub.web.problems import HubProblem
from tokkatot.kit.clock import Clock
from tokkatot.kit.queue import BoundedQueue

AUTH_WITHIN_S: Final = 5.0
HEARTBEAT_S: Final = 3.0
SEND_WITHIN_S: Final = 10.0
MAX_QUEUED: Final = 256
MAX_FRAME_CHARS: Final = 2048
MAX_SOCKETS: Final = 24

BAD_FRAME: Final = 4400
SESSION_ENDED: Final = 4401
FARM_GONE: Final = 4404
TOO_SLOW: Final = 4408
TOO_MANY: Final = 4429

_CODES: Final = {
    BAD_FRAME: "validation_failed",
    SESSION_ENDED: "session_ended",
    FARM_GONE: "not_found",
    TOO_SLOW: "too_slow",
    TOO_MANY: "rate_limited",
}


class _Auth(Struct, frozen=True, tag="auth"):
    token: Annotated[str, Meta(max_length=MAX_TOKEN_CHARS)]


class _Subscribe(Struct, frozen=True, tag="subscribe"):
    farm: UUID
    since: Annotated[int, Meta(ge=0)] | None = None


class _Pong(Struct, frozen=True, tag="pong"):
    pass


_decoder: msgspec.json.Decoder[_Auth | _Subscribe | _Pong] = msgspec.json.Decoder(
    _Auth | _Subscribe | _Pong
)


class _Closed(Exception):
    """The socket is to be closed with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Sockets:
    """Lets a bounded number of sockets in."""

    def __init__(
        self,
        *,
        farm_id: UUID,
        feed: Feed,
        clock: Clock,
        check: Callable[[str], object],
        snapshot: Callable[[], Json],
    ) -> None:
        self.farm_id = farm_id
        self.feed = feed
        self.clock = clock
        self.check = check
        """Raises a `HubProblem` for a token that is nobody's any more."""
        self.snapshot = snapshot
        self._open = 0

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one socket until either side ends it."""
        await websocket.accept()
        code = TOO_MANY
        if self._open < MAX_SOCKETS:
            self._open += 1
            try:
                code = await _Socket(websocket, self).run()
            except WebSocketDisconnect:
                return
            finally:
                self._open -= 1
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                await websocket.send_text(encoded({"type": "error", "code": _CODES[code]}))
                await websocket.close(code, _CODES[code])
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            return  # it was gone already


class _Socket(Viewer):
    def __init__(self, websocket: WebSocket, around: Sockets) -> None:
        self._websocket = websocket
        self._around = around
        self._queue: BoundedQueue[str] = BoundedQueue(MAX_QUEUED)
        self._slow = asyncio.Event()
        self._token = ""

    @override
    def offer(self, text: str) -> None:
        if not self._queue.offer(text):
            self._slow.set()

    async def run(self) -> int:
        """Return the code to close with."""
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._enter()
            tasks = [
                asyncio.create_task(work)
                for work in (self._read(), self._write(), self._cut_when_slow())
            ]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except _Closed as closed:
            return closed.code
        finally:
            self._around.feed.leave(self)
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)
        raise AssertionError("its tasks end by raising")

    async def _enter(self) -> None:
        try:
            async with asyncio.timeout(AUTH_WITHIN_S):
                frame = await self._receive()
        except TimeoutError:
            raise _Closed(SESSION_ENDED) from None
        if not isinstance(frame, _Auth):
            raise _Closed(SESSION_ENDED)
        self._token = frame.token
        self._check()

    def _check(self) -> None:
        try:
            self._around.check(self._token)
        except HubProblem:
            raise _Closed(SESSION_ENDED) from None

    async def _read(self) -> None:
        while True:
            frame = await self._receive()
            match frame:
                case _Subscribe() if frame.farm == self._around.farm_id:
                    self._around.feed.join(
                        self, since=frame.since, snapshot=self._around.snapshot()
                    )
                case _Subscribe():
                    raise _Closed(FARM_GONE)
                case _Pong():
                    pass
                case _Auth():
                    raise _Closed(BAD_FRAME)

    async def _receive(self) -> _Auth | _Subscribe | _Pong:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text = message.get("text")
        if text is None or len(text) > MAX_FRAME_CHARS:
            raise _Closed(BAD_FRAME)
        try:
            return _decoder.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            raise _Closed(BAD_FRAME) from None

    async def _write(self) -> None:
        clock = self._around.clock
        beat_s = clock.monotonic() + HEARTBEAT_S
        while True:
            try:
                async with asyncio.timeout(max(beat_s - clock.monotonic(), 0)):
                    text = await self._queue.get()
            except TimeoutError:
                # A member who was removed is shown out with the next beat.
                self._check()
                text = encoded({"type": "heartbeat", "t": clock.now_ms()})
                beat_s = clock.monotonic() + HEARTBEAT_S
            try:
                async with asyncio.timeout(SEND_WITHIN_S):
                    await self._websocket.send_text(text)
            except TimeoutError:
                raise _Closed(TOO_SLOW) from None

    async def _cut_when_slow(self) -> None:
        await self._slow.wait()
        raise _Closed(TOO_SLOW)
