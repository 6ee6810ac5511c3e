"""What every request passes before a route: id, limits, time-out, headers, and the last net."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import IPv6Address, IPv6Network
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tokkatot.cloud.platform.limits import Limit
from tokkatot.cloud.platform.metrics import Metrics
from tokkatot.cloud.platform.problems import (
    Problem,
    RateLimited,
    TooLarge,
    Unavailable,
)
from tokkatot.kit.clock import Clock
from tokkatot.vision.preprocess.limits import MAX_BYTES
from tokkatot.webapp.headers import API_PREFIX
from tokkatot.wire.problems import MEDIA_TYPE

_log = structlog.get_logger(__name__)

REQUEST_ID_HEADER = "x-request-id"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

AUTH_PREFIX = "/v1/auth/"
_OF_A_SESSION = frozenset(
    f"{AUTH_PREFIX}{name}" for name in ("logout", "change-password", "verify-contact")
)
"""What nobody does without a session, which is looked at before anything that can be guessed."""
_SITE_BITS = 64
"""Of an IPv6 address: whoever has one line has all addresses that begin with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """What no request may exceed."""

    body_bytes: int = 1024 * 1024
    upload_bytes: int = MAX_BYTES + 64 * 1024
    """Of a photograph that the detector takes, with the parts of a form around it."""
    timeout_s: float = 30.0
    per_minute: int = 1000
    auth_per_minute: int = 10
    invitations_per_minute: int = 10
    """Of one person: an answer tells whose a contact is."""
    readers_at_once: int = 100


def request_id_of(scope: Scope) -> str:
    """Return the id that this request's answer and log lines carry."""
    request_id = scope.get("state", {}).get("request_id", "-")
    assert isinstance(request_id, str), "set by RequestBoundary"
    return request_id


def problem_response(problem: Problem, scope: Scope) -> Response:
    """Return a problem as an answer."""
    return Response(
        problem.body(request_id_of(scope)).model_dump_json(exclude_none=True),
        status_code=problem.status.value,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **problem.headers},
    )


def json_response(body: str, status: int = HTTPStatus.OK) -> Response:
    """Return what is JSON already as an answer."""
    return Response(body, status_code=status, media_type="application/json")


class RequestBoundary:
    """Names the request, measures it, and answers what nobody caught, without details."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, clock: Clock) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            if scope["type"] == "http":
                await self._http(scope, receive, send, request_id)
            else:
                await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        status: int | None = None

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = request_id
            await send(message)

        begun_s = self._clock.monotonic()
        try:
            await self._app(scope, receive, send_named)
        except Exception:  # supervisor: whatever a route throws, every request has an answer
            # The details stay in the log, the caller gets the id.
            _log.exception("http.failed", method=scope["method"], path=scope["path"])
            if status is not None:
                raise
            await problem_response(Problem("internal"), scope)(scope, receive, send_named)
        finally:
            self._measure(scope, status, self._clock.monotonic() - begun_s)

    def _measure(self, scope: Scope, status: int | None, taken_s: float) -> None:
        # The route's template, never the path: a label per farm would fill the memory.
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.http_requests.labels(method, route, str(status or "none")).inc()
        self._metrics.http_seconds.labels(method, route).observe(taken_s)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex


class RateLimits:
    """Counts requests a minute by address: few for logging in, many for the rest."""

    def __init__(self, app: ASGIApp, *, every: Limit, auth: Limit) -> None:
        self._app = app
        self._every = every
        self._auth = auth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        wait_s = await self._wait_s(scope)
        if wait_s is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await problem_response(RateLimited(wait_s), scope)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 4429, "reason": "rate_limited"})

    async def _wait_s(self, scope: Scope) -> int | None:
        if scope["type"] not in {"http", "websocket"}:
            return None
        path: str = scope["path"]
        if not path.startswith(API_PREFIX):
            return None
        client = scope.get("client")
        caller = _site_of(client[0]) if client else "unknown"
        if path.startswith(AUTH_PREFIX) and path not in _OF_A_SESSION:
            wait_s = await self._auth.take(caller)
            if wait_s is not None:
                return wait_s
        return await self._every.take(caller)


def _site_of(address: str) -> str:
    """Return what is counted as one caller: an IPv4 address, or a network of IPv6."""
    try:
        ip = IPv6Address(address)
    except ValueError:
        return address
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(IPv6Network((int(ip), _SITE_BITS), strict=False))


class ReadersLimit:
    """Sends away who asks while so many are being answered that all would wait too long.

    Whoever writes is let in: no order waits for screens.
    """

    def __init__(self, app: ASGIApp, *, at_once: int) -> None:
        self._app = app
        self._at_once = at_once
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        reads = scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}
        if not reads or not scope["path"].startswith(API_PREFIX):
            await self._app(scope, receive, send)
        elif self._inside >= self._at_once:
            await problem_response(Unavailable(retry_after_s=1), scope)(scope, receive, send)
        else:
            await self._let_in(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        inside = True

        def leave() -> None:
            nonlocal inside
            self._inside -= inside
            inside = False

        async def send_leaving(message: Message) -> None:
            # A download may take its time.
            leave()
            await send(message)

        self._inside += 1
        try:
            await self._app(scope, receive, send_leaving)
        finally:
            leave()


class BodyLimit:
    """Refuses a body above the limit, announced or not."""

    def __init__(
        self, app: ASGIApp, *, limits: HttpLimits, is_upload: Callable[[Scope], bool]
    ) -> None:
        self._app = app
        self._limits = limits
        self._is_upload = is_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limits.upload_bytes if self._is_upload(scope) else self._limits.body_bytes
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced) > limit:
            await problem_response(TooLarge(limit), scope)(scope, receive, send)
            return
        await _Metered(limit).run(self._app, scope, receive, send)


class _Metered:
    """One request whose body is counted as it comes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._received = 0
        self._refused = False

    async def run(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        async def receive_counted() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                self._received += len(message.get("body", b""))
                if self._received > self._limit:
                    self._refused = True
                    # To the application it is as if the client had gone in the middle.
                    return {"type": "http.disconnect"}
            return message

        async def send_unless_refused(message: Message) -> None:
            if not self._refused:
                await send(message)

        try:
            await app(scope, receive_counted, send_unless_refused)
        finally:
            if self._refused:
                await problem_response(TooLarge(self._limit), scope)(scope, receive, send)


class RequestTimeout:
    """Ends a request whose answer has not begun in time; a download that runs is left alone."""

    def __init__(self, app: ASGIApp, *, timeout_s: float) -> None:
        self._app = app
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False
        limit = asyncio.timeout(self._timeout_s)

        async def send_begun(message: Message) -> None:
            nonlocal begun
            if not begun:
                begun = True
                limit.reschedule(None)
            await send(message)

        try:
            async with limit:
                await self._app(scope, receive, send_begun)
        except TimeoutError:
            if begun or not limit.expired():
                raise
            _log.warning("http.timeout", method=scope["method"], path=scope["path"])
            await problem_response(Unavailable(), scope)(scope, receive, send)
