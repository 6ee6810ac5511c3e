"""UUIDv7 (RFC 9562), made in the process so that ids sort by time and need no database."""

import secrets
from collections.abc import Callable
from uuid import UUID

from tokkatot.kit.clock import Clock

_COUNTER_BITS = 12
_COUNTER_LIMIT = 1 << _COUNTER_BITS


class IdSource:
    """Makes UUIDv7 ids that rise strictly within one process."""

    def __init__(self, clock: Clock, random_bits: Callable[[int], int] = secrets.randbits) -> None:
        self._clock = clock
        self._random_bits = random_bits
        self._last_ms = -1
        self._counter = 0

    def new(self) -> UUID:
        """Return the next id: 48 bits of milliseconds, 12 of counter, 62 of randomness."""
        now_ms = max(self._clock.now_ms(), 0)
        if now_ms > self._last_ms:
            self._last_ms = now_ms
            self._counter = self._random_bits(_COUNTER_BITS - 1)
        else:
            # Same millisecond, or the wall clock went back: keep rising from the last one.
            self._counter += 1
            if self._counter >= _COUNTER_LIMIT:
                self._last_ms += 1
                self._counter = 0
        value = (self._last_ms & ((1 << 48) - 1)) << 80
        value |= 0x7 << 76
        value |= self._counter << 64
        value |= 0b10 << 62
        value |= self._random_bits(62)
        return UUID(int=value)
