"""What has happened since the last step."""

from collections.abc import Callable, Mapping

from msgspec import Struct, field

from tokkatot.domain.devices import Level
from tokkatot.domain.ids import AlertId, CommandId, DeviceId, HouseId, RequestId, ScheduleId
from tokkatot.domain.quantities import Quantity


class Sample(Struct, frozen=True, kw_only=True):
    """A value that steers: fresh, accepted, in the quantity's own unit."""

    device_id: DeviceId
    quantity: Quantity
    value: float


class Report(Struct, frozen=True, kw_only=True):
    """What an actuator says that it does; a level of None means that it does not know."""

    device_id: DeviceId
    level: Level | None
    error: str | None = None


class Contact(Struct, frozen=True, kw_only=True):
    """A device came or went."""

    device_id: DeviceId
    online: bool


class Order(Struct, frozen=True, kw_only=True):
    """A person's order whose signature, lifetime and device were found good."""

    command: CommandId
    device_id: DeviceId
    level: Level
    hold_s: float


class Release(Struct, frozen=True, kw_only=True):
    """A person hands an actuator back to automatic: whatever holds it is over."""

    device_id: DeviceId


class Reset(Struct, frozen=True, kw_only=True):
    """A person clears the latch of an actuator; it asks for nothing itself."""

    device_id: DeviceId


class Ask(Struct, frozen=True, kw_only=True):
    """A person wants a schedule to run now; the outcome bears the name of the request."""

    schedule_id: ScheduleId
    request: RequestId


class Loan(Struct, frozen=True, kw_only=True):
    """An autopilot's set-points: those of the house, all of them by so much warmer.

    `fan_share` is the least part of a coop's fans that run between them, all where it lends none.
    """

    house_id: HouseId
    shift_k: float
    fan_share: float = 1.0


Asked = Order | Release | Reset


class Inputs(Struct, frozen=True, kw_only=True):
    """Everything new for one step; `new_alert_id` names an alert that is raised in it.

    `orders` are what people want of actuators, in their order. `withdrawn` are orders that their
    device did not follow: they hold no longer. `asks` are schedules that people want to run now.
    `seen` are alerts that somebody has acknowledged here, as they were told for the nth time.
    `loans` are set-points that an autopilot lends; they lapse.
    """

    new_alert_id: Callable[[], AlertId]
    samples: tuple[Sample, ...] = ()
    reports: tuple[Report, ...] = ()
    contacts: tuple[Contact, ...] = ()
    orders: tuple[Asked, ...] = ()
    withdrawn: frozenset[CommandId] = frozenset()
    asks: tuple[Ask, ...] = ()
    seen: Mapping[AlertId, int] = field(default_factory=dict)
    loans: tuple[Loan, ...] = ()
