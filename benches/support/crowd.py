"""A process that holds thousands of sockets to the cloud and notes how late a change comes."""

import asyncio
import base64
import json
import os
import resource
import struct
import sys
from collections import deque
from collections.abc import Iterator
from functools import partial
from itertools import cycle

from typing_extensions import override

from tokkatot.kit.clock import SystemClock

MARK = b'"bench.tick"'
_SENT = b'"sent":'
_AT_ONCE = 50
_OPEN_WITHIN_S = 300.0
_OF_A_BROWSER = (
    "Pragma: no-cache\r\nCache-Control: no-cache\r\nOrigin: http://cloud\r\n"
    "User-Agent: Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Mobile Safari/537.36\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: km-KH,km;q=0.9,en-US;q=0.8\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
)
_TEXT, _PING, _PONG = 0x1, 0x9, 0xA


class Viewer(asyncio.Protocol):
    """One socket, as lean as it can be: the cloud is measured, not this."""

    def __init__(self, token: str, farm: str, late_ms: deque[float], clock: SystemClock) -> None:
        self._frames = (
            {"type": "auth", "token": token},
            {"type": "subscribe", "farm": farm},
        )
        self._late_ms = late_ms
        self._clock = clock
        self._buffer = bytearray()
        self._upgraded = False
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "it is a TCP connection"
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            "GET /v1/ws HTTP/1.1\r\nHost: cloud\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"{_OF_A_BROWSER}Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if not self.subscribed.done():
            self.subscribed.set_exception(exc or ConnectionError("closed"))

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded and not self._upgrade():
            return
        for opcode, payload in self._whole():
            if opcode == _PING:
                self._send(_PONG, payload)
            elif opcode == _TEXT:
                self._note(payload)

    def _upgrade(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        assert self._buffer.startswith(b"HTTP/1.1 101"), bytes(self._buffer[:200])
        del self._buffer[: end + 4]
        self._upgraded = True
        for frame in self._frames:
            self._send(_TEXT, json.dumps(frame).encode())
        return True

    def _whole(self) -> Iterator[tuple[int, bytes]]:
        while len(self._buffer) >= 2:
            opcode, length, at = self._buffer[0] & 0x0F, self._buffer[1], 2
            if length == 126:
                if len(self._buffer) < 4:
                    return
                (length,), at = struct.unpack_from(">H", self._buffer, 2), 4
            elif length == 127:
                if len(self._buffer) < 10:
                    return
                (length,), at = struct.unpack_from(">Q", self._buffer, 2), 10
            if len(self._buffer) < at + length:
                return
            payload = bytes(self._buffer[at : at + length])
            del self._buffer[: at + length]
            yield opcode, payload

    def _note(self, payload: bytes) -> None:
        if MARK in payload:
            at = payload.index(_SENT) + len(_SENT)
            sent_ms = float(payload[at : payload.index(b"}", at)])
            self._late_ms.append(self._clock.now().timestamp() * 1000 - sent_ms)
        elif b'"snapshot"' in payload and not self.subscribed.done():
            self.subscribed.set_result(None)

    def _send(self, opcode: int, payload: bytes) -> None:
        assert self.transport is not None, "it is connected"
        length = len(payload)
        head = bytes((0x80 | opcode, 0x80 | length)) if length < 126 else b""
        if not head:
            head = struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, length)
        # Masked with zeros, which leave the payload as it is.
        self.transport.write(head + b"\0\0\0\0" + payload)


async def hold(port: int, farm: str, tokens: list[str], count: int) -> None:
    """Open so many sockets, say so, and tell at the end of the input how late the changes came."""
    late_ms: deque[float] = deque()
    viewers: list[Viewer] = []
    await _open(viewers, port, farm, tokens, count=count, late_ms=late_ms)
    print(json.dumps({"open": len(viewers)}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    still = sum(not viewer.transport.is_closing() for viewer in viewers if viewer.transport)
    print(json.dumps({"late_ms": list(late_ms), "open": still}), flush=True)


async def _open(
    viewers: list[Viewer],
    port: int,
    farm: str,
    tokens: list[str],
    *,
    count: int,
    late_ms: deque[float],
) -> None:
    loop = asyncio.get_running_loop()
    clock = SystemClock()
    owners = cycle(tokens)
    while len(viewers) < count:
        opened = []
        for _ in range(min(_AT_ONCE, count - len(viewers))):
            viewer = Viewer(next(owners), farm, late_ms, clock)
            await loop.create_connection(partial(_itself, viewer), "127.0.0.1", port)
            opened.append(viewer)
        async with asyncio.timeout(_OPEN_WITHIN_S):
            for viewer in opened:
                await viewer.subscribed
        viewers += opened


def _itself(viewer: Viewer) -> Viewer:
    return viewer


def main() -> None:
    """Read what to do from the first line of the input."""
    wanted = json.loads(sys.stdin.readline())
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    asyncio.run(hold(wanted["port"], wanted["farm"], wanted["tokens"], wanted["count"]))


if __name__ == "__main__":
    main()
