"""What happened, as one rolling hash: two runs that differ anywhere differ in it."""

import hashlib
from collections import Counter, deque

_LAST = 40


class Trace:
    """Notes events in their order; keeps their sum, their counts, and the last few of them."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self._last: deque[str] = deque(maxlen=_LAST)
        self.counts: Counter[str] = Counter()

    def note(self, t_s: float, what: str, detail: str = "") -> None:
        """Add an event to the sum."""
        line = f"{t_s:.6f} {what} {detail}"
        self._hash.update(line.encode())
        self._last.append(line)
        self.counts[what] += 1

    def last(self) -> list[str]:
        """Return the newest events, for who looks for a cause."""
        return list(self._last)

    def digest(self) -> str:
        """Return the sum over everything that was noted."""
        return self._hash.hexdigest()
