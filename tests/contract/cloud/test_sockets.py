"""The sockets of people, by a real server over PostgreSQL, while the clock stands still."""

import asyncio
import json
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
import uvicorn
import websockets

from tests.support.cloud import START, Cloud, Person, cloud_over
from tests.support.people import Json, eventually
from tests.support.still_clock import StillClock
from tokkatot.cloud.main import web_server
from tokkatot.cloud.realtime import socket
from tokkatot.cloud.realtime.line import LineProtocol
from tokkatot.cloud.realtime.service import HEARTBEAT_S
from tokkatot.cloud.realtime.socket import MAX_WAITING_BYTES, SILENT_AFTER_S, TOO_SLOW
from tokkatot.domain.ids import FarmId

WITHIN_S = 90.0
LARGE = "x" * 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A farm of a cloud that listens on a port."""

    cloud: Cloud
    clock: StillClock
    server: uvicorn.Server
    port: int
    owner: Person
    farm_id: UUID

    @property
    def lines(self) -> list[LineProtocol]:
        """The lines that are open."""
        connections = self.server.server_state.connections
        return [line for line in connections if isinstance(line, LineProtocol)]

    async def change(self, data: Json) -> None:
        """Tell the farm's listeners of something."""
        async with self.cloud.context.database.transaction() as tx:
            tx.emit(FarmId(self.farm_id), "test.tick", data)

    @asynccontextmanager
    async def watch(
        self, *, since: int | None = None, line: sockets.socket | None = None
    ) -> AsyncIterator[websockets.ClientConnection]:
        """Look at the farm; over a line of the test's own, nothing is read ahead."""
        async with websockets.connect(
            f"ws://127.0.0.1:{self.port}/v1/ws",
            sock=line,
            max_queue=None if line is None else 1,
            ping_interval=None,
        ) as client:
            for frame in self.greeting(since):
                await client.send(frame)
            yield client

    def greeting(self, since: int | None = None) -> tuple[str, str]:
        """Return the frames by which a client begins."""
        resumed = {} if since is None else {"since": since}
        return (
            json.dumps({"type": "auth", "token": self.owner.token}),
            json.dumps({"type": "subscribe", "farm": str(self.farm_id), **resumed}),
        )


@pytest.fixture
async def served(postgres_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    clock = StillClock(START)
    async with cloud_over(postgres_url, tmp_path, clock=clock) as cloud, AsyncExitStack() as stack:
        owner, farm_id = await cloud.sign_up()
        server = web_server(cloud.app, cloud.context.settings)
        listening = stack.enter_context(sockets.create_server(("127.0.0.1", 0)))
        tasks = [
            asyncio.create_task(cloud.app.state.realtime.run()),
            asyncio.create_task(cloud.context.listener.run()),
            asyncio.create_task(server.serve(sockets=[listening])),
        ]
        await eventually("it listens", lambda: _true(cloud.context.listener.connected))
        yield Served(
            cloud=cloud,
            clock=clock,
            server=server,
            port=listening.getsockname()[1],
            owner=owner,
            farm_id=farm_id,
        )
        for task in tasks[:2]:
            task.cancel()
        server.should_exit = True
        await asyncio.wait(tasks)


async def _true(found: bool) -> bool:
    return found


async def numbers(client: websockets.ClientConnection, last: int) -> list[int]:
    """Return the numbers of the frames that come, to the last one."""
    found: list[int] = []
    async with asyncio.timeout(WITHIN_S):
        while not found or found[-1] < last:
            frame = json.loads(await client.recv())
            if "seq" in frame:
                found.append(frame["seq"])
    return found


async def read_to_the_end(client: websockets.ClientConnection, seen: list[int]) -> None:
    """Note the numbers of the frames that still come."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            seen.append(json.loads(await client.recv())["seq"])


async def test_whoever_comes_amid_changes_hears_of_each_once_and_in_order(served: Served) -> None:
    changes = 24
    first = await served.cloud.get(f"/v1/farms/{served.farm_id}/dashboard", served.owner)

    async def come(place: int) -> list[int]:
        await eventually("some were told", lambda: reached(place * 3))
        async with served.watch(since=first["seq"]) as client:
            return await numbers(client, first["seq"] + changes)

    async def reached(count: int) -> bool:
        return told >= count

    told = 0
    async with asyncio.TaskGroup() as tasks:
        people = [tasks.create_task(come(place)) for place in range(6)]
        for told in range(1, changes + 1):
            await served.change({"n": told})
    all_of_them = list(range(first["seq"] + 1, first["seq"] + changes + 1))
    assert [person.result() for person in people] == [all_of_them] * len(people)


async def test_who_reads_nothing_holds_up_nobody_and_is_cut_off_where_they_are(
    served: Served,
) -> None:
    async with served.watch() as fast, served.watch(line=_narrow(served.port)) as slow:
        first = json.loads(await slow.recv())
        sent = 0
        # First the kernel holds back what is not read, by its own measure.
        while max(line.waiting_bytes for line in served.lines) <= MAX_WAITING_BYTES:
            sent += 1
            await served.change({"large": LARGE})
            heard = await numbers(fast, sent)
            assert heard == [sent]
        await served.change({})
        assert await numbers(fast, sent + 1) == [sent + 1]
        seen: list[int] = []
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await read_to_the_end(slow, seen)
    assert first["type"] == "snapshot"
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == TOO_SLOW
    assert seen == list(range(1, sent + 1))


async def test_who_never_reads_again_is_let_go_with_all_that_waits(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "SEND_TIMEOUT_S", 0.1)
    async with served.watch(line=_narrow(served.port)) as stuck:
        await stuck.recv()
        (line,) = served.lines
        while not line.is_full:
            await served.change({"large": LARGE})
            await asyncio.sleep(0.01)

        async def alone() -> bool:
            served.clock.advance(HEARTBEAT_S)
            return not served.lines

        await eventually("its connection is gone", alone)
        stuck.transport.abort()
    assert not served.lines


async def test_who_answers_no_ping_is_taken_for_gone_and_who_does_stays(served: Served) -> None:
    async with served.watch() as alive:
        await alive.recv()
        mute, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(_handshake())
        await mute.readuntil(b"\r\n\r\n")
        for frame in served.greeting():
            writer.write(_masked(frame))
        await mute.readuntil(b'"snapshot"')
        beats = 0
        for _ in range(round(2 * SILENT_AFTER_S / HEARTBEAT_S)):
            served.clock.advance(HEARTBEAT_S)
            async with asyncio.timeout(WITHIN_S):
                beats += json.loads(await alive.recv())["type"] == "heartbeat"
        async with asyncio.timeout(WITHIN_S):
            rest = await mute.readuntil(b"too_slow")
        writer.close()
    assert beats == round(2 * SILENT_AFTER_S / HEARTBEAT_S)
    assert rest.endswith(b"\x88\x0a" + TOO_SLOW.to_bytes(2, "big") + b"too_slow")


async def test_another_address_takes_no_sockets(served: Served) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(f"ws://127.0.0.1:{served.port}/v1/other")
    assert refused.value.response.status_code == 403


def _narrow(port: int) -> sockets.socket:
    """Connect with little room for what is not read."""
    line = sockets.socket()
    line.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    line.connect(("127.0.0.1", port))
    line.setblocking(False)
    return line


def _handshake() -> bytes:
    return (
        b"GET /v1/ws HTTP/1.1\r\nHost: cloud\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )


def _masked(text: str) -> bytes:
    """Return a client's frame, masked with zeros, which leave it as it is."""
    content = text.encode()
    return b"\x81\xfe" + len(content).to_bytes(2, "big") + b"\0\0\0\0" + content
