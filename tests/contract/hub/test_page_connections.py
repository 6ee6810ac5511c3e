"""The page's own server against those who are slow on purpose, or too many."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from tests.support.processes import free_port
from tokkatot.hub.config import WebSettings
from tokkatot.hub.web import connection, server
from tokkatot.hub.web.connection import PatientConnection
from tokkatot.hub.web.server import serve_on_port

ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HUGE = 64 * 1024 * 1024

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at once; /huge with more than any socket holds."""
    del receive
    await send({"type": "http.response.start", "status": 200, "headers": []})
    size = HUGE if scope["path"] == "/huge" else 2
    for _ in range(max(size // 65_536, 1)):
        await send(
            {"type": "http.response.body", "body": b"x" * min(size, 65_536), "more_body": True}
        )
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make it wait as little as a test can."""
    monkeypatch.setattr(connection, "ASKED_WITHIN_S", 0.3)
    monkeypatch.setattr(connection, "ANSWERED_WITHIN_S", 0.6)
    monkeypatch.setattr(connection, "_LOOK_EVERY_S", 0.05)


@asynccontextmanager
async def served(host: str = "127.0.0.1") -> AsyncIterator[int]:
    port = free_port()
    serving = asyncio.create_task(serve_on_port(page, WebSettings(host=host, port=port)))
    try:
        async with asyncio.timeout(120):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection(host, port)
                    writer.close()
                    break
                await asyncio.sleep(0.02)
            yield port
    finally:
        serving.cancel()
        await asyncio.wait({serving})


@asynccontextmanager
async def lines(port: int, count: int, *, source: str = "127.0.0.1") -> AsyncIterator[list[Line]]:
    opened = [
        await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
        for _ in range(count)
    ]
    try:
        yield opened
    finally:
        for _, writer in opened:
            writer.transport.abort()


async def is_cut(line: Line) -> bool:
    """Wait until the other side ends the line."""
    try:
        return await line[0].read(1) == b""
    except ConnectionResetError:
        return True


async def is_answered(line: Line) -> bool:
    line[1].write(ASK)
    try:
        return (await line[0].readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return False


@pytest.mark.usefixtures("impatient")
async def test_who_never_finishes_a_question_is_cut_off() -> None:
    async with served() as port, lines(port, 2) as (silent, slow):
        slow[1].write(ASK[:20])
        assert await is_cut(silent)
        assert await is_cut(slow)


@pytest.mark.usefixtures("impatient")
async def test_who_does_not_read_the_answer_is_cut_off() -> None:
    async with served() as port, lines(port, 1) as (deaf,):
        deaf[1].write(ASK.replace(b"/ ", b"/huge "))
        received = 0
        await asyncio.sleep(1.5)
        with contextlib.suppress(ConnectionResetError):
            while chunk := await deaf[0].read(65_536):
                received += len(chunk)
        assert received < HUGE


@pytest.mark.usefixtures("impatient")
async def test_who_sends_on_after_the_answer_is_cut_off() -> None:
    async with served() as port, lines(port, 1) as (chatty,):
        chatty[1].write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
        with pytest.raises(ConnectionError):
            await _send_for_ever(chatty)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[PatientConnection]:
    """The server's sides of its lines, whose time a test may let pass."""
    connections: list[PatientConnection] = []

    class Known(PatientConnection):
        @override
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            connections.append(self)
            super().connection_made(transport)

    monkeypatch.setattr(server, "PatientConnection", Known)
    monkeypatch.setattr(connection, "ASKED_WITHIN_S", 300.0)
    return connections


def let_pass(one: PatientConnection, time_s: float) -> None:
    """Have it look at its line as if so much time had gone by."""
    one._since_s -= time_s
    one._unwatch()
    one._look()


async def test_a_line_that_goes_on_asking_is_kept(made: list[PatientConnection]) -> None:
    async with served() as port, lines(port, 1) as (line,):
        for _ in range(3):
            assert await is_answered(line)
            await line[0].readuntil(b"0\r\n\r\n")
            let_pass(made[-1], 200)


async def test_one_address_holds_only_so_many_lines_and_another_still_gets_in() -> None:
    most = connection.MAX_OF_ADDRESS
    async with (
        served("0.0.0.0") as port,  # noqa: S104 - this machine's own addresses
        lines(port, most, source="127.0.0.7") as first,
        lines(port, 1, source="127.0.0.7") as (surplus,),
        lines(port, 1, source="127.0.0.8") as (other,),
    ):
        assert await is_cut(surplus)
        assert await is_answered(first[-1])
        assert await is_answered(other)


async def test_the_page_holds_only_so_many_lines_in_all() -> None:
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(served("0.0.0.0"))  # noqa: S104 - as above
        for number in range(connection.MAX_CONNECTIONS // connection.MAX_OF_ADDRESS):
            source = f"127.0.1.{number + 1}"
            await stack.enter_async_context(lines(port, connection.MAX_OF_ADDRESS, source=source))
        (surplus,) = await stack.enter_async_context(lines(port, 1, source="127.0.2.1"))
        assert await is_cut(surplus)


async def _send_for_ever(line: Line) -> None:
    while True:
        line[1].write(b"x" * 1024)
        await line[1].drain()
        await asyncio.sleep(0.01)
