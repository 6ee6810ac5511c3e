"""A real HTTP server in the test's own loop, which keeps what comes and answers as it is told."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Answer = tuple[int, object]
"""A status, and a body that becomes JSON."""


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class HttpPeer:
    """What came, and what is to be answered."""

    usual: Answer
    host: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    """To the next requests, one each; then the usual one."""
    open: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set, requests are read and never answered."""
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request and answer it."""
        try:
            first, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            pairs = (line.split(": ", 1) for line in rest if line)
            headers = {name.lower(): value for name, value in pairs}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.asked.append(Asked(path=first.split(" ")[1], headers=headers, body=body))
            self.reached.set()
            await self.open.wait()
            status, content = self.answers.pop(0) if self.answers else self.usual
            text = json.dumps(content).encode()
            writer.write(
                b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
                b"location: /elsewhere\r\nconnection: close\r\n\r\n%b" % (status, len(text), text)
            )
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def http_peer(usual: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[HttpPeer]:
    """Run it; it answers until its `open` is cleared."""
    peer = HttpPeer(usual=usual)
    peer.open.set()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        peer.host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield peer
        peer.open.set()
