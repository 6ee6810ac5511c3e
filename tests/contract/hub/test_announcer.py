"""The hub's name on a real network: this machine's own loop."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from ipaddress import IPv4Address

import pytest

from tokkatot.hub.announcer import Announcer
from tokkatot.hub.lan import Interface
from tokkatot.kit.clock import SystemClock
from tokkatot.wire.mdns import GROUP, PORT, announcement

# All of this machine hear what is said: one hub at a time says it.
pytestmark = pytest.mark.xdist_group("mdns")

NAME = "tokkatot-0a1b2c3d.local"
LABELS = b"\x11tokkatot-0a1b2c3d\x05local\x00"
LOOP = Interface(index=socket.if_nametoindex("lo"), name="lo", address=IPv4Address("127.0.0.1"))
NOWHERE = Interface(index=2_000_000_000, name="gone", address=IPv4Address("10.255.255.1"))
QUESTION = LABELS + struct.pack("!2H", 1, 1)


@pytest.fixture
def phone() -> Iterator[socket.socket]:
    """A resolver that asks from a port of its own, as Android's does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        membership = struct.pack("4s4si", GROUP.packed, bytes(4), LOOP.index)
        asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, membership)
        asking.setblocking(False)
        yield asking


@asynccontextmanager
async def announcing(*interfaces: Interface) -> AsyncIterator[None]:
    announcer = Announcer(NAME, interfaces=lambda: interfaces, clock=SystemClock())
    running = asyncio.create_task(announcer.run())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def ask(phone: socket.socket, number: int = 9) -> bytes:
    """Ask until somebody answers: the hub may not listen yet."""
    loop = asyncio.get_running_loop()
    query = struct.pack("!6H", number, 0, 1, 0, 0, 0) + QUESTION
    async with asyncio.timeout(60):
        while True:
            phone.sendto(query, (str(GROUP), PORT))
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    return await loop.sock_recv(phone, 1500)


async def test_a_phone_that_asks_for_the_name_gets_the_address(phone: socket.socket) -> None:
    async with announcing(LOOP):
        found = await ask(phone)
    assert struct.unpack_from("!2H", found) == (9, 0x8400)
    assert LOOP.address.packed in found


async def test_an_interface_that_carries_nothing_keeps_no_other_one_silent(
    phone: socket.socket,
) -> None:
    async with announcing(NOWHERE, LOOP):
        assert LOOP.address.packed in await ask(phone)


async def test_it_listens_beside_another_responder_and_takes_its_name_back_at_the_end() -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("", PORT))
        membership = struct.pack("4s4si", GROUP.packed, bytes(4), LOOP.index)
        other.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        async with announcing(LOOP):
            assert await is_told(loop, other, announcement(NAME, LOOP.address))
        assert await is_told(loop, other, announcement(NAME, LOOP.address, ttl_s=0))


async def test_a_flood_of_questions_is_answered_more_rarely(phone: socket.socket) -> None:
    async with announcing(LOOP):
        await ask(phone)
        query = struct.pack("!6H", 1, 0, 1, 0, 0, 0) + QUESTION
        for _ in range(150):
            phone.sendto(query, (str(GROUP), PORT))
        await asyncio.sleep(0.3)
        answers = 0
        with suppress(BlockingIOError):
            while phone.recv(1500):
                answers += 1
    assert answers <= 100


async def is_told(loop: asyncio.AbstractEventLoop, line: socket.socket, expected: bytes) -> bool:
    """Tell whether a packet comes within a minute: others may speak on this network too."""
    with suppress(TimeoutError):
        async with asyncio.timeout(60):
            while await loop.sock_recv(line, 1500) != expected:
                continue
            return True
    return False
