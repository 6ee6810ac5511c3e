"""Lines to a cloud in memory, and what can happen to them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from typing_extensions import override

from tests.support.fake_cloud import FakeCloud
from tokkatot.hub.link import Link, LinkLost
from tokkatot.wire.topics import HubLeaf


class FakeLine(Link):
    """One connection; `cut` ends it, `is_mute` makes it half open."""

    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud
        self._down: asyncio.Queue[tuple[HubLeaf, bytes] | None] = asyncio.Queue()
        self.is_mute = False
        self.is_cut = False
        self.sent: list[tuple[HubLeaf, bytes]] = []

    def cut(self) -> None:
        self.is_cut = True
        self._down.put_nowait(None)

    def push(self, leaf: HubLeaf, payload: bytes) -> None:
        """Send something down to the hub."""
        self._down.put_nowait((leaf, payload))

    @override
    async def send(self, leaf: HubLeaf, payload: bytes, *, qos: int) -> None:
        if self.is_cut:
            raise LinkLost("cut")
        self.sent.append((leaf, payload))
        if not self.is_mute:
            for answer in self._cloud.hear(leaf, payload):
                self.push(*answer)

    @override
    async def messages(self) -> AsyncIterator[tuple[HubLeaf, bytes]]:
        while (message := await self._down.get()) is not None:
            yield message
        raise LinkLost("cut")


class FakeLines:
    """Makes a line at each call, unless it refuses."""

    def __init__(self, cloud: FakeCloud) -> None:
        self._cloud = cloud
        self.made: list[FakeLine] = []
        self.refuses = 0

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Link]:
        if self.refuses:
            self.refuses -= 1
            raise LinkLost("connection refused")
        self.made.append(FakeLine(self._cloud))
        yield self.made[-1]
