"""A desired document, arranged for the engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique

from tokkatot.domain.desired import DesiredDocument, DeviceConfig, HouseConfig
from tokkatot.domain.devices import ACTUATORS, ActuatorSpec, DeviceRole, Level, rest_level
from tokkatot.domain.houses import HouseKind, SetPoints
from tokkatot.domain.ids import DeviceId, HouseId
from tokkatot.domain.quantities import Quantity

STALE_PERIODS = 3
STALE_AT_LEAST_S = 30.0


@unique
class Trait(StrEnum):
    """What an actuator does to its house, as far as the interlocks care."""

    COOP_AIR = "coop_air"
    AIR = "air"
    HEAT = "heat"
    WATER = "water"
    MOTION = "motion"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actuator:
    """One actuator with the habits of its role in its house."""

    id: DeviceId
    house_id: HouseId
    role: DeviceRole
    trait: Trait
    rest: Level

    @property
    def spec(self) -> ActuatorSpec:
        """Return the safe habits of the role."""
        return ACTUATORS[self.role]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """One sensor; without news for `stale_after_s` it is not believed any more."""

    id: DeviceId
    house_id: HouseId
    role: DeviceRole
    quantities: tuple[Quantity, ...]
    stale_after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One house with everything in it that the engine reads or moves."""

    id: HouseId
    kind: HouseKind
    setpoints: SetPoints
    software_stop: bool
    actuators: tuple[Actuator, ...]
    sensors: tuple[Sensor, ...]

    def measuring(self, quantity: Quantity) -> tuple[Sensor, ...]:
        """Return the sensors inside the house that measure `quantity`."""
        return tuple(
            sensor
            for sensor in self.sensors
            if quantity in sensor.quantities and sensor.role is not DeviceRole.WEATHER_STATION
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All houses of a hub."""

    houses: tuple[House, ...]
    actuators: Mapping[DeviceId, Actuator]
    sensors: Mapping[DeviceId, Sensor]


EMPTY_PLAN = Plan(houses=(), actuators={}, sensors={})


def trait_of(role: DeviceRole, kind: HouseKind) -> Trait:
    """Return what an actuator of this role does to a house of this kind."""
    spec = ACTUATORS[role]
    if spec.ventilates:
        return Trait.COOP_AIR if kind is HouseKind.COOP else Trait.AIR
    if spec.heats:
        return Trait.HEAT
    if role is DeviceRole.WATER_PUMP:
        return Trait.WATER
    return Trait.MOTION if spec.moves else Trait.OTHER


def plan_of(document: DesiredDocument, *, recorded: frozenset[DeviceId] = frozenset()) -> Plan:
    """Arrange a desired document; devices in `recorded` only bring history and steer nothing."""
    houses = tuple(
        _house(
            house,
            tuple(
                device
                for device in document.devices
                if device.house_id == house.id and device.id not in recorded
            ),
        )
        for house in document.houses
    )
    return Plan(
        houses=houses,
        actuators={actuator.id: actuator for house in houses for actuator in house.actuators},
        sensors={sensor.id: sensor for house in houses for sensor in house.sensors},
    )


def _house(house: HouseConfig, devices: tuple[DeviceConfig, ...]) -> House:
    return House(
        id=house.id,
        kind=house.kind,
        setpoints=house.setpoints,
        software_stop=house.software_stop,
        actuators=tuple(
            Actuator(
                id=device.id,
                house_id=house.id,
                role=device.role,
                trait=trait_of(device.role, house.kind),
                rest=rest_level(device.role, house.kind),
            )
            for device in devices
            if device.role in ACTUATORS
        ),
        sensors=tuple(
            Sensor(
                id=device.id,
                house_id=house.id,
                role=device.role,
                quantities=device.quantities,
                stale_after_s=max(STALE_PERIODS * device.period_s, STALE_AT_LEAST_S),
            )
            for device in devices
            if device.quantities and device.role not in ACTUATORS
        ),
    )
