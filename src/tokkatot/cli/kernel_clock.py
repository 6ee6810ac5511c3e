"""Asks the kernel whether something, such as NTP, keeps the machine's clock right."""

import ctypes
from collections.abc import Callable
from typing import Final

_TIMEX_BYTES: Final = 1024
"""More than a `struct timex` of any machine; one of zeros asks and changes nothing."""

_SYNCHRONISED: Final = frozenset(range(5))
"""What adjtimex(2) returns but TIME_ERROR (5, nobody keeps the clock right) and -1 (forbidden)."""


def is_clock_synchronised() -> bool:
    """Tell whether the clock is kept right; where nobody can say so, it is not."""
    return says_synchronised(getattr(ctypes.CDLL(None), "adjtimex", None))


def says_synchronised(adjtimex: Callable[[object], int] | None) -> bool:
    """Tell whether this adjtimex(2) calls the clock synchronised; None where there is none."""
    if adjtimex is None:
        return False
    return adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)) in _SYNCHRONISED
