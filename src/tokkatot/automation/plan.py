"""A desired document, arranged for the engine."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from enum import StrEnum, unique
from zoneinfo import ZoneInfo

from tokkatot.automation.manners import MANNERS, Manner, manner_of, manners_with
from tokkatot.automation.occurrences import Locality
from tokkatot.automation.state import AlarmKey
from tokkatot.domain import expressions
from tokkatot.domain.alarms import (
    AgeLimit,
    AlarmDefinition,
    Difference,
    Drill,
    Formula,
    Limit,
    Offline,
    Rate,
    Silent,
    Standard,
)
from tokkatot.domain.alerts import NEVER_HIDDEN, AlertType
from tokkatot.domain.desired import DesiredDocument, DeviceConfig, HouseConfig, RelayLimits
from tokkatot.domain.devices import (
    ACTUATORS,
    ActuatorSpec,
    DeviceRole,
    Level,
    rest_level,
    speaks_for_air,
)
from tokkatot.domain.flocks import Flock
from tokkatot.domain.houses import HouseKind, HouseMode, SetPoints
from tokkatot.domain.ids import AlertId, DeviceId, HouseId, ScheduleId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Exclusion, Rule
from tokkatot.domain.schedules import Schedule, devices_of

STALE_PERIODS = 3
STALE_AT_LEAST_S = 30.0

DRY_RUN_WINDOW_S = 180.0
NO_FLOW_WINDOW_S = 60.0
"""A seal stands a minute without water."""
WATER_PERIODS = 2
"""Until then at least one value has come that was measured while a pump ran."""

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


_TYPES: Mapping[type[object], AlertType] = {
    Limit: AlertType.LIMIT,
    Rate: AlertType.RATE,
    Silent: AlertType.SENSOR_STALE,
    Offline: AlertType.DEVICE_OFFLINE,
    Difference: AlertType.DIFFERENCE,
    AgeLimit: AlertType.AGE_LIMIT,
    Formula: AlertType.EXPRESSION,
    Drill: AlertType.ALARM_TEST,
}
"""What an alarm is told as, by what it looks at."""


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

    `yields_to` are the actuators that it must not run beside, `node` is the alarm of the node that
    it shares with others. A pump shows within `rise_within_s` and `flow_within_s` that it moves
    water.
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
    node: AlarmKey | None = None
    rise_within_s: float = DRY_RUN_WINDOW_S
    flow_within_s: float = NO_FLOW_WINDOW_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """One sensor; without news for `stale_after_s` it is not believed any more."""

    id: DeviceId
    house_id: HouseId
    role: DeviceRole
    quantities: tuple[Quantity, ...]
    stale_after_s: float
    alarm_keys: Mapping[AlertType, AlarmKey]
    node: AlarmKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One quantity of one sensor; `inside` tells that it speaks for the air of its house."""

    sensor: Sensor
    quantity: Quantity
    key: tuple[DeviceId, Quantity]
    inside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeGroup:
    """The devices that hang on one node, by the alarm of that node."""

    key: AlarmKey
    sensors: tuple[DeviceId, ...]
    actuators: tuple[DeviceId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """An alarm that people wrote down, ready to be looked at."""

    definition: AlarmDefinition
    key: AlarmKey
    manner: Manner
    expression: expressions.Truth | None = None
    cause: AlarmKey | None = None


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
    run_keys: tuple[tuple[AlarmKey, tuple[AlarmKey, ...]], ...] = ()
    """The alarm of each schedule, and those that tell already why a run of it fails."""
    nodes: tuple[NodeGroup, ...] = ()
    watching: tuple[Watching, ...] = ()
    manners: Mapping[AlertType, Manner] = field(default_factory=lambda: MANNERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All houses of a hub, with its schedules and where its clock and sun are.

    `shelved` are the alarms that people want to rest, until when; `seen` the alerts that somebody
    has acknowledged in the cloud, as they were told for the nth time.
    """

    houses: tuple[House, ...]
    actuators: Mapping[DeviceId, Actuator]
    sensors: Mapping[DeviceId, Sensor]
    schedules: Mapping[ScheduleId, Schedule] = field(default_factory=dict)
    locality: Locality = _NOWHERE
    shelved: tuple[tuple[AlarmKey, int], ...] = ()
    seen: Mapping[AlertId, int] = field(default_factory=dict)


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
        shelved=tuple(
            (
                AlarmKey(
                    type=shelf.type,
                    house_id=shelf.house_id,
                    device_id=shelf.device_id,
                    about=shelf.about,
                ),
                shelf.until_ms,
            )
            for shelf in document.shelved
            if shelf.type not in NEVER_HIDDEN
        ),
        seen={one.alert_id: one.times for one in document.seen},
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
    nodes = _nodes(house.id, devices)
    actuators = [
        replace(
            _actuator(device, house, yields_to.get(device.id, frozenset()), nodes.get(device.id)),
            rise_within_s=max(DRY_RUN_WINDOW_S, _news_of(Quantity.WATER_LEVEL, devices)),
            flow_within_s=max(NO_FLOW_WINDOW_S, _news_of(Quantity.FLOW_RATE, devices)),
        )
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
            node=nodes.get(device.id),
        )
        for device in devices
        if device.quantities and device.role not in ACTUATORS
    )
    return House(
        id=house.id,
        kind=house.kind,
        setpoints=house.setpoints,
        software_stop=house.software_stop,
        actuators=tuple(_in_turn(actuators)),
        sensors=sensors,
        probes=_probes(sensors),
        alarm_keys=_alarm_keys(HOUSE_ALARMS, house.id, None),
        mode=house.mode,
        night=house.night,
        flock=house.flock,
        rules=tuple(rule for rule in rules if not isinstance(rule, Exclusion)),
        schedules=schedules,
        run_keys=tuple(_run_keys(house.id, schedule) for schedule in schedules),
        nodes=tuple(
            NodeGroup(
                key=key,
                sensors=tuple(sensor.id for sensor in sensors if sensor.node == key),
                actuators=tuple(one.id for one in actuators if one.node == key),
            )
            for key in dict.fromkeys(nodes.values())
        ),
        watching=tuple(_watching(house, nodes)),
        manners=manners_with(house.alarms),
    )


def _actuator(
    device: DeviceConfig,
    house: HouseConfig,
    yields_to: frozenset[DeviceId],
    node: AlarmKey | None,
) -> Actuator:
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
        node=node,
    )


def _news_of(quantity: Quantity, devices: Iterable[DeviceConfig]) -> float:
    """Return within how many seconds each sensor of a quantity has said something new of it."""
    periods = (device.period_s for device in devices if quantity in device.quantities)
    return WATER_PERIODS * max(periods, default=0.0)


def _in_turn(actuators: Sequence[Actuator]) -> Iterator[Actuator]:
    """Yield who yields after those to whom it yields; in a ring somebody has to be the first."""
    left = list(actuators)
    while left:
        waiting = {actuator.id for actuator in left}
        free = (one for one in left if not one.yields_to & (waiting - {one.id}))
        actuator = next(free, left[0])
        left.remove(actuator)
        yield actuator


def _nodes(house_id: HouseId, devices: Iterable[DeviceConfig]) -> Mapping[DeviceId, AlarmKey]:
    """Return which devices share a node, as far as their addresses name one.

    A node with one device on it is that device.
    """
    on_node: dict[tuple[object, str], list[DeviceId]] = {}
    for device in devices:
        node = device.address.get("node")
        watched = device.role in ACTUATORS or bool(device.quantities)
        # A node may be named by a number, zero too.
        if watched and node is not None and node != "":
            on_node.setdefault((device.address.get("driver"), str(node)), []).append(device.id)
    return {
        device_id: AlarmKey(type=AlertType.NODE_OFFLINE, house_id=house_id, about=node)
        for (_, node), there in on_node.items()
        if len(there) > 1
        for device_id in there
    }


def _watching(house: HouseConfig, nodes: Mapping[DeviceId, AlarmKey]) -> Iterable[Watching]:
    """Return what people want to be told of, but for what every house tells."""
    for definition in house.alarms:
        watch = definition.watch
        if not definition.enabled or isinstance(watch, Standard):
            continue
        device_id = watch.device_id if isinstance(watch, Limit | Rate | Silent | Offline) else None
        is_away = isinstance(watch, Silent | Offline)
        yield Watching(
            definition=definition,
            key=AlarmKey(
                type=_TYPES[type(watch)],
                house_id=house.id,
                device_id=device_id,
                about=str(definition.id),
            ),
            manner=manner_of(definition),
            expression=expressions.parse(watch.expression) if isinstance(watch, Formula) else None,
            cause=nodes.get(device_id) if is_away and device_id is not None else None,
        )


def _probes(sensors: tuple[Sensor, ...]) -> tuple[Probe, ...]:
    return tuple(
        Probe(
            sensor=sensor,
            quantity=quantity,
            key=(sensor.id, quantity),
            inside=speaks_for_air(sensor.role, quantity),
        )
        for sensor in sensors
        for quantity in sensor.quantities
    )


def _run_keys(house_id: HouseId, schedule: Schedule) -> tuple[AlarmKey, tuple[AlarmKey, ...]]:
    key = AlarmKey(type=AlertType.SCHEDULE_FAILED, house_id=house_id, about=str(schedule.id))
    causes = (
        AlarmKey(type=kind, house_id=house_id, device_id=device_id)
        for device_id in devices_of(schedule)
        for kind in (AlertType.DEVICE_OFFLINE, AlertType.DEVICE_ERROR)
    )
    return key, tuple(causes)


def _alarm_keys(
    types: tuple[AlertType, ...], house_id: HouseId, device_id: DeviceId | None
) -> Mapping[AlertType, AlarmKey]:
    return {kind: AlarmKey(type=kind, house_id=house_id, device_id=device_id) for kind in types}
