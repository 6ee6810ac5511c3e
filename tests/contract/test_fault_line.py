"""The line that proofs are run over does to connections what it says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.support.fault_proxy import HOST, FaultLine, fault_line

SOON_S = 60.0
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Call = Callable[[], Awaitable[Ends]]


@pytest.fixture
async def line() -> AsyncIterator[FaultLine]:
    """A line to somebody who repeats every word."""
    talks: set[asyncio.Task[None]] = set()

    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None, "the server runs it as a task"
        talks.add(talk)
        try:
            while word := await reader.read(1000):
                writer.write(word)
        except ConnectionResetError:
            return
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(repeat, HOST, 0)
    async with fault_line(server.sockets[0].getsockname()[1]) as laid:
        yield laid
    server.close()
    await asyncio.wait(talks)


@pytest.fixture
async def call(line: FaultLine) -> AsyncIterator[Call]:
    """Connect through the line."""
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> Ends:
        reader, writer = await asyncio.open_connection(HOST, line.port)
        writers.append(writer)
        return reader, writer

    yield connect
    for writer in writers:
        writer.transport.abort()


async def answer(ends: Ends, word: bytes = b"word") -> bytes:
    reader, writer = ends
    writer.write(word)
    async with asyncio.timeout(SOON_S):
        return await reader.readexactly(len(word))


async def heard(ends: Ends) -> bytes | None:
    """Return what comes within a moment; None is silence, b"" the end."""
    try:
        async with asyncio.timeout(0.3):
            return await ends[0].read(100)
    except TimeoutError:
        return None


async def test_a_whole_line_carries_every_word(call: Call) -> None:
    assert await answer(await call(), b"x" * 300_000) == b"x" * 300_000


async def test_a_cut_resets_what_stands_and_refuses_what_is_new_until_it_is_mended(
    line: FaultLine, call: Call
) -> None:
    standing = await call()
    await answer(standing)
    line.cut()
    for ends in (standing, await call()):
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await answer(ends)
    line.mend()
    assert await answer(await call()) == b"word"


async def test_a_half_open_connection_swallows_every_word_for_ever_and_a_new_one_passes(
    line: FaultLine, call: Call
) -> None:
    standing = await call()
    await answer(standing)
    assert line.half_open() == 1
    standing[1].write(b"word")
    assert await heard(standing) is None
    line.mend()
    standing[1].write(b"word")
    assert await heard(standing) is None
    assert line.counts["swallowed"] == 8
    assert await answer(await call()) == b"word"
    assert line.connections == 1


async def test_who_stands_at_a_half_open_connection_does_not_hear_that_the_other_has_gone(
    line: FaultLine, call: Call
) -> None:
    standing = await call()
    await answer(standing)
    line.half_open()
    # The other repeats until it hears the end, and would then end, too.
    standing[1].write_eof()
    assert await heard(standing) is None


async def test_a_slow_line_is_late_and_loses_nothing(line: FaultLine, call: Call) -> None:
    ends = await call()
    line.slow(delay_s=0.5)
    ends[1].write(b"word")
    assert await heard(ends) is None
    line.mend()
    async with asyncio.timeout(SOON_S):
        assert await ends[0].readexactly(4) == b"word"
    line.slow(bytes_per_s=1_000_000)
    assert await answer(ends, b"x" * 50_000) == b"x" * 50_000
