"""The hub's wall clock: the machine's own until the cloud has told the time, then that."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique

from typing_extensions import override

from tokkatot.kit.clock import Clock, from_ms

EARLIEST_MS = 1_735_689_600_000
"""2025-01-01T00:00Z: a machine whose clock shows an earlier time was started without one."""

MAX_DRIFT = 100e-6
"""How fast a cheap quartz may run off: 100 ppm, 9 s a day."""


@unique
class ClockQuality(StrEnum):
    """How far the wall time can be trusted.

    A machine without a battery for its clock may come up with any time of the past, so its own time
    is an estimate until the cloud or the machine's kernel stands for it.
    """

    UNSET = "unset"
    ESTIMATED = "estimated"
    GOOD = "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fix:
    """The cloud's wall time at one monotonic moment, right within `error_s`."""

    mono_s: float
    wall_ms: float
    error_s: float

    def error_at(self, mono_s: float) -> float:
        return self.error_s + (mono_s - self.mono_s) * MAX_DRIFT

    def wall_at(self, mono_s: float) -> float:
        return self.wall_ms + (mono_s - self.mono_s) * 1000

    def contradicts(self, newer: "_Fix") -> bool:
        """Tell whether no time would be right by both."""
        apart_s = abs(newer.wall_ms - self.wall_at(newer.mono_s)) / 1000
        return apart_s > newer.error_s + self.error_at(newer.mono_s)


class SyncedClock(Clock):
    """A clock that follows the cloud's once it knows it, whatever the machine's own does.

    After the first fix wall time is that of the fix plus monotonic time, so a machine clock that
    jumps by years moves nothing. `is_machine_synchronised` is asked until it once said yes.
    """

    def __init__(self, machine: Clock, *, is_machine_synchronised: Callable[[], bool]) -> None:
        self._machine = machine
        self._is_machine_synchronised = is_machine_synchronised
        self._is_machine_right = False
        self._fix: _Fix | None = None

    def learn(self, *, cloud_ms: int, sent_s: float, heard_s: float) -> None:
        """Take a time that the cloud told between two monotonic moments.

        A fix that is worse than what the older one has drifted to is not taken, unless both can't
        be right: the cloud's own clock was set, and orders bear its new time. The first one is
        taken however long it took: orders are judged with its error, and without any time at all
        a hub could take neither orders nor documents for as long as the session lasts.
        """
        round_trip_s = heard_s - sent_s
        if round_trip_s < 0 or cloud_ms < EARLIEST_MS:
            return
        fix = _Fix(
            mono_s=heard_s,
            wall_ms=cloud_ms + round_trip_s * 500,
            error_s=round_trip_s / 2,
        )
        held = self._fix
        if held is None or fix.error_s <= held.error_at(heard_s) or held.contradicts(fix):
            self._fix = fix

    @property
    def quality(self) -> ClockQuality:
        """Return how far `now_ms` can be trusted."""
        if self._fix is not None:
            return ClockQuality.GOOD
        if self._machine.now_ms() < EARLIEST_MS:
            return ClockQuality.UNSET
        self._is_machine_right = self._is_machine_right or self._is_machine_synchronised()
        return ClockQuality.GOOD if self._is_machine_right else ClockQuality.ESTIMATED

    def cloud_ms(self) -> tuple[int, int] | None:
        """Return the cloud's wall time and how far off it may be; None where it was never told."""
        if self._fix is None:
            return None
        error_ms = self._fix.error_at(self._machine.monotonic()) * 1000
        return self.now_ms(), round(error_ms)

    @override
    def now_ms(self) -> int:
        fix = self._fix
        if fix is None:
            return self._machine.now_ms()
        return round(fix.wall_at(self._machine.monotonic()))

    @override
    def now(self) -> datetime:
        return from_ms(self.now_ms())

    @override
    def monotonic(self) -> float:
        return self._machine.monotonic()

    @override
    async def sleep(self, delay_s: float) -> None:
        await self._machine.sleep(delay_s)
