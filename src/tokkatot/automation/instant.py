"""A moment as the engine sees it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """Monotonic seconds for every duration, and the wall time where the hub knows it."""

    monotonic_s: float
    utc_ms: int | None = None
