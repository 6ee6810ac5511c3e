"""What the engine remembers from one step to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tokkatot.automation.proposals import Hold
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.devices import OFF, Level
from tokkatot.domain.ids import AlertId, DeviceId, HouseId
from tokkatot.domain.quantities import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensed:
    """The newest value of one quantity of one device, and when it came."""

    value: float
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one device: since when it belongs here, if it is there, what it says."""

    since_s: float
    online: bool = False
    level: Level | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """Where a house's temperature rules stand."""

    heating: bool = False
    venting: bool = False
    shut: bool = False
    over_hard_limit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """What the engine last decided for one actuator, and since when."""

    target: Level = OFF
    on_since_s: float | None = None
    changed_s: float | None = None
    cool_until_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """The watch over one pump: the level to rise from, and how often it did not."""

    mark_s: float | None = None
    mark_percent: float = 0.0
    strikes: int = 0
    wait_until_s: float | None = None
    latched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmKey:
    """What an alarm is about: one condition of one house or of one device in it."""

    type: AlertType
    house_id: HouseId
    device_id: DeviceId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A condition that is seen since `since_s`; it has an id once it was raised."""

    since_s: float
    alert_id: AlertId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The engine's whole memory; a new one comes out of every step."""

    sensed: Mapping[tuple[DeviceId, Quantity], Sensed] = field(default_factory=dict)
    known: Mapping[DeviceId, Known] = field(default_factory=dict)
    climates: Mapping[HouseId, Climate] = field(default_factory=dict)
    filling: frozenset[HouseId] = frozenset()
    relays: Mapping[DeviceId, Relay] = field(default_factory=dict)
    dry_runs: Mapping[DeviceId, DryRun] = field(default_factory=dict)
    holds: Mapping[DeviceId, Hold] = field(default_factory=dict)
    alarms: Mapping[AlarmKey, Alarm] = field(default_factory=dict)
