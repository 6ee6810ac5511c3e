"""What a kilowatt-hour costs by the hour of the day, for who sees prices and who pays them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from tokkatot.climate.control.crop import TomatoPrices
from tokkatot.climate.control.flock import FlockPrices

HOURS: Final = 24
DEAREST: Final = 100.0
"""So many times the price at most; beyond it somebody has mistyped."""
Factors = tuple[float, ...]
"""How many times its price a kilowatt-hour costs in each hour from midnight on."""
FLAT: Final[Factors] = (1.0,) * HOURS

Prices = TypeVar("Prices", FlockPrices, TomatoPrices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """Prices of energy by the clock; without one they are the same all day.

    Raises:
        ValueError: where there are not 24 factors above nought, `DEAREST` at most.
    """

    electricity: Factors = FLAT
    heat: Factors = FLAT

    def __post_init__(self) -> None:
        for factors in (self.electricity, self.heat):
            if len(factors) != HOURS or not all(0.0 < one <= DEAREST for one in factors):
                raise ValueError(f"a tariff has {HOURS} factors above 0, {DEAREST:g} at most")


def priced(prices: Prices, tariff: Tariff, hour: float) -> Prices:
    """Return the prices of this hour of the day."""
    return replace(
        prices,
        electricity_kwh=prices.electricity_kwh * tariff.electricity[int(hour)],
        heat_kwh=prices.heat_kwh * tariff.heat[int(hour)],
    )


def weighed_kwh(by_hour_kwh: Sequence[float], factors: Factors) -> float:
    """Return how many kWh at the price itself cost as much as these of each hour of the day."""
    return sum(kwh * factor for kwh, factor in zip(by_hour_kwh, factors, strict=True))
