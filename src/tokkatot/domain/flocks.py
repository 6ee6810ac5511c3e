"""The birds of a coop: since when they are there, how many, and how heavy at which age."""

from dataclasses import dataclass
from datetime import date

from tokkatot.domain.schedules import Curve, CurvePoint, check_curve

# Live weight in kg at weekly ages: Ross 308 as-hatched, performance objectives 2022, rounded.
BROILER_WEIGHT_KG: Curve = tuple(
    CurvePoint(day=7 * week, value=kg)
    for week, kg in enumerate((0.044, 0.21, 0.53, 1.01, 1.65, 2.35, 3.05))
)
LARGEST_FLOCK = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Flock:
    """The birds of a coop from placing to clearing; the day of placing is day 0.

    Raises:
        ValueError: when its numbers make no flock; the text says which.
    """

    placed_on: date
    count: int
    weight_kg: Curve = BROILER_WEIGHT_KG

    def __post_init__(self) -> None:
        if not 0 <= self.count <= LARGEST_FLOCK:
            raise ValueError(f"count must lie in 0..{LARGEST_FLOCK}")
        check_curve(self.weight_kg, 0.0, 50.0, "weight_kg")
