"""By which time alerts of photographs are reckoned while nobody stands for the clock."""

from collections.abc import Callable

from tokkatot.kit.clock import Clock


class Reckoning:
    """Wall time that does not fall behind what was kept before, until it is known to be right.

    A machine without a battery for its clock wakes in 1970: by that, all that was kept lies decades
    ahead, and nothing of it would hold.
    """

    def __init__(self, clock: Clock, *, is_time_good: Callable[[], bool]) -> None:
        self._clock = clock
        self._is_time_good = is_time_good
        self._last_ms = 0
        self._last_s = clock.monotonic()

    def go_on_from(self, kept_ms: int) -> None:
        """Take what was kept last for not earlier than that, as of now."""
        self._last_ms, self._last_s = kept_ms, self._clock.monotonic()

    def now_ms(self) -> int:
        """Return wall time; an estimate goes on from the latest moment by the monotonic clock."""
        now_ms, now_s = self._clock.now_ms(), self._clock.monotonic()
        if not self._is_time_good():
            now_ms = max(now_ms, self._last_ms + round((now_s - self._last_s) * 1000))
        self._last_ms, self._last_s = now_ms, now_s
        return now_ms
