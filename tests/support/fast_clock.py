"""A clock on which waiting is short."""

import asyncio
from datetime import datetime

from typing_extensions import override

from tokkatot.kit.clock import Clock, SystemClock, from_ms


class FastClock(Clock):
    """The machine's clock, so many times faster since it was made."""

    def __init__(self, times: float) -> None:
        self._system = SystemClock()
        self._times = times
        self._began_s = self._system.monotonic()
        self._began_ms = self._system.now_ms()

    @override
    def monotonic(self) -> float:
        return (self._system.monotonic() - self._began_s) * self._times

    @override
    def now_ms(self) -> int:
        return self._began_ms + round(self.monotonic() * 1000)

    @override
    def now(self) -> datetime:
        return from_ms(self.now_ms())

    @override
    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s / self._times)
