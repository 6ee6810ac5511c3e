"""A moment as the engine sees it."""

from msgspec import Struct


class Instant(Struct, frozen=True, kw_only=True):
    """Monotonic seconds for every duration, and the wall time where the hub knows it."""

    monotonic_s: float
    utc_ms: int | None = None
