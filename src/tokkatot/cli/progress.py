"""Tells on standard error how far something is, where a person looks at it."""

import sys
from math import inf

from tokkatot.kit.clock import Clock, SystemClock

EVERY_S = 1.0


class Progress:
    """Is told how many of how many are done; says so once a second at most, and at the end."""

    def __init__(self, what: str, clock: Clock) -> None:
        """Take what is done, in one word."""
        self._what = what
        self._clock = clock
        self._is_watched = sys.stderr.isatty()
        self._said_s = -inf
        self._is_open = False

    def __call__(self, done: int, total: int) -> None:
        """Note that so many are done."""
        now_s = self._clock.monotonic()
        if not self._is_watched or (done < total and now_s - self._said_s < EVERY_S):
            return
        self._said_s, self._is_open = now_s, done < total
        end = "" if self._is_open else "\n"
        print(f"\r{self._what} {done} of {total}", end=end, file=sys.stderr, flush=True)

    def stop(self) -> None:
        """End the line where nothing more comes."""
        if self._is_open:
            self._is_open = False
            print(file=sys.stderr)


def counted(what: str, clock: Clock | None = None) -> Progress:
    """Return what is told how many of how many are done."""
    return Progress(what, clock or SystemClock())
