"""Whether nothing is new: values of the engine never change, so who is the same has the same."""

from collections.abc import Collection
from operator import is_

A_MOMENT_S = 0.001


def soon(at_s: float) -> float:
    """Return a moment just before the one that was reckoned: sums of seconds are rounded."""
    return at_s - A_MOMENT_S


def are_same(some: Collection[object], others: Collection[object]) -> bool:
    """Tell whether these are the very same objects, in the same order."""
    return len(some) == len(others) and all(map(is_, some, others))
