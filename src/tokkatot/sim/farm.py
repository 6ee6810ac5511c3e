"""The demo farm as a declaration: its people, its houses, their devices and their hubs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tokkatot.domain.desired import JsonScalar
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.people import Language, MemberRole
from tokkatot.domain.quantities import Quantity
from tokkatot.sim.houses import Option

DRIVER: Final = "sim"
"""The name of the simulated driver in the hubs' configurations."""

PASSWORD: Final = "tokkatot-demo"  # noqa: S105 - public on purpose: it is printed at the start


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """A person of the demo; without a role on the farm they are staff."""

    login: str
    name: str
    role: MemberRole | None
    language: Language = Language.KHMER


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoDevice:
    """One device; `channel` is where the simulated house has it (None: it has no wire)."""

    channel: str | None
    name: str
    role: DeviceRole
    interface: Interface
    quantities: tuple[Quantity, ...] = ()
    period_s: float = 10.0

    @property
    def address(self) -> dict[str, JsonScalar]:
        """Return the address by which the hub's driver finds the device."""
        return {} if self.channel is None else {"driver": DRIVER, "channel": self.channel}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoHouse:
    """One house behind a hub of its own."""

    number: int
    name: str
    kind: HouseKind
    capacity: int
    present_count: int
    floor_area_m2: float
    age_days: int
    """How long birds or plants have been in when the farm is laid out."""
    seed: int
    devices: tuple[DemoDevice, ...]
    chicken_type: str | None = None
    crop_type: str | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    camera: bool = False
    policy: str | None = None
    """The shipped policy that its people may let advise or steer it."""

    def hardware_id(self, device: DemoDevice) -> str:
        """Return the id that the device carries on its label."""
        return f"SIM-{self.number}-{(device.channel or device.role).upper()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFarm:
    """One farm with everything on it."""

    name: str
    province: str
    location: str
    latitude: float
    longitude: float
    time_zone: str
    description: str
    accounts: tuple[DemoAccount, ...]
    houses: tuple[DemoHouse, ...]


def _sensor(
    channel: str, name: str, role: DeviceRole, *quantities: Quantity, period_s: float = 10.0
) -> DemoDevice:
    return DemoDevice(
        channel=channel,
        name=name,
        role=role,
        interface=Interface.SENSOR,
        quantities=quantities,
        period_s=period_s,
    )


def _relay(channel: str, name: str, role: DeviceRole) -> DemoDevice:
    return DemoDevice(channel=channel, name=name, role=role, interface=Interface.RELAY)


def _drive(channel: str, name: str, role: DeviceRole) -> DemoDevice:
    return DemoDevice(channel=channel, name=name, role=role, interface=Interface.PWM)


_AIR = _sensor(
    "climate",
    "Air",
    DeviceRole.CLIMATE_SENSOR,
    Quantity.TEMPERATURE,
    Quantity.RELATIVE_HUMIDITY,
    period_s=5.0,
)
_COOP_SENSORS = (
    _sensor(
        "tank", "Water tank", DeviceRole.WATER_LEVEL_SENSOR, Quantity.WATER_LEVEL, period_s=5.0
    ),
    _AIR,
    _sensor("gas", "Gases", DeviceRole.GAS_SENSOR, Quantity.CO2, Quantity.AMMONIA),
    _sensor("bin", "Feed bin", DeviceRole.WEIGHT_SCALE, Quantity.FEED_WEIGHT, period_s=30.0),
)
_COOP_ACTUATORS = (
    _relay("pump", "Water pump", DeviceRole.WATER_PUMP),
    _relay("fan1", "Fan 1", DeviceRole.FAN),
    _relay("fan2", "Fan 2", DeviceRole.FAN),
    _relay("heater", "Heater", DeviceRole.HEATER),
    _relay("light", "Light", DeviceRole.LIGHT),
    _relay("feeder", "Feeder", DeviceRole.FEEDER),
)
_CONVEYOR = _relay("conveyor", "Manure belt", DeviceRole.CONVEYOR)
_CAMERA = DemoDevice(
    channel=None, name="Camera", role=DeviceRole.CAMERA, interface=Interface.SENSOR
)
_BIRD_SCALE = _sensor(
    "scale", "Bird scale", DeviceRole.WEIGHT_SCALE, Quantity.WEIGHT, period_s=60.0
)
_STATION = _sensor(
    "station",
    "Weather",
    DeviceRole.WEATHER_STATION,
    Quantity.TEMPERATURE,
    Quantity.RELATIVE_HUMIDITY,
    Quantity.GLOBAL_RADIATION,
    period_s=30.0,
)
_GREENHOUSE_DEVICES = (
    _AIR,
    _sensor("gas", "Carbon dioxide", DeviceRole.GAS_SENSOR, Quantity.CO2),
    _sensor("par", "Light at the crop", DeviceRole.LIGHT_SENSOR, Quantity.PPFD),
    _sensor("soil", "Soil", DeviceRole.SOIL_SENSOR, Quantity.SOIL_MOISTURE, period_s=30.0),
    _STATION,
    _drive("vent", "Roof vent", DeviceRole.VENT),
    _relay("fan", "Fan", DeviceRole.FAN),
    _relay("heater", "Heater", DeviceRole.HEATER),
    _relay("irrigation", "Irrigation", DeviceRole.IRRIGATION_VALVE),
    _drive("screen", "Shade screen", DeviceRole.SCREEN),
    _relay("co2", "CO2 valve", DeviceRole.CO2_VALVE),
    _relay("light", "Lamps", DeviceRole.LIGHT),
)

ACCOUNTS: Final = (
    DemoAccount(login="012345678", name="Sokha", role=MemberRole.OWNER),
    DemoAccount(login="012345679", name="Dara", role=MemberRole.MANAGER),
    DemoAccount(login="012345670", name="Chan", role=MemberRole.VIEWER),
    DemoAccount(login="011000001", name="Staff", role=None, language=Language.ENGLISH),
)

DEMO_FARM: Final = DemoFarm(
    name="Kandal Farm",
    province="Kandal",
    location="Ta Khmau",
    latitude=11.48,
    longitude=104.95,
    time_zone="Asia/Phnom_Penh",
    description="A demo: the hubs are real, the hardware behind them is simulated.",
    accounts=ACCOUNTS,
    houses=(
        DemoHouse(
            number=1,
            name="Coop 1",
            kind=HouseKind.COOP,
            capacity=500,
            present_count=480,
            floor_area_m2=50.0,
            chicken_type="broiler",
            age_days=28,
            seed=11,
            options={"birds": 480, "age_days": 28.0, "water_percent": 64.0},
            devices=(
                *_COOP_SENSORS,
                _BIRD_SCALE,
                _STATION,
                *_COOP_ACTUATORS,
                _CONVEYOR,
                _CAMERA,
            ),
            camera=True,
            policy="tunnel",
        ),
        DemoHouse(
            number=2,
            name="Coop 2",
            kind=HouseKind.COOP,
            capacity=300,
            present_count=296,
            floor_area_m2=30.0,
            chicken_type="broiler",
            age_days=19,
            seed=12,
            options={"birds": 296, "age_days": 19.0, "water_percent": 38.0},
            devices=(*_COOP_SENSORS, *_COOP_ACTUATORS),
        ),
        DemoHouse(
            number=3,
            name="Greenhouse 1",
            kind=HouseKind.GREENHOUSE,
            capacity=400,
            present_count=400,
            floor_area_m2=200.0,
            crop_type="cherry tomato",
            age_days=60,
            seed=13,
            options={"floor_m2": 200.0},
            devices=_GREENHOUSE_DEVICES,
        ),
    ),
)
