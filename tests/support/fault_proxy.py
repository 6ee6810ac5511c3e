"""A line between two processes with everything that happens to lines."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HOST = "127.0.0.1"
CHUNK = 64 * 1024
CONNECT_WITHIN_S = 5.0


@dataclass(eq=False, slots=True)
class _Connection:
    """One connection through the line: both of its ends, and whether it is half-open."""

    ends: tuple[asyncio.StreamWriter, ...]
    deaf: bool = False

    def abort(self) -> None:
        for end in self.ends:
            _reset(end)


@dataclass(slots=True)
class FaultLine:
    """A TCP proxy that a test breaks; what is broken stays so until `mend`.

    A half-open connection is never whole again, as behind a router that has forgotten it: both
    ends may write and nothing arrives, not even the other's end. New connections pass.
    """

    target_port: int
    port: int = 0
    counts: dict[str, int] = field(default_factory=lambda: {"connections": 0, "swallowed": 0})
    _is_cut: bool = False
    _delay_s: float = 0.0
    _bytes_per_s: float | None = None
    _open: set[_Connection] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"mqtt://{HOST}:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections are whole now."""
        return sum(not connection.deaf for connection in self._open)

    def cut(self) -> None:
        """Reset every connection and refuse new ones."""
        self._is_cut = True
        for connection in list(self._open):
            connection.abort()

    def half_open(self) -> int:
        """Let every connection stand and carry nothing any more; return how many there were."""
        whole = [connection for connection in self._open if not connection.deaf]
        for connection in whole:
            connection.deaf = True
        return len(whole)

    def slow(self, *, delay_s: float = 0.0, bytes_per_s: float | None = None) -> None:
        """Deliver late, or only so much in a second."""
        self._delay_s, self._bytes_per_s = delay_s, bytes_per_s

    def mend(self) -> None:
        """Let everything pass again."""
        self._is_cut = False
        self.slow()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until an end of it closes."""
        self.counts["connections"] += 1
        try:
            if self._is_cut:
                raise ConnectionError("the line is cut")
            async with asyncio.timeout(CONNECT_WITHIN_S):
                there = await asyncio.open_connection(HOST, self.target_port)
        except (OSError, TimeoutError):
            _reset(writer)
            return
        connection = _Connection((writer, there[1]))
        self._open.add(connection)
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._one_way(reader, there[1], connection))
                ways.create_task(self._one_way(there[0], writer, connection))
        except* OSError:
            pass  # an end was reset, and the other is in the next lines
        finally:
            connection.abort()
            self._open.discard(connection)

    async def _one_way(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: _Connection
    ) -> None:
        while chunk := await self._read(reader, connection):
            if self._delay_s:
                await asyncio.sleep(self._delay_s)
            if self._bytes_per_s is not None:
                await asyncio.sleep(len(chunk) / self._bytes_per_s)
            if connection.deaf:
                self.counts["swallowed"] += len(chunk)
                continue
            writer.write(chunk)
            await writer.drain()
        raise ConnectionError("an end was closed")

    async def _read(self, reader: asyncio.StreamReader, connection: _Connection) -> bytes:
        """Return what comes next; nothing when the end of it may be told to the other side."""
        try:
            chunk = await reader.read(CHUNK)
        except OSError:
            chunk = b""
        if not chunk and connection.deaf:
            await self._for_ever(connection)
        return chunk

    async def _for_ever(self, connection: _Connection) -> None:
        """Keep the side that still stands from hearing that the other has gone."""
        while not all(end.is_closing() for end in connection.ends):
            await asyncio.sleep(1)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection as a broken line does: without a word."""
    with contextlib.suppress(OSError, AttributeError):
        # Both numbers 0 but the first: what was not sent yet is thrown away.
        linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


@asynccontextmanager
async def fault_line(target_port: int) -> AsyncIterator[FaultLine]:
    """Lay a line to a port of this machine, on a port of its own."""
    line = FaultLine(target_port)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(line.carry(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, HOST, 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        await _end(tasks)


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    ending = list(tasks)
    for task in ending:
        task.cancel()
    if ending:
        await asyncio.wait(ending)
