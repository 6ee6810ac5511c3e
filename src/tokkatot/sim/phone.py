"""A phone on the farm's own network: its requests reach the hub's page without a socket."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec
from starlette.types import ASGIApp, Message, Scope

from tokkatot.domain.ids import DeviceId
from tokkatot.sim.layout import FARM, NEIGHBOUR

REPLY_WITHIN_S: Final = 15.0
ADDRESS: Final = ("192.168.1.9", 4711)
PAGE: Final = "192.168.1.2:8081"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A POST with a JSON body."""

    path: str
    body: dict[str, object]
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back."""

    status: int
    body: dict[str, object]


Ask = Callable[[Request], Awaitable[Reply | None]]


async def answer(page: ASGIApp, request: Request) -> Reply:
    """Return a page's answer to a request."""
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": request.path,
        "raw_path": request.path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"192.168.1.5:8470"),  # the page answers to numbers and its own names alone
            *((name.encode(), value.encode()) for name, value in request.headers.items()),
        ],
        "client": ADDRESS,
        "server": ("hub", 80),
    }
    status = 0
    received = bytearray()

    async def receive() -> Message:
        return {"type": "http.request", "body": msgspec.json.encode(request.body)}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        received.extend(message.get("body", b""))

    await page(scope, receive, send)
    return Reply(status=status, body=msgspec.json.decode(received, type=dict[str, object]))


class Phone:
    """The phone of somebody who is at the farm, and whose pass the cloud has signed."""

    def __init__(self, ask: Ask, *, pass_for: Callable[[], str]) -> None:
        self._ask = ask
        self._pass_for = pass_for
        self._token = ""
        self._keys = 0

    async def tap(self, device_id: DeviceId, body: dict[str, object], *, times: int) -> list[Reply]:
        """Order something, as often as somebody does who sees no answer; return the answers."""
        self._keys += 1
        replies: list[Reply] = []
        for _ in range(times):
            reply = await self._order(device_id, body)
            if reply is not None and reply.status == 401 and await self._enter():
                reply = await self._order(device_id, body)
            if reply is not None:
                replies.append(reply)
        return replies

    async def _order(self, device_id: DeviceId, body: dict[str, object]) -> Reply | None:
        return await self._ask(
            Request(
                path=f"/v1/farms/{FARM}/devices/{device_id}/commands",
                body=body,
                headers={
                    "authorization": f"Bearer {self._token}",
                    "idempotency-key": f"{NEIGHBOUR}-{self._keys}",
                },
            )
        )

    async def _enter(self) -> bool:
        """Come in by the pass; False where the hub does not take it now."""
        reply = await self._ask(Request(path="/v1/auth/hub-pass", body={"token": self._pass_for()}))
        if reply is None or reply.status != 200:
            return False
        self._token = str(reply.body["access_token"])
        return True
