"""Which values of a sensor can be believed: not too fast, not stuck, not alone against another."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType

from msgspec.structs import replace

from tokkatot.automation.state import Sensed
from tokkatot.domain.houses import SetPoints
from tokkatot.domain.quantities import SPECS, Quantity

APART_C = 3.0
APART_FOR_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How far a value may be from the one before it: at once, and for every second between."""

    at_once: float
    per_s: float


# Air in a house has mass: more in one report is a loose wire or another sensor's answer. A DS18B20
# that lost its power says 85 °C, one without its line -127 °C.
PACES: Mapping[Quantity, Pace] = MappingProxyType(
    {
        Quantity.TEMPERATURE: Pace(at_once=5.0, per_s=0.2),
        Quantity.RELATIVE_HUMIDITY: Pace(at_once=40.0, per_s=2.0),
        Quantity.WATER_LEVEL: Pace(at_once=40.0, per_s=2.0),
    }
)

# The last digit of a thermometer that lives does not stand still for hours.
STUCK_AFTER_S: Mapping[Quantity, float] = MappingProxyType({Quantity.TEMPERATURE: 4 * 3600.0})


def take(before: Sensed | None, quantity: Quantity, value: float, now_s: float) -> Sensed | None:
    """Return what is believed after a new value; None where nothing was and it is none.

    A value that is out of range is no value; one that came too fast waits for the next one to say
    the same.
    """
    spec = SPECS[quantity]
    if not spec.minimum <= value <= spec.maximum:
        return before
    if before is None:
        return Sensed(value=value, at_s=now_s, moved_s=now_s)
    if not _reachable(quantity, before.value, value, now_s - before.at_s) and not (
        before.strange is not None and _reachable(quantity, before.strange, value, 0.0)
    ):
        return replace(before, strange=value, strange_s=now_s)
    moved_s = before.moved_s if value == before.value else now_s
    return Sensed(value=value, at_s=now_s, moved_s=moved_s)


def stuck_from_s(quantity: Quantity, sensed: Sensed) -> float:
    """Return from when on a value that does not move means that its sensor must be dead."""
    return sensed.moved_s + STUCK_AFTER_S.get(quantity, inf)


def worse(temperatures: list[float], points: SetPoints) -> float:
    """Return the temperature that is furthest from where the house should be."""
    middle_c = (points.temperature_min_c + points.temperature_max_c) / 2
    return max(temperatures, key=lambda celsius: abs(celsius - middle_c))


def _reachable(quantity: Quantity, before: float, value: float, after_s: float) -> bool:
    pace = PACES.get(quantity)
    return pace is None or abs(value - before) <= pace.at_once + pace.per_s * after_s
