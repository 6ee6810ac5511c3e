"""What the physics of every kind of house has in common: a state that is saved and taken up."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

S = TypeVar("S", bound="DataclassInstance")


class Body(Generic[S]):
    """Holds everything that a house remembers."""

    def __init__(self, state: S) -> None:
        self.state = state

    def save(self) -> dict[str, float]:
        """Return everything that is remembered."""
        return asdict(self.state)

    def restore(self, values: Mapping[str, float]) -> None:
        """Take up what was saved.

        Raises:
            TypeError: when a value is missing or unknown.
        """
        self.state = type(self.state)(**values)
