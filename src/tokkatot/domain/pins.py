"""The PIN of a farm's hubs, as people choose it."""

from itertools import pairwise
from typing import Final

PIN_PATTERN: Final = r"^[0-9]{6,12}$"
_FEWEST_DIGITS: Final = 3


def is_easy(pin: str) -> bool:
    """Tell whether a PIN is among those that everybody tries first: 111111, 121212, 123456."""
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    return len(set(pin)) < _FEWEST_DIGITS or steps in ({1}, {9})
