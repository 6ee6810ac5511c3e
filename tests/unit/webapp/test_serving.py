"""The page answers for every address of the app and for nothing else."""

import asyncio
from pathlib import Path

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Scope

from tokkatot.webapp.serving import WebApp


@pytest.fixture
def web(tmp_path: Path) -> WebApp:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("page")
    (tmp_path / "assets" / "a-1.js").write_text("script")
    return WebApp(tmp_path)


async def ask(web: WebApp, path: str, method: str = "GET") -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        # A client that stays: it says nothing more, and does not go.
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": method, "path": path, "headers": []}
    await web(scope, receive, send)
    return sent


@pytest.mark.parametrize("path", ["/", "/login", "/farms/1/houses/2", "/v2"])
async def test_an_address_of_the_app_is_the_page(web: WebApp, path: str) -> None:
    sent = await ask(web, path)
    assert b"".join(message.get("body", b"") for message in sent) == b"page"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/x"), ("GET", "/v1"), ("POST", "/"), ("GET", "/a.js"), ("GET", "/../x.py")],
)
async def test_everything_else_is_not_there(web: WebApp, method: str, path: str) -> None:
    with pytest.raises(HTTPException) as refusal:
        await ask(web, path, method)
    assert refusal.value.status_code == 404


async def test_a_socket_to_nowhere_is_closed(web: WebApp) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await web({"type": "websocket", "path": "/x"}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 4404, "reason": "not_found"}]
