"""The birds of a coop: since when they are there, how many, and how heavy at which age."""

from dataclasses import dataclass
from datetime import date
from math import exp, log

from tokkatot.domain.schedules import Curve, CurvePoint, check_curve

# Live weight in kg at weekly ages: Ross 308 as-hatched, performance objectives 2022, rounded.
BROILER_WEIGHT_KG: Curve = tuple(
    CurvePoint(day=7 * week, value=kg)
    for week, kg in enumerate((0.044, 0.21, 0.53, 1.01, 1.65, 2.35, 3.05))
)
NATIVE_MATURE_KG = 1.61
NATIVE_GROWTH_PER_D = 0.0247
_NATIVE_CHICK_KG = 0.03
_NATIVE_WEEKS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 20, 24, 30)


def native_kg(age_d: float) -> float:
    """Return what a bird of the village weighs (Gompertz).

    Source: T. H. Nguyen et al., Mathematical models to describe the growth curves of Vietnamese Ri
    chicken, Brazilian Journal of Biology 83 (2023) e249756: cocks turn at 697 g in week 8.46, hens
    at 488 g in week 7.51. Ours goes through the mean of both, and through a chick of 30 g.
    """
    left = log(NATIVE_MATURE_KG / _NATIVE_CHICK_KG) * exp(-NATIVE_GROWTH_PER_D * age_d)
    return NATIVE_MATURE_KG * exp(-left)


NATIVE_WEIGHT_KG: Curve = tuple(
    CurvePoint(day=7 * week, value=round(native_kg(7.0 * week), 3)) for week in _NATIVE_WEEKS
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
