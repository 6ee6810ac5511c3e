"""How often a caller may ask, counted by this process alone or by all of them together."""

from collections.abc import Callable, Hashable
from typing import Protocol

from typing_extensions import override

from tokkatot.kit.clock import Clock
from tokkatot.kit.limits import RateLimit


class Limit(Protocol):
    """Lets each caller through so often a minute, all at once if need be."""

    async def take(self, caller: Hashable) -> int | None:
        """Count one request; return None where it may pass, else the seconds to wait."""
        ...


LimitOf = Callable[[str, int], Limit]
"""Makes a limit of a name, which lets each caller through so often a minute."""


class OwnLimit(Limit):
    """Counts in this process."""

    def __init__(self, per_minute: int, *, clock: Clock) -> None:
        self._limit = RateLimit(per_minute, clock=clock)

    @override
    async def take(self, caller: Hashable) -> int | None:
        return self._limit.take(caller)


def own_limits(clock: Clock) -> LimitOf:
    """Return what makes limits that this process counts alone."""

    def limit_of(_name: str, per_minute: int) -> Limit:
        return OwnLimit(per_minute, clock=clock)

    return limit_of
