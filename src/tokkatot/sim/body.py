"""What the physics of every kind of house has in common: it is saved, and taken up again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from tokkatot.climate.physics.air import relative_humidity_pct
from tokkatot.climate.physics.outdoor import Outdoor

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

S = TypeVar("S", bound="DataclassInstance")
T = TypeVar("T", bound="DataclassInstance")

_OF_TWIN = "twin."


@dataclass(slots=True, kw_only=True)
class Station:
    """What a weather station was in last."""

    outdoor_c: float
    outdoor_pa: float
    """Of vapour."""
    radiation_w_m2: float = 0.0

    def note(self, outdoor: Outdoor) -> None:
        """Take the weather."""
        self.outdoor_c, self.outdoor_pa = outdoor.temperature_c, outdoor.vapour_pa
        self.radiation_w_m2 = outdoor.radiation_w_m2

    def shows(self) -> dict[str, float]:
        """Return the true value behind each of its channels."""
        return {
            "station.temperature": self.outdoor_c,
            "station.relative_humidity": min(
                relative_humidity_pct(self.outdoor_c, self.outdoor_pa), 100.0
            ),
            "station.global_radiation": self.radiation_w_m2,
        }


class Body(Generic[S, T]):
    """Holds all that a house remembers: what its twin carries on, and what is beside the air."""

    def __init__(self, state: S, twin: T) -> None:
        self.state = state
        self.twin = twin

    def save(self) -> dict[str, float]:
        """Return everything that is remembered."""
        twin = {f"{_OF_TWIN}{name}": value for name, value in asdict(self.twin).items()}
        return asdict(self.state) | twin

    def restore(self, values: Mapping[str, float]) -> None:
        """Take up what was saved.

        Raises:
            TypeError: when a value is missing or unknown.
        """
        of_twin = {name for name in values if name.startswith(_OF_TWIN)}
        twin = type(self.twin)(**{name.removeprefix(_OF_TWIN): values[name] for name in of_twin})
        self.state = type(self.state)(
            **{name: value for name, value in values.items() if name not in of_twin}
        )
        self.twin = twin
