"""Houses, their kinds and the set-points that their rules hold."""

from dataclasses import dataclass
from enum import StrEnum, unique


@unique
class HouseKind(StrEnum):
    """What lives in the house."""

    COOP = "coop"
    GREENHOUSE = "greenhouse"


@unique
class HouseMode(StrEnum):
    """What a house is used for now: a coop's turn, or the stage of a greenhouse's crop."""

    EMPTY = "empty"
    PREHEAT = "preheat"
    GROWTH = "growth"
    CATCHING = "catching"
    SEEDLING = "seedling"
    VEGETATIVE = "vegetative"
    FLOWERING = "flowering"
    HARVEST = "harvest"


MODES: dict[HouseKind, tuple[HouseMode, ...]] = {
    HouseKind.COOP: (
        HouseMode.EMPTY,
        HouseMode.PREHEAT,
        HouseMode.GROWTH,
        HouseMode.CATCHING,
    ),
    HouseKind.GREENHOUSE: (
        HouseMode.EMPTY,
        HouseMode.SEEDLING,
        HouseMode.VEGETATIVE,
        HouseMode.FLOWERING,
        HouseMode.HARVEST,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPoints:
    """The targets of a house's rules: °C and % of a full tank.

    Raises:
        ValueError: when the targets contradict each other; the text says which.
    """

    temperature_min_c: float
    temperature_max_c: float
    temperature_hard_max_c: float
    water_low_percent: float = 20.0
    water_full_percent: float = 90.0

    def __post_init__(self) -> None:
        if not self.temperature_min_c + 1 <= self.temperature_max_c:
            raise ValueError("temperature_max_c must be at least 1 °C above temperature_min_c")
        if not self.temperature_max_c + 1 <= self.temperature_hard_max_c:
            raise ValueError("temperature_hard_max_c must be at least 1 °C above temperature_max_c")
        if not 0 <= self.water_low_percent < self.water_full_percent <= 100:
            raise ValueError("water_low_percent must be below water_full_percent, both in 0..100")
        if not self.temperature_min_c >= -20 or not self.temperature_hard_max_c <= 60:
            raise ValueError("temperatures must lie between -20 and 60 °C")


# Birds survive 20 to 30 minutes above 36 °C in still air, so the hard limit is below that.
DEFAULT_SETPOINTS: dict[HouseKind, SetPoints] = {
    HouseKind.COOP: SetPoints(
        temperature_min_c=22.0, temperature_max_c=30.0, temperature_hard_max_c=35.0
    ),
    HouseKind.GREENHOUSE: SetPoints(
        temperature_min_c=16.0, temperature_max_c=28.0, temperature_hard_max_c=38.0
    ),
}
