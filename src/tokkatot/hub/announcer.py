"""Answers to the hub's own name on the farm's network, so that nobody has to know its number."""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import structlog

from tokkatot.hub.lan import Interface
from tokkatot.kit.clock import Clock
from tokkatot.wire.mdns import GROUP, MAX_PACKET_BYTES, PORT, announcement, answer

LOOK_EVERY_S: Final = 15.0
"""How often it is looked whether the machine got another address."""

PACKETS_PER_S: Final = 50
"""So many are looked at; a network that is flooded with questions gets fewer answers."""

TOLD_TO_ALL_EVERY_S: Final = 1.0
"""Everybody hears the same answer no oftener than this (RFC 6762, section 6)."""

_IP_MULTICAST_ALL: Final = 49
"""Linux' option, off: a socket hears the groups that it joined itself and no others (ip(7))."""

log = structlog.get_logger(__name__)


class Announcer:
    """Speaks on every interface that reaches the page; it remembers nothing that it hears."""

    def __init__(
        self, name: str, *, interfaces: Callable[[], Sequence[Interface]], clock: Clock
    ) -> None:
        self._name = name
        self._interfaces = interfaces
        self._clock = clock

    async def run(self) -> None:
        """Answer until cancelled; each new address is told, each old one taken back."""
        while True:
            there = self._interfaces()
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._speak_on(one)) for one in there]
                while self._interfaces() == there:
                    await self._clock.sleep(LOOK_EVERY_S)
                for task in tasks:
                    task.cancel()

    async def _speak_on(self, interface: Interface) -> None:
        try:
            with _joined(interface) as line:
                await self._speak(line, interface)
        except OSError as error:
            # One that carries no multicast, or is going down; the others go on.
            log.info("name.not_told", interface=interface.name, reason=error.strerror)

    async def _speak(self, line: socket.socket, interface: Interface) -> None:
        _tell_all(line, announcement(self._name, interface.address))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tell_again(line, interface))
                group.create_task(self._listen(line, interface))
        finally:
            with suppress(OSError):
                _tell_all(line, announcement(self._name, interface.address, ttl_s=0))

    async def _tell_again(self, line: socket.socket, interface: Interface) -> None:
        """Say it a second time, since the first may be lost (RFC 6762, section 8.3)."""
        await self._clock.sleep(TOLD_TO_ALL_EVERY_S)
        _tell_all(line, announcement(self._name, interface.address))

    async def _listen(self, line: socket.socket, interface: Interface) -> None:
        loop = asyncio.get_running_loop()
        told_s = self._clock.monotonic()
        while True:
            for _ in range(PACKETS_PER_S):
                query, (host, port) = await loop.sock_recvfrom(line, MAX_PACKET_BYTES)
                found = answer(query, self._name, interface.address, from_port=port)
                if found is None:
                    continue
                if found.alone:
                    line.sendto(found.packet, (host, port))
                elif self._clock.monotonic() - told_s >= TOLD_TO_ALL_EVERY_S:
                    told_s = self._clock.monotonic()
                    _tell_all(line, found.packet)
            await self._clock.sleep(1.0)


def _tell_all(line: socket.socket, packet: bytes) -> None:
    line.sendto(packet, (str(GROUP), PORT))


@contextmanager
def _joined(interface: Interface) -> Iterator[socket.socket]:
    """Open a socket for multicast DNS beside others on this machine, Avahi for one."""
    membership = struct.pack("4s4si", GROUP.packed, bytes(4), interface.index)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        line.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, membership)
        line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        # Bound to the group: what is sent to this machine alone stays with whoever else listens.
        line.bind((str(GROUP), PORT))
        line.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        yield line
