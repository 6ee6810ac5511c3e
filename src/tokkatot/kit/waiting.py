"""Waiting for something to happen, but not for ever."""

import asyncio
from collections import deque


class Bell:
    """What `asyncio.Event` is, for those who wait no longer than a while.

    A time-out around an event throws an exception into the task that waits, each time that nothing
    happens; for a loop that mostly waits in vain this is most of its work. Here it is an answer.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._waiters: deque[asyncio.Future[bool]] = deque()

    def is_set(self) -> bool:
        """Tell whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Wake all who wait; nobody waits from now on."""
        if self._is_set:
            return
        self._is_set = True
        for waiter in self._waiters:
            _answer(waiter, True)  # noqa: FBT003 - the value of a future

    def clear(self) -> None:
        """Let people wait again."""
        self._is_set = False

    async def set_within(self, timeout_s: float) -> bool:
        """Return True once it is set, False when it was not within `timeout_s` seconds."""
        if self._is_set:
            return True
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bool] = loop.create_future()
        timer = loop.call_later(timeout_s, _answer, waiter, False)  # noqa: FBT003 - the same
        self._waiters.append(waiter)
        try:
            return await waiter
        finally:
            timer.cancel()
            self._waiters.remove(waiter)


def _answer(waiter: "asyncio.Future[bool]", is_set: bool) -> None:  # noqa: FBT001 - the same
    if not waiter.done():
        waiter.set_result(is_set)
