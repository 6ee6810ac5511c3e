"""Who may talk to the page at all: under its own addresses, from its own pages, so often."""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tokkatot.hub.web.problems import Answers, HubProblem
from tokkatot.kit.clock import Clock
from tokkatot.kit.limits import RateLimit

PER_MINUTE: Final = 600
MAX_ADDRESSES: Final = 256
LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})

_CLOSE_CODES: Final = {"rate_limited": 4429}
_FORBIDDEN: Final = 4403


class Guard:
    """Refuses what no page of ours sends, before anybody looks at it.

    A browser lets any site ask us, under any name that its owner points at the farm's network
    (DNS rebinding); `Host` tells that name, and `Origin` tells the site.
    """

    def __init__(
        self, app: ASGIApp, *, names: Iterable[str], clock: Clock, answers: Answers
    ) -> None:
        self._app = app
        self._names = frozenset(names)
        self._limit = RateLimit(PER_MINUTE, clock=clock, max_callers=MAX_ADDRESSES)
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or answer why not."""
        problem = self._problem(scope)
        if problem is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answers.answer(problem)(scope, receive, send)
        else:
            code = _CLOSE_CODES.get(problem.code, _FORBIDDEN)
            await send({"type": "websocket.close", "code": code, "reason": problem.code})

    def _problem(self, scope: Scope) -> HubProblem | None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._is_ours(_without_port(host)):
            return HubProblem("wrong_host")
        if origin is not None and origin.partition("://")[2] != host:
            return HubProblem("cross_site")
        client = scope.get("client")
        address = client[0] if client else "unknown"
        wait_s = None if address in LOOPBACK else self._limit.take(address)
        return None if wait_s is None else HubProblem("rate_limited", retry_after_s=wait_s)

    def _is_ours(self, host: str) -> bool:
        try:
            ip_address(host.strip("[]"))
        except ValueError:
            return host.lower() in self._names
        return True  # nobody can point a number at another machine


def _without_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    return name if name and port.isdigit() and not host.endswith("]") else host
