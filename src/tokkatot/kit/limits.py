"""Token buckets, one a caller, with a limit on how many callers are remembered."""

import math
from collections import OrderedDict
from collections.abc import Hashable

from tokkatot.kit.clock import Clock

MAX_CALLERS = 20_000


class RateLimit:
    """Lets each caller through `per_minute` times a minute, all at once if need be."""

    def __init__(self, per_minute: int, *, clock: Clock, max_callers: int = MAX_CALLERS) -> None:
        assert per_minute > 0, "a limit lets something through"
        self._per_minute = per_minute
        self._clock = clock
        self._max_callers = max_callers
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, caller: Hashable) -> int | None:
        """Count one request; return None where it may pass, else the seconds to wait."""
        now_s = self._clock.monotonic()
        tokens, then_s = self._buckets.pop(caller, (float(self._per_minute), now_s))
        rate_per_s = self._per_minute / 60
        tokens = min(tokens + (now_s - then_s) * rate_per_s, float(self._per_minute))
        passes = tokens >= 1
        self._buckets[caller] = (tokens - 1 if passes else tokens, now_s)
        if len(self._buckets) > self._max_callers:
            self._buckets.popitem(last=False)
        return None if passes else math.ceil((1 - tokens) / rate_per_s)
