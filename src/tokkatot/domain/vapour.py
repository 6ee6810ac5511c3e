"""How dry air and leaves are, as it follows from temperatures and humidity.

Source: R. Allen et al., Crop evapotranspiration, FAO Irrigation and Drainage Paper 56, Rome 1998,
equation 11 for the saturation vapour pressure over water; the deficit as in its chapter 3, for one
instant instead of a day.
"""

from collections.abc import Callable, Collection, Mapping
from math import exp
from types import MappingProxyType
from typing import Final

from tokkatot.domain.quantities import SPECS, Quantity

SATURATED_KPA: Final = 0.6108
"""At 0 °C."""
STEEPNESS: Final = 17.27
OFFSET_C: Final = 237.3

DERIVED_FROM: Mapping[Quantity, frozenset[Quantity]] = MappingProxyType(
    {
        Quantity.VPD: frozenset({Quantity.TEMPERATURE, Quantity.RELATIVE_HUMIDITY}),
        Quantity.LEAF_VPD: frozenset(
            {Quantity.LEAF_TEMPERATURE, Quantity.TEMPERATURE, Quantity.RELATIVE_HUMIDITY}
        ),
    }
)
"""What a quantity follows from that nobody needs to measure."""


def is_told(quantity: Quantity, measured: Collection[str]) -> bool:
    """Tell whether a quantity is known of a place where these are measured."""
    follows_from = DERIVED_FROM.get(quantity)
    return quantity in measured or (follows_from is not None and follows_from <= set(measured))


def derived(quantity: Quantity, value_of: Callable[[Quantity], float | None]) -> float | None:
    """Return what follows from other quantities of the same place.

    None where nothing does, and where one of them is not known. It is no more than a sensor of its
    own could show: what goes by it must not rest where it is driest.
    """
    if quantity not in DERIVED_FROM:
        return None
    air_c, percent = value_of(Quantity.TEMPERATURE), value_of(Quantity.RELATIVE_HUMIDITY)
    leaf_c = value_of(Quantity.LEAF_TEMPERATURE) if quantity is Quantity.LEAF_VPD else air_c
    if air_c is None or percent is None or leaf_c is None:
        return None
    return min(deficit_kpa(leaf_c, air_c, percent), SPECS[quantity].maximum)


def deficit_kpa(leaf_c: float, air_c: float, percent: float) -> float:
    """Return how much more vapour pressure there is in a leaf than in the air around it.

    Of a leaf as warm as the air it is the air's own deficit. A leaf that is colder than the dew
    point is wet: nought.
    """
    return max(_saturated_kpa(leaf_c) - _saturated_kpa(air_c) * percent / 100.0, 0.0)


def _saturated_kpa(celsius: float) -> float:
    return SATURATED_KPA * exp(STEEPNESS * celsius / (celsius + OFFSET_C))
