"""Phones that ask over HTTP, as lean as they can be: the cloud is measured, not these."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httptools
from typing_extensions import override


class _Line(asyncio.Protocol):
    """One connection, on which one question at a time is asked."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[int] | None = None
        self._transport: asyncio.WriteTransport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport), "it is a TCP connection"
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("closed"))

    def on_message_complete(self) -> None:
        """Hand on the answer, which has come as a whole."""
        assert self._answer is not None, "an answer is asked for"
        if not self._answer.done():
            self._answer.set_result(self._parser.get_status_code())

    async def ask(self, question: bytes) -> int:
        """Send a request and return the status of its answer."""
        assert self._transport is not None, "it is connected"
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(question)
        return await self._answer

    @property
    def closed(self) -> bool:
        """Tell whether the other side has closed it, as it does with one that nobody uses."""
        assert self._transport is not None, "it is connected"
        return self._transport.is_closing()

    def close(self) -> None:
        """Close the connection."""
        assert self._transport is not None, "it is connected"
        self._transport.abort()


class Lines:
    """Connections that are kept open; who finds none free waits for one."""

    def __init__(self, host: str, port: int, lines: asyncio.Queue[_Line]) -> None:
        self._host, self._port = host, port
        self._free = lines

    async def get(self, path: str, token: str, *, within_s: float) -> int:
        """Return the status that a GET of a path is answered with.

        Raises:
            OSError: when the connection breaks.
            TimeoutError: when nothing comes in time.
        """
        question = (
            f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n"
            f"Authorization: Bearer {token}\r\nAccept: application/json\r\n"
            "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: km-KH,km;q=0.9\r\n"
            "User-Agent: Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/130.0.0.0 Mobile Safari/537.36\r\n\r\n"
        ).encode()
        async with asyncio.timeout(within_s):
            line = await self._free.get()
            try:
                if line.closed:
                    line = await _connected(self._host, self._port)
                status = await line.ask(question)
            except BaseException:
                # What comes late must not be taken for the answer to the next question.
                line.close()
                self._free.put_nowait(await _connected(self._host, self._port))
                raise
            self._free.put_nowait(line)
            return status


@asynccontextmanager
async def lines(host: str, port: int, count: int) -> AsyncIterator[Lines]:
    """Open so many connections."""
    free = asyncio.Queue[_Line]()
    for _ in range(count):
        free.put_nowait(await _connected(host, port))
    yield Lines(host, port, free)
    while not free.empty():
        free.get_nowait().close()


async def _connected(host: str, port: int) -> _Line:
    _, line = await asyncio.get_running_loop().create_connection(_Line, host, port)
    return line
