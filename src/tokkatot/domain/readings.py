"""A reading: quantity, value, time and quality of one device."""

from dataclasses import dataclass

from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quality, Quantity, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One accepted value; `t_ms` is UTC in milliseconds since 1970, the unit is the quantity's."""

    device_id: DeviceId
    quantity: Quantity
    t_ms: int
    value: float
    quality: Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedReading:
    """A value that was not accepted, as it came, with the reason; listed, never stored as data."""

    device_id: DeviceId
    quantity: str
    t_ms: int | None
    raw: str
    reason: Refusal
