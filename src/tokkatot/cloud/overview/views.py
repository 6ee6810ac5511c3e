"""The bodies of the answers across rooms."""

from datetime import datetime
from uuid import UUID

from tokkatot.cloud.alerts.api import AlertView
from tokkatot.cloud.commands.api import CommandView
from tokkatot.cloud.farms.views import SetPointsView, StopView
from tokkatot.cloud.platform.schemas import View
from tokkatot.domain.alerts import Severity
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.houses import HouseKind, HouseMode


class HubStatusView(View):
    """The hub that serves a house."""

    id: UUID
    online: bool
    last_seen_at: datetime | None
    software: str | None


class CardValueView(View):
    """One value on a card; a stale one is older than its sensor should let it become.

    The device is the one that alone measures it in the house; None where several do.
    """

    device_id: UUID | None
    value: float
    t: datetime
    stale: bool


class HouseCardView(View):
    """A house at a glance."""

    id: UUID
    number: int
    name: str
    kind: HouseKind
    capacity: int | None
    present_count: int | None
    chicken_type: str | None
    crop_type: str | None
    floor_area_m2: float | None
    zones: list[str]
    hub: HubStatusView | None
    water: CardValueView | None
    temperature: CardValueView | None
    worst_alert: Severity | None
    mode: HouseMode | None
    modes: list[HouseMode]
    stopped: bool


class ReadingView(View):
    """The newest reading of one quantity of one device."""

    device_id: UUID
    device_name: str
    zone: str
    quantity: str
    unit: str
    value: float
    t: datetime
    quality: int
    stale: bool


class WhyView(View):
    """Who won over an actuator, until when, and what cut it."""

    source: str
    reason: str
    until: datetime | None
    cut_by: list[str]


class ActuatorView(View):
    """What an actuator does, by its own report, and what it may be told."""

    device_id: UUID
    name: str
    role: DeviceRole
    interface: Interface
    zone: str
    online: bool
    actual: float | None
    actual_t: datetime | None
    target: float | None
    why: WhyView | None
    error: str | None
    tap_on_s: int
    tap_off_s: int
    max_on_s: int | None
    command: CommandView | None


class SensorView(View):
    """A sensor, and whether it is heard."""

    device_id: UUID
    name: str
    role: DeviceRole
    zone: str
    online: bool
    last_seen_at: datetime | None


class PictureView(View):
    """Where the newest picture is, and from when."""

    url: str
    t: datetime


class HouseStateView(View):
    """All that a house's screen shows; `seq` is where to resume from."""

    t: datetime
    seq: int
    role: str
    house: HouseCardView
    hub: HubStatusView | None
    readings: list[ReadingView]
    actuators: list[ActuatorView]
    sensors: list[SensorView]
    alerts: list[AlertView]
    setpoints: SetPointsView
    stop: StopView | None
    picture: PictureView | None
    live_t: datetime | None


class DashboardView(View):
    """All that a farm's first screen shows."""

    t: datetime
    seq: int
    role: str
    houses: list[HouseCardView]
    alerts: list[AlertView]
