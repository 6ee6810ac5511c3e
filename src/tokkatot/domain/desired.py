"""What the cloud wants a hub to hold: its houses, devices, set-points and members."""

from dataclasses import dataclass, field

from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.houses import HouseKind, SetPoints
from tokkatot.domain.ids import DeviceId, FarmId, HouseId, HubId, UserId
from tokkatot.domain.people import MemberRole
from tokkatot.domain.quantities import Quantity

JsonScalar = str | int | float | bool | None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseConfig:
    """One house with what its rules need."""

    id: HouseId
    number: int
    name: str
    kind: HouseKind
    setpoints: SetPoints
    software_stop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person who may command on the farm's own network."""

    user_id: UserId
    role: MemberRole


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredDocument:
    """Everything a hub is to hold, as one version; versions rise and are never reused."""

    farm_id: FarmId
    hub_id: HubId
    version: int
    expires_ms: int
    time_zone: str
    houses: tuple[HouseConfig, ...]
    devices: tuple[DeviceConfig, ...]
    members: tuple[Member, ...] = ()
