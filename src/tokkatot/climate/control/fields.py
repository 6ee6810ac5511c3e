"""A number that is seen, by its name and between its ends."""

from typing import NamedTuple


class Field(NamedTuple):
    """What the number is called, and the ends that it is held to."""

    name: str
    low: float
    high: float
