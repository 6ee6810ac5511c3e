"""A desired document, arranged for the engine."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from enum import StrEnum, unique
from zoneinfo import ZoneInfo

from tokkatot.automation.occurrences import Locality
from tokkatot.automation.state import AlarmKey
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.desired import DesiredDocument, DeviceConfig, HouseConfig, RelayLimits
from tokkatot.domain.devices import ACTUATORS, ActuatorSpec, DeviceRole, Level, rest_level
from tokkatot.domain.flocks import Flock
from tokkatot.domain.houses import HouseKind, HouseMode, SetPoints
from tokkatot.domain.ids import DeviceId, HouseId, ScheduleId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Exclusion, Rule
from tokkatot.domain.schedules import Schedule

STALE_PERIODS = 3
STALE_AT_LEAST_S = 30.0
_NOWHERE = Locality(zone=ZoneInfo("UTC"))
_GENTLE_ENOUGH = RelayLimits()

HOUSE_ALARMS = (
    AlertType.WATER_LOW,
    AlertType.TEMPERATURE_LOW,
    AlertType.TEMPERATURE_HIGH,
    AlertType.TEMPERATURE_HARD_LIMIT,
    AlertType.SENSORS_DISAGREE,
)
SENSOR_ALARMS = (AlertType.SENSOR_STALE, AlertType.SENSOR_DOUBTFUL)
ACTUATOR_ALARMS = (
    AlertType.DEVICE_OFFLINE,
    AlertType.DEVICE_ERROR,
    AlertType.WATER_NOT_RISING,
)


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
    """One actuator with the habits of its role in its house.

    `yields_to` are the actuators that it must not run beside.
    """

    id: DeviceId
    house_id: HouseId
    role: DeviceRole
    trait: Trait
    rest: Level
    spec: ActuatorSpec
    alarm_keys: Mapping[AlertType, AlarmKey]
    limits: RelayLimits = _GENTLE_ENOUGH
    yields_to: frozenset[DeviceId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """One sensor; without news for `stale_after_s` it is not believed any more."""

    id: DeviceId
    house_id: HouseId
    role: DeviceRole
    quantities: tuple[Quantity, ...]
    stale_after_s: float
    alarm_keys: Mapping[AlertType, AlarmKey]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One quantity of one sensor; `inside` tells that it speaks for the air of its house."""

    sensor: Sensor
    quantity: Quantity
    key: tuple[DeviceId, Quantity]
    inside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One house with everything in it that the engine reads or moves."""

    id: HouseId
    kind: HouseKind
    setpoints: SetPoints
    software_stop: bool
    actuators: tuple[Actuator, ...]
    sensors: tuple[Sensor, ...]
    probes: tuple[Probe, ...]
    alarm_keys: Mapping[AlertType, AlarmKey]
    mode: HouseMode | None = None
    night: SetPoints | None = None
    flock: Flock | None = None
    rules: tuple[Rule, ...] = ()
    schedules: tuple[Schedule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All houses of a hub, with its schedules and where its clock and sun are."""

    houses: tuple[House, ...]
    actuators: Mapping[DeviceId, Actuator]
    sensors: Mapping[DeviceId, Sensor]
    schedules: Mapping[ScheduleId, Schedule] = field(default_factory=dict)
    locality: Locality = _NOWHERE


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
            tuple(item for item in document.schedules if item.house_id == house.id),
        )
        for house in document.houses
    )
    return Plan(
        houses=houses,
        actuators={actuator.id: actuator for house in houses for actuator in house.actuators},
        sensors={sensor.id: sensor for house in houses for sensor in house.sensors},
        schedules={item.id: item for house in houses for item in house.schedules},
        locality=Locality(zone=ZoneInfo(document.time_zone), place=document.place),
    )


def with_stops(plan: Plan, stopped: AbstractSet[HouseId]) -> Plan:
    """Return the plan with the software stop of exactly these houses."""
    return replace(
        plan,
        houses=tuple(
            replace(house, software_stop=house.id in stopped)
            if house.software_stop != (house.id in stopped)
            else house
            for house in plan.houses
        ),
    )


def _house(
    house: HouseConfig, devices: tuple[DeviceConfig, ...], schedules: tuple[Schedule, ...]
) -> House:
    rules = tuple(rule for rule in house.rules if rule.enabled)
    yields_to: dict[DeviceId, frozenset[DeviceId]] = {}
    for rule in rules:
        if isinstance(rule, Exclusion):
            for device_id in rule.yields:
                yields_to[device_id] = yields_to.get(device_id, frozenset()) | set(rule.running)
    actuators = [
        _actuator(device, house, yields_to.get(device.id, frozenset()))
        for device in devices
        if device.role in ACTUATORS
    ]
    sensors = tuple(
        Sensor(
            id=device.id,
            house_id=house.id,
            role=device.role,
            quantities=device.quantities,
            stale_after_s=max(STALE_PERIODS * device.period_s, STALE_AT_LEAST_S),
            alarm_keys=_alarm_keys(SENSOR_ALARMS, house.id, device.id),
        )
        for device in devices
        if device.quantities and device.role not in ACTUATORS
    )
    return House(
        id=house.id,
        kind=house.kind,
        setpoints=house.setpoints,
        software_stop=house.software_stop,
        # Who yields is decided after those to whom it yields.
        actuators=tuple(sorted(actuators, key=lambda actuator: bool(actuator.yields_to))),
        sensors=sensors,
        probes=_probes(sensors),
        alarm_keys=_alarm_keys(HOUSE_ALARMS, house.id, None),
        mode=house.mode,
        night=house.night,
        flock=house.flock,
        rules=tuple(rule for rule in rules if not isinstance(rule, Exclusion)),
        schedules=schedules,
    )


def _actuator(device: DeviceConfig, house: HouseConfig, yields_to: frozenset[DeviceId]) -> Actuator:
    return Actuator(
        id=device.id,
        house_id=house.id,
        role=device.role,
        trait=trait_of(device.role, house.kind),
        rest=rest_level(device.role, house.kind),
        spec=ACTUATORS[device.role],
        alarm_keys=_alarm_keys(ACTUATOR_ALARMS, house.id, device.id),
        limits=device.limits or _GENTLE_ENOUGH,
        yields_to=yields_to,
    )


def _probes(sensors: tuple[Sensor, ...]) -> tuple[Probe, ...]:
    return tuple(
        Probe(
            sensor=sensor,
            quantity=quantity,
            key=(sensor.id, quantity),
            inside=sensor.role is not DeviceRole.WEATHER_STATION,
        )
        for sensor in sensors
        for quantity in sensor.quantities
    )


def _alarm_keys(
    types: tuple[AlertType, ...], house_id: HouseId, device_id: DeviceId | None
) -> Mapping[AlertType, AlarmKey]:
    return {kind: AlarmKey(type=kind, house_id=house_id, device_id=device_id) for kind in types}
