"""A client that takes nothing holds up nobody, and is shown out."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from starlette.types import Message, Scope
from starlette.websockets import WebSocket

from tests.support.cloud import START
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.realtime.service import Realtime
from tokkatot.cloud.realtime.socket import MAX_QUEUED, TOO_SLOW, Closed, PersonSocket
from tokkatot.kit.clock import ManualClock


class Line:
    """A line whose other end reads `taken` frames and then none any more."""

    def __init__(self, takes: int) -> None:
        self.takes = takes
        self.sent: list[Message] = []
        self.stuck = asyncio.Event()

    async def receive(self) -> Message:
        """Say nothing after the handshake."""
        if not self.sent:
            return {"type": "websocket.connect"}
        await asyncio.Event().wait()
        raise AssertionError("nobody ends this wait")

    async def send(self, message: Message) -> None:
        """Take a frame, or never return."""
        frames = sum(one["type"] == "websocket.send" for one in self.sent)
        if message["type"] == "websocket.send" and frames >= self.takes:
            self.stuck.set()
            await asyncio.Event().wait()
        self.sent.append(message)


async def person_on(line: Line) -> PersonSocket:
    scope: Scope = {"type": "websocket", "path": "/v1/ws", "headers": []}
    websocket = WebSocket(scope, line.receive, line.send)
    await websocket.accept()
    context = cast("Context", SimpleNamespace(clock=ManualClock(START)))
    return PersonSocket(websocket, context, cast("Realtime", None))


async def test_who_takes_nothing_is_cut_off_when_too_much_waits_for_them() -> None:
    line = Line(takes=3)
    person = await person_on(line)
    talk = asyncio.create_task(person._converse())
    for number in range(4):
        person.offer(f"frame {number}")
    await line.stuck.wait()
    for number in range(MAX_QUEUED):
        person.offer(f"more {number}")
    await asyncio.sleep(0)
    assert not talk.done(), "what waits is within its limit"
    person.offer("one too many")
    with pytest.raises(Closed) as closed:
        await talk
    assert closed.value.code == TOO_SLOW
    await person._close(closed.value)
    assert line.sent[-1] == {"type": "websocket.close", "code": TOO_SLOW, "reason": "too_slow"}


async def test_who_takes_everything_stays() -> None:
    line = Line(takes=10_000)
    person = await person_on(line)
    talk = asyncio.create_task(person._converse())
    for number in range(MAX_QUEUED * 3):
        person.offer(f"frame {number}")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert not talk.done()
    talk.cancel()
    await asyncio.wait([talk])
