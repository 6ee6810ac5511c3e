"""What a house does by itself when its sensors say so, as people write it down."""

from collections.abc import Iterable
from enum import StrEnum, unique

from msgspec import Struct

from tokkatot.domain.devices import OFF, ON, Level
from tokkatot.domain.ids import DeviceId, RuleId
from tokkatot.domain.quantities import SPECS, Quantity

MAX_DEVICES = 50
MAX_CONDITIONS = 10
MAX_STAGES = 12
LONGEST_DELAY_S = 86_400.0


@unique
class Comparison(StrEnum):
    """On which side of a threshold a value is."""

    ABOVE = "above"
    BELOW = "below"


@unique
class Combine(StrEnum):
    """Whether every condition must hold or one is enough."""

    ALL = "all"
    ANY = "any"


def check_devices(devices: Iterable[DeviceId], what: str = "devices") -> None:
    """Refuse an empty, a long or a repeating list of devices.

    Raises:
        ValueError: with what is wrong.
    """
    listed = list(devices)
    if not 1 <= len(listed) <= MAX_DEVICES:
        raise ValueError(f"{what} must name 1 to {MAX_DEVICES} devices")
    if len(set(listed)) != len(listed):
        raise ValueError(f"{what} names a device twice")


def check_level(level: Level, what: str = "level") -> None:
    """Refuse a level outside 0..100.

    Raises:
        ValueError: with what is wrong.
    """
    if not OFF <= level <= ON:
        raise ValueError(f"{what} must lie in 0..100 %")


def check_within(value: float, low: float, high: float, what: str) -> None:
    """Refuse a number outside a range, NaN included.

    Raises:
        ValueError: with what is wrong.
    """
    if not low <= value <= high:
        raise ValueError(f"{what} must lie in {low:g}..{high:g}")


def check_threshold(quantity: Quantity, value: float, what: str = "threshold") -> None:
    """Refuse a threshold that no reading of the quantity can reach.

    Raises:
        ValueError: with what is wrong.
    """
    spec = SPECS[quantity]
    check_within(value, spec.minimum, spec.maximum, f"{what} of {quantity} ({spec.unit})")


class Condition(Struct, frozen=True, kw_only=True):
    """A quantity on one side of a threshold, for a while, until it is back beyond the hysteresis.

    Without a `device_id` it looks at what the house's believed sensors say together.
    """

    quantity: Quantity
    comparison: Comparison
    threshold: float
    hysteresis: float = 0.0
    for_s: float = 0.0
    device_id: DeviceId | None = None

    def __post_init__(self) -> None:
        check_threshold(self.quantity, self.threshold)
        spec = SPECS[self.quantity]
        check_within(self.hysteresis, 0.0, spec.maximum - spec.minimum, "hysteresis")
        check_within(self.for_s, 0.0, LONGEST_DELAY_S, "for_s")


class RuleBase(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What every rule has."""

    id: RuleId
    name: str
    enabled: bool = True


class Threshold(RuleBase, frozen=True, kw_only=True, tag="threshold"):
    """Brings devices to a level while a condition holds."""

    when: Condition
    devices: tuple[DeviceId, ...]
    level: Level = ON

    def __post_init__(self) -> None:
        check_devices(self.devices)
        check_level(self.level)


class Stage(Struct, frozen=True, kw_only=True):
    """One stage: what is added from its threshold on."""

    threshold: float
    devices: tuple[DeviceId, ...]
    level: Level = ON

    def __post_init__(self) -> None:
        check_devices(self.devices)
        check_level(self.level)


class Staged(RuleBase, frozen=True, kw_only=True, tag="staged"):
    """Adds one stage after the other as the value goes further."""

    quantity: Quantity
    comparison: Comparison
    stages: tuple[Stage, ...]
    hysteresis: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= len(self.stages) <= MAX_STAGES:
            raise ValueError(f"stages must be 1 to {MAX_STAGES}")
        for stage in self.stages:
            check_threshold(self.quantity, stage.threshold)
        spec = SPECS[self.quantity]
        check_within(self.hysteresis, 0.0, spec.maximum - spec.minimum, "hysteresis")
        ordered = [stage.threshold for stage in self.stages]
        if ordered != sorted(ordered, reverse=self.comparison is Comparison.BELOW):
            raise ValueError("each stage must begin further out than the one before it")


class Proportional(RuleBase, frozen=True, kw_only=True, tag="proportional"):
    """Moves devices in proportion between two values, in steps so that drives don't tremble."""

    quantity: Quantity
    from_value: float
    to_value: float
    devices: tuple[DeviceId, ...]
    from_level: Level = OFF
    to_level: Level = ON
    step: Level = 5.0

    def __post_init__(self) -> None:
        check_threshold(self.quantity, self.from_value, "from_value")
        check_threshold(self.quantity, self.to_value, "to_value")
        if not self.from_value < self.to_value:
            raise ValueError("from_value must be below to_value; swap the levels instead")
        check_devices(self.devices)
        check_level(self.from_level, "from_level")
        check_level(self.to_level, "to_level")
        check_within(self.step, 1.0, 50.0, "step")


class LeadLag(RuleBase, frozen=True, kw_only=True, tag="lead_lag"):
    """Twins: one leads, the other helps, and they change places so that both wear alike."""

    quantity: Quantity
    comparison: Comparison
    lead: float
    lag: float
    devices: tuple[DeviceId, ...]
    hysteresis: float = 0.0
    swap_every_s: float = 86_400.0
    level: Level = ON

    def __post_init__(self) -> None:
        check_devices(self.devices)
        if len(self.devices) < 2:
            raise ValueError("devices must name at least two twins")
        check_threshold(self.quantity, self.lead, "lead")
        check_threshold(self.quantity, self.lag, "lag")
        further = (
            self.lag > self.lead if self.comparison is Comparison.ABOVE else (self.lag < self.lead)
        )
        if not further:
            raise ValueError("lag must lie further out than lead")
        spec = SPECS[self.quantity]
        check_within(self.hysteresis, 0.0, spec.maximum - spec.minimum, "hysteresis")
        check_within(self.swap_every_s, 60.0, 30 * 86_400.0, "swap_every_s")
        check_level(self.level)


class Exclusion(RuleBase, frozen=True, kw_only=True, tag="exclusion"):
    """Keeps devices off while others run: heating against cooling."""

    running: tuple[DeviceId, ...]
    yields: tuple[DeviceId, ...]

    def __post_init__(self) -> None:
        check_devices(self.running, "running")
        check_devices(self.yields, "yields")
        if set(self.running) & set(self.yields):
            raise ValueError("a device can't yield to itself")


Rule = Threshold | Staged | Proportional | LeadLag | Exclusion


def devices_of_rule(rule: Rule) -> tuple[DeviceId, ...]:
    """Return every actuator that a rule speaks of."""
    match rule:
        case Staged():
            return tuple(device for stage in rule.stages for device in stage.devices)
        case Exclusion():
            return (*rule.running, *rule.yields)
        case Threshold() | Proportional() | LeadLag():
            return rule.devices
