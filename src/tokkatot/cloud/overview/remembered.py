"""Answers that are the same for all who may see a farm, given again while nothing is new there."""

import asyncio
import re
from collections import Counter
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import psycopg
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tokkatot.cloud.accounts.caller import was_seen
from tokkatot.cloud.farms.access import role_and_rights
from tokkatot.cloud.overview import store
from tokkatot.cloud.platform.cache import MAX_ANSWER_BYTES, Shelf
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.problems import Unauthenticated
from tokkatot.domain.people import Right

KEPT_S: Final = 3.0
"""What goes by the time alone, such as a sensor's silence, is seen no later than this."""
ROOM_BYTES: Final = 32 * 1024 * 1024
MOST_FARMS: Final = 10_000

_ID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_OF_FARM = re.compile(f"/v1/farms/({_ID})/")
_SHARED = re.compile(
    f"/v1/farms/({_ID})/(?:houses|alerts|dashboard|changes|houses/{_ID}/state|houses/{_ID}/history)"
)
"""What screens ask again and again; who asks matters to the answer by their role alone."""
_LOGGING_IN = "/v1/auth/"
_WITHOUT_EFFECT = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is asked, by whom, and of what state of the farm."""

    path: str
    query: bytes
    packed: bool
    role: str
    mark: str
    written: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What was answered, with the route that did, by which requests are counted."""

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    route: object

    async def send(self, send: Send) -> None:
        headers = list(self.headers)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class Remembered:
    """Gives an answer again to whoever may see it, where the farm is as it was.

    The database says with each request who asks and whether anything is new, so that what one
    process has told is never behind what another one, or a hub, has done since. What was written
    by way of this process counts as new in any case.
    """

    def __init__(self, app: ASGIApp, *, context: Context) -> None:
        self._app = app
        self._context = context
        self._answers = Shelf[_Answer](clock=context.clock, kept_s=KEPT_S, room_bytes=ROOM_BYTES)
        self._making: dict[_Asked, asyncio.Future[_Answer | None]] = {}
        self._written = _Written()
        self._given = context.metrics.counter(
            "tokkatot_http_remembered_total", "Answers that were given again."
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] not in _WITHOUT_EFFECT:
            await self._write(scope, receive, send)
        elif (asked := await self._asked(scope)) is not None:
            await self._read(asked, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _write(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]

        async def send_noted(message: Message) -> None:
            # Before the answer goes: whoever has it and asks is to see what was done.
            if message["type"] == "http.response.start":
                self._written.note(path)
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            self._written.note(path)

    async def _asked(self, scope: Scope) -> _Asked | None:
        """Return what is asked; None where only the route itself can answer."""
        found = _SHARED.fullmatch(scope["path"]) if scope["method"] == "GET" else None
        headers = Headers(scope=scope)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if found is None or scheme.lower() != "bearer":
            return None
        farm_id, now = UUID(found[1]), self._context.clock.now()
        try:
            claims = self._context.tokens.verify(token, now=now)
            look = await store.look(self._context.database, farm_id, claims.session_id, now=now)
        except (Unauthenticated, psycopg.Error, TimeoutError):
            return None
        if look is None or look.session.user_id != claims.user_id:
            return None
        known = role_and_rights(look.role, is_staff=look.session.is_staff)
        if known is None or Right.SEE not in known[1] or not was_seen(look.session, now=now):
            return None
        return _Asked(
            path=scope["path"],
            query=scope["query_string"],
            packed="gzip" in headers.get("accept-encoding", ""),
            role=known[0],
            mark=look.mark,
            written=self._written.of(str(farm_id)),
        )

    async def _read(self, asked: _Asked, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._answers.get(asked)
        making = self._making.get(asked)
        if answer is None and making is None:
            await self._make(asked, scope, receive, send)
            return
        if answer is None and making is not None:
            answer = await asyncio.shield(making)
        if answer is None:
            await self._app(scope, receive, send)
            return
        self._given.inc()
        scope["route"] = answer.route
        await answer.send(send)

    async def _make(self, asked: _Asked, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the route answer; whoever asks the same meanwhile waits for this answer."""
        making: asyncio.Future[_Answer | None] = asyncio.get_running_loop().create_future()
        self._making[asked] = making
        heard = _Heard(send)
        answer = None
        try:
            await self._app(scope, receive, heard.send)
            answer = heard.answer(scope)
            if answer is not None:
                self._answers.put(asked, answer, size=len(answer.body))
        finally:
            del self._making[asked]
            making.set_result(answer)


class _Heard:
    """Listens to an answer on its way."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._headers: tuple[tuple[bytes, bytes], ...] | None = None
        self._body: bytes | None = None

    async def send(self, message: Message) -> None:
        """Pass on a part of the answer."""
        if message["type"] == "http.response.start":
            # Copied: the layers outside put this request's own beside them.
            self._headers = tuple(message["headers"]) if message["status"] == 200 else None
        elif not message.get("more_body", False) and self._body is None:
            self._body = message.get("body", b"")
        else:
            self._headers = None
        await self._send(message)

    def answer(self, scope: Scope) -> _Answer | None:
        """Return what was answered, if it can be given again."""
        if self._headers is None or self._body is None or len(self._body) > MAX_ANSWER_BYTES:
            return None
        return _Answer(headers=self._headers, body=self._body, route=scope.get("route"))


class _Written:
    """Counts what was written by way of this process, on each farm and elsewhere."""

    def __init__(self) -> None:
        self._farms: Counter[str] = Counter()
        self._elsewhere = 0

    def of(self, farm: str) -> tuple[int, int]:
        """Return numbers that are others once something of a farm's may have been written."""
        return self._farms[farm], self._elsewhere

    def note(self, path: str) -> None:
        """Note that something was written there."""
        found = _OF_FARM.match(path)
        if found is not None:
            self._farms[found[1].lower()] += 1
        elif not path.startswith(_LOGGING_IN):
            # Somebody's name, or a farm as a whole.
            self._elsewhere += 1
        if len(self._farms) > MOST_FARMS:
            self._farms.clear()
            self._elsewhere += 1
