"""A bounded queue with one consumer, so that what belongs together stays in order."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from tokkatot.kit.queue import BoundedQueue

T = TypeVar("T")


class Lane(Generic[T]):
    """Hands on what has gathered since the last time, up to `at_once` together."""

    def __init__(
        self, work: Callable[[Sequence[T]], Awaitable[None]], *, limit: int, at_once: int
    ) -> None:
        self._work = work
        self._queue: BoundedQueue[T] = BoundedQueue(limit)
        self._at_once = at_once

    def offer(self, item: T) -> bool:
        """Queue an item; False where there is no room."""
        return self._queue.offer(item)

    async def run(self) -> None:
        """Consume until cancelled."""
        while True:
            items = [await self._queue.get()]
            while len(items) < self._at_once and len(self._queue):
                items.append(await self._queue.get())
            await self._work(items)
