"""How long to wait before trying again."""

from collections.abc import Callable


class Backoff:
    """Exponential waiting with equal jitter, bounded above.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 (the "equal jitter" form).
    """

    def __init__(
        self, *, first_s: float, cap_s: float, random: Callable[[], float], factor: float = 2.0
    ) -> None:
        assert 0 < first_s <= cap_s, "the first wait is positive and not above the cap"
        self._first_s = first_s
        self._cap_s = cap_s
        self._factor = factor
        self._random = random
        self._ceiling_s = first_s

    def next_s(self) -> float:
        """Return the next wait in seconds: between half the ceiling and the ceiling."""
        ceiling_s = self._ceiling_s
        self._ceiling_s = min(ceiling_s * self._factor, self._cap_s)
        return ceiling_s * (0.5 + 0.5 * self._random())

    def reset(self) -> None:
        """Start again from the first wait, after a success."""
        self._ceiling_s = self._first_s
