"""What people want to be told of beyond what every house tells, as they write it down."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from tokkatot.domain import expressions
from tokkatot.domain.alerts import AlertType, Severity
from tokkatot.domain.ids import AlarmId, AlertId, DeviceId, HouseId
from tokkatot.domain.quantities import SPECS, Quantity
from tokkatot.domain.rules import LONGEST_DELAY_S, Comparison, check_threshold, check_within
from tokkatot.domain.schedules import Curve, Times, check_curve

MAX_ALARMS = 100
"""Of one house; a hub refuses a document with more."""
MAX_NAME_CHARS = 60
MAX_SHELVES = 500
MAX_SEEN = 200
LONGEST_SHELF_MS = 7 * 86_400_000
SHORTEST_REPEAT_S = 300.0
LONGEST_TEST_S = 300.0


class WatchBase(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What an alarm looks at."""


class Limit(WatchBase, frozen=True, kw_only=True, tag="limit"):
    """A value beyond a threshold, until it is back beyond the deadband."""

    quantity: Quantity
    comparison: Comparison
    threshold: float
    deadband: float = 0.0
    device_id: DeviceId | None = None

    def __post_init__(self) -> None:
        check_threshold(self.quantity, self.threshold)
        _check_span(self.quantity, self.deadband, "deadband")


class Rate(WatchBase, frozen=True, kw_only=True, tag="rate"):
    """A value that rises (`above`) or falls (`below`) faster than so much a minute."""

    quantity: Quantity
    comparison: Comparison
    per_minute: float
    window_s: float = 300.0
    device_id: DeviceId | None = None

    def __post_init__(self) -> None:
        _check_span(self.quantity, self.per_minute, "per_minute")
        check_within(self.window_s, 30.0, 3600.0, "window_s")


class Silent(WatchBase, frozen=True, kw_only=True, tag="silent"):
    """A sensor that has said nothing for so long."""

    device_id: DeviceId
    after_s: float

    def __post_init__(self) -> None:
        check_within(self.after_s, 10.0, LONGEST_DELAY_S, "after_s")


class Offline(WatchBase, frozen=True, kw_only=True, tag="offline"):
    """A device that is not there."""

    device_id: DeviceId


class Difference(WatchBase, frozen=True, kw_only=True, tag="difference"):
    """A value that is further from another than it may be.

    `setpoint` is the warmest or the coldest that the house's rules allow, `outside` what the
    weather station says.
    """

    quantity: Quantity
    comparison: Comparison
    reference: Literal["setpoint", "outside"]
    by: float
    deadband: float = 0.0

    def __post_init__(self) -> None:
        if self.reference == "setpoint" and self.quantity is not Quantity.TEMPERATURE:
            raise ValueError("only the temperature has set-points")
        _check_span(self.quantity, self.by, "by")
        _check_span(self.quantity, self.deadband, "deadband")


class AgeLimit(WatchBase, frozen=True, kw_only=True, tag="age_limit"):
    """A value beyond what the flock's day of age allows."""

    quantity: Quantity
    comparison: Comparison
    curve: Curve
    deadband: float = 0.0

    def __post_init__(self) -> None:
        spec = SPECS[self.quantity]
        check_curve(self.curve, spec.minimum, spec.maximum, "curve")
        _check_span(self.quantity, self.deadband, "deadband")


class Formula(WatchBase, frozen=True, kw_only=True, tag="expression"):
    """What an expression over several devices says."""

    expression: str

    def __post_init__(self) -> None:
        try:
            expressions.parse(self.expression)
        except expressions.ExpressionError as error:
            raise ValueError(f"expression can't be read: {error}") from error


class Drill(WatchBase, frozen=True, kw_only=True, tag="test"):
    """A test of the alarms themselves: siren, messages and people, at these times."""

    at: Times
    lasts_s: float = 30.0

    def __post_init__(self) -> None:
        check_within(self.lasts_s, 5.0, LONGEST_TEST_S, "lasts_s")


class Standard(WatchBase, frozen=True, kw_only=True, tag="standard"):
    """What every house tells by itself: the definition only says how it is told."""

    type: AlertType

    def __post_init__(self) -> None:
        if self.type not in STANDARD:
            raise ValueError(f"type must be one of {', '.join(sorted(STANDARD))}")


Watch = Limit | Rate | Silent | Offline | Difference | AgeLimit | Formula | Drill | Standard

STANDARD: frozenset[AlertType] = frozenset(
    {
        AlertType.WATER_LOW,
        AlertType.WATER_NOT_RISING,
        AlertType.TEMPERATURE_LOW,
        AlertType.TEMPERATURE_HIGH,
        AlertType.SENSOR_STALE,
        AlertType.SENSOR_DOUBTFUL,
        AlertType.SENSORS_DISAGREE,
        AlertType.DEVICE_OFFLINE,
        AlertType.DEVICE_ERROR,
        AlertType.NODE_OFFLINE,
        AlertType.SCHEDULE_FAILED,
    }
)
"""What a hub tells of every house and people may want otherwise; never the hard limit."""


class AlarmDefinition(Struct, frozen=True, kw_only=True):
    """One alarm of a house: what it looks at, how bad that is, and how patient it is.

    `hold_off_s` is how long it waits after the hub has begun or the house's mode has changed,
    `repeat_s` after how long it is told again while it stays.
    """

    id: AlarmId
    name: str
    watch: Watch
    severity: Severity = Severity.WARNING
    on_delay_s: float = 60.0
    off_delay_s: float = 0.0
    hold_off_s: float = 0.0
    repeat_s: float | None = None
    siren: bool = False
    enabled: bool = True

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= MAX_NAME_CHARS:
            raise ValueError(f"a name has 1 to {MAX_NAME_CHARS} characters")
        for what in ("on_delay_s", "off_delay_s", "hold_off_s"):
            check_within(getattr(self, what), 0.0, LONGEST_DELAY_S, what)
        if self.repeat_s is not None:
            check_within(self.repeat_s, SHORTEST_REPEAT_S, LONGEST_DELAY_S, "repeat_s")
        if isinstance(self.watch, Standard) and not self.enabled:
            raise ValueError("what every house tells can be told otherwise, not left out")


class Shelf(Struct, frozen=True, kw_only=True):
    """An alarm that people do not want to hear of until a moment, and why is theirs to know."""

    type: AlertType
    house_id: HouseId
    until_ms: int
    device_id: DeviceId | None = None
    about: str | None = None


class Seen(Struct, frozen=True, kw_only=True):
    """An alert that somebody has acknowledged, as it was when it was told for the nth time."""

    alert_id: AlertId
    times: int = 1


def measured_by(watch: Watch) -> Iterator[tuple[DeviceId, Quantity | None]]:
    """Yield the devices that an alarm names, with what they are to measure."""
    match watch:
        case Limit() | Rate():
            if watch.device_id is not None:
                yield watch.device_id, watch.quantity
        case Silent() | Offline():
            yield watch.device_id, None
        case Formula():
            yield from expressions.devices_in(expressions.parse(watch.expression))
        case Difference() | AgeLimit() | Drill() | Standard():
            return


def _check_span(quantity: Quantity, value: float, what: str) -> None:
    spec = SPECS[quantity]
    check_within(value, 0.0, spec.maximum - spec.minimum, what)
