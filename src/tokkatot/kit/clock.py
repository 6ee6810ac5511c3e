"""The one place where time comes from."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol

from typing_extensions import override


class Clock(Protocol):
    """Wall time for records, monotonic time for durations, and sleeping."""

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""
        ...

    def now_ms(self) -> int:
        """Return the wall time as integer milliseconds since 1970 UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that never jumps."""
        ...

    async def sleep(self, delay_s: float) -> None:
        """Return after `delay_s` seconds of this clock."""
        ...


class SystemClock(Clock):
    """The clock of the machine."""

    @override
    def now(self) -> datetime:
        return datetime.now(UTC)

    @override
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    @override
    def monotonic(self) -> float:
        return time.monotonic()

    @override
    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)


class ManualClock(Clock):
    """A clock that stands still until it is told to move; for tests and simulation."""

    def __init__(self, start: datetime) -> None:
        assert start.tzinfo is not None, "a wall time needs its zone"
        self._start_ms = round(start.timestamp() * 1000)
        self._monotonic_s = 0.0
        self._jump_ms = 0

    def advance(self, delta_s: float) -> None:
        """Move wall and monotonic time forward by `delta_s` seconds."""
        assert delta_s >= 0, "time runs forward; use jump() for a wrong wall clock"
        self._monotonic_s += delta_s

    def jump(self, delta_s: float) -> None:
        """Move the wall time alone, as a corrected clock does."""
        self._jump_ms += round(delta_s * 1000)

    @override
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC)

    @override
    def now_ms(self) -> int:
        return self._start_ms + self._jump_ms + round(self._monotonic_s * 1000)

    @override
    def monotonic(self) -> float:
        return self._monotonic_s

    @override
    async def sleep(self, delay_s: float) -> None:
        self.advance(max(delay_s, 0.0))
        await asyncio.sleep(0)


def to_ms(instant: datetime) -> int:
    """Return an aware instant as integer milliseconds since 1970 UTC."""
    assert instant.tzinfo is not None, "a wall time needs its zone"
    return round(instant.timestamp() * 1000)


def from_ms(t_ms: int) -> datetime:
    """Return integer milliseconds since 1970 UTC as an aware instant."""
    return datetime.fromtimestamp(t_ms / 1000, UTC)


def to_rfc3339(instant: datetime) -> str:
    """Return an aware instant as people's programs read it: UTC, to the millisecond, with a Z."""
    assert instant.tzinfo is not None, "a wall time needs its zone"
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
