"""Tells on standard error how far something is, where a person looks at it."""

import sys
from collections.abc import Callable


def counted(what: str) -> Callable[[int, int], None]:
    """Return what is told how many of how many are done."""
    if not sys.stderr.isatty():
        return _silently

    def tell(done: int, total: int) -> None:
        if done == total or done % 50 == 0:
            end = "\n" if done == total else ""
            print(f"\r{what} {done} of {total}", end=end, file=sys.stderr, flush=True)

    return tell


def _silently(done: int, total: int) -> None:
    del done, total
