"""A queue with a limit that is enforced."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class BoundedQueue(Generic[T]):
    """A single-consumer asyncio queue; a full one makes writers wait or drops, as they choose."""

    def __init__(self, limit: int) -> None:
        assert limit > 0, "a queue holds at least one item"
        self._limit = limit
        self._items: deque[T] = deque()
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._items)

    def offer(self, item: T) -> bool:
        """Append if there is room; otherwise count a drop and return False."""
        if len(self._items) >= self._limit:
            self.dropped += 1
            return False
        self._append(item)
        return True

    async def put(self, item: T) -> None:
        """Append, waiting for room; the caller bounds the wait."""
        while len(self._items) >= self._limit:
            self._room.clear()
            await self._room.wait()
        self._append(item)

    async def get(self) -> T:
        """Return the oldest item, waiting for one; the caller bounds the wait."""
        while not self._items:
            self._filled.clear()
            await self._filled.wait()
        item = self._items.popleft()
        self._room.set()
        return item

    def drain(self) -> list[T]:
        """Take everything that is there now, oldest first."""
        items = list(self._items)
        self._items.clear()
        self._room.set()
        return items

    def _append(self, item: T) -> None:
        self._items.append(item)
        self._filled.set()
