"""What the cloud wants a hub to hold: its houses, devices, schedules, rules and members."""

from dataclasses import dataclass, field

from tokkatot.domain.alarms import AlarmDefinition, Seen, Shelf
from tokkatot.domain.autopilot import Autopilot, PolicyFile
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.flocks import Flock
from tokkatot.domain.houses import HouseKind, HouseMode, SetPoints
from tokkatot.domain.ids import DeviceId, FarmId, HouseId, HubId, UserId
from tokkatot.domain.people import MemberRole
from tokkatot.domain.places import Place
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Rule
from tokkatot.domain.schedules import Schedule

JsonScalar = str | int | float | bool | None


MOST_STARTS_PER_HOUR = 20
LONGEST_PAUSE_S = 3600

MAX_DEVICES = 2_000
MAX_HOUSES = 200
MAX_SCHEDULES = 1_000
MAX_RULES = 200
"""Of one house; the others are of one document. A hub refuses a document with more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayLimits:
    """How a device wants to be switched, where it is gentler than its role.

    Raises:
        ValueError: when a limit is beyond what safety allows.
    """

    min_on_s: float = 0.0
    min_off_s: float = 0.0
    starts_per_hour: int = MOST_STARTS_PER_HOUR

    def __post_init__(self) -> None:
        if not (0 <= self.min_on_s <= LONGEST_PAUSE_S and 0 <= self.min_off_s <= LONGEST_PAUSE_S):
            raise ValueError(f"min_on_s and min_off_s must lie in 0..{LONGEST_PAUSE_S}")
        if not 1 <= self.starts_per_hour <= MOST_STARTS_PER_HOUR:
            raise ValueError(f"starts_per_hour must lie in 1..{MOST_STARTS_PER_HOUR}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceConfig:
    """One device as the hub drives it.

    `address["driver"]` names the driver instance in the hub's own configuration; the other keys
    are that driver's. `period_s` is how often the sensor reports, in seconds.
    """

    id: DeviceId
    house_id: HouseId
    hardware_id: str
    name: str
    role: DeviceRole
    interface: Interface
    zone: str = "main"
    quantities: tuple[Quantity, ...] = ()
    period_s: float = 30.0
    address: dict[str, JsonScalar] = field(default_factory=dict)
    limits: RelayLimits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseConfig:
    """One house with what its rules need; `night` are its set-points from sunset to sunrise.

    `stopped_ms` is when the software stop that holds was pressed in the cloud.
    """

    id: HouseId
    number: int
    name: str
    kind: HouseKind
    setpoints: SetPoints
    software_stop: bool = False
    stopped_ms: int | None = None
    mode: HouseMode | None = None
    night: SetPoints | None = None
    flock: Flock | None = None
    rules: tuple[Rule, ...] = ()
    alarms: tuple[AlarmDefinition, ...] = ()
    autopilot: Autopilot = field(default_factory=Autopilot)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person who may command on the farm's own network."""

    user_id: UserId
    role: MemberRole
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredDocument:
    """Everything a hub is to hold, as one version; versions rise and are never reused.

    `pin` is the sealed PIN of the hub's page, None while the hub goes by one of its own. `seen` are
    the alerts that people have acknowledged in the cloud, `shelved` those they want to rest.
    """

    farm_id: FarmId
    hub_id: HubId
    version: int
    expires_ms: int
    time_zone: str
    houses: tuple[HouseConfig, ...]
    devices: tuple[DeviceConfig, ...]
    members: tuple[Member, ...] = ()
    farm_name: str = ""
    place: Place | None = None
    schedules: tuple[Schedule, ...] = ()
    pin: str | None = None
    shelved: tuple[Shelf, ...] = ()
    seen: tuple[Seen, ...] = ()
    policies: tuple[PolicyFile, ...] = ()
