"""Counts the turns of the control loop, for who has to wait for a whole one."""

import asyncio


class Turns:
    """A turn that is under way counts for nobody: it may have looked already at what is new."""

    def __init__(self) -> None:
        self._begun = self._over = 0
        self._ended = asyncio.Event()

    def begin(self) -> None:
        """Note that a turn begins."""
        self._begun += 1

    def end(self) -> None:
        """Note that it is over, and all that it told is handed on."""
        self._over = self._begun
        self._ended.set()
        self._ended.clear()

    async def whole(self) -> None:
        """Return once a turn that begins from now on is over; who calls says within what time."""
        turn = self._begun + 1
        while self._over < turn:
            await self._ended.wait()
