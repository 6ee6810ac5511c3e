"""A clock that stands still, and with it everybody who sleeps by it."""

import asyncio
from datetime import datetime

from typing_extensions import override

from tokkatot.kit.clock import ManualClock


class StillClock(ManualClock):
    """Who sleeps wakes once the clock was moved far enough."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    @override
    def advance(self, delta_s: float) -> None:
        super().advance(delta_s)
        due = [one for until_s, one in self._sleepers if until_s <= self.monotonic()]
        self._sleepers = [one for one in self._sleepers if one[1] not in due]
        for sleeper in due:
            if not sleeper.done():
                sleeper.set_result(None)

    @override
    async def sleep(self, delay_s: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.monotonic() + delay_s, woken))
        await woken
