"""What every house tells of by itself: water, warmth, sensors, actuators and nodes."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from tokkatot.automation.alarm_life import Condition
from tokkatot.automation.guards import Guarded
from tokkatot.automation.modes import habits_of
from tokkatot.automation.plan import Actuator, House, NodeGroup, Sensor, Trait
from tokkatot.automation.plausibility import APART_C
from tokkatot.automation.runs import RunOutcome, is_on_its_way
from tokkatot.automation.state import Alarm, AlarmKey, Climate, Known, Relay, Senses
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.houses import SetPoints
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity

WATER_DEADBAND_PERCENT = 2.0
TEMPERATURE_MARGIN_C = 1.0
TEMPERATURE_DEADBAND_C = 0.5
OFF_BY_PERCENT = 5.0


class Scene(Struct, frozen=True, kw_only=True):
    """One house as its alarms see it; `runs` are what came of the runs that ended now."""

    house: House
    setpoints: SetPoints
    senses: Senses
    climate: Climate
    actuators: Sequence[Guarded]
    known: Mapping[DeviceId, Known]
    runs: Sequence[RunOutcome]
    now_s: float


def conditions(scene: Scene, alarms: Mapping[AlarmKey, Alarm]) -> Iterator[Condition]:
    """Yield the conditions of a house that are present, unknown, or on their way already.

    What is raised clears only beyond its deadband; what is neither seen nor known is not told. A
    cause comes before what it causes.
    """
    yield from _house_conditions(scene, alarms)
    for node in scene.house.nodes:
        yield from _node_condition(node, scene, alarms)
    told_of = {key.device_id for key in alarms}
    in_doubt = scene.senses.stale | scene.senses.doubted | told_of
    for sensor in scene.house.sensors if in_doubt else ():
        if sensor.id in in_doubt:
            yield from _sensor_conditions(sensor, scene, alarms)
    for guarded in scene.actuators:
        if not _obeys(guarded) or (told_of and guarded.actuator.id in told_of):
            yield from _actuator_conditions(guarded, scene, alarms)


def _condition(
    key: AlarmKey,
    house: House,
    *,
    present: bool | None,
    threshold: float | None = None,
    actual: float | None = None,
    cause: AlarmKey | None = None,
) -> Condition:
    return Condition(
        key=key,
        manner=house.manners[key.type],
        present=present,
        threshold=threshold,
        actual=actual,
        cause=cause,
    )


def _node_condition(
    node: NodeGroup, scene: Scene, alarms: Mapping[AlarmKey, Alarm]
) -> Iterator[Condition]:
    """Tell of a node of which nothing is there any more, rather than of all that hangs on it."""
    stale = scene.senses.stale
    answers = any(scene.known[actuator].online for actuator in node.actuators)
    away = not answers and all(sensor in stale for sensor in node.sensors)
    if away or node.key in alarms:
        count = len(node.sensors) + len(node.actuators)
        waits = not answers and all(one in stale or _waits(one, scene) for one in node.sensors)
        present = None if waits and not away else away
        yield _condition(node.key, scene.house, present=present, actual=float(count))


def _waits(sensor: DeviceId, scene: Scene) -> bool:
    """Tell whether nobody knows of a sensor, as right after a start: not heard, nor overdue."""
    return sensor in scene.senses.unheard and sensor not in scene.senses.stale


def _sensor_conditions(
    sensor: Sensor, scene: Scene, alarms: Mapping[AlarmKey, Alarm]
) -> Iterator[Condition]:
    senses = scene.senses
    stale, doubted = sensor.id in senses.stale, sensor.id in senses.doubted
    key = sensor.alarm_keys[AlertType.SENSOR_STALE]
    if stale or key in alarms:
        present = None if _waits(sensor.id, scene) else stale
        yield _condition(
            key, scene.house, present=present, threshold=sensor.stale_after_s, cause=sensor.node
        )
    key = sensor.alarm_keys[AlertType.SENSOR_DOUBTFUL]
    if doubted or key in alarms:
        present = None if _waits(sensor.id, scene) else doubted
        yield _condition(key, scene.house, present=present)


def _actuator_conditions(
    guarded: Guarded, scene: Scene, alarms: Mapping[AlarmKey, Alarm]
) -> Iterator[Condition]:
    actuator, known, house = guarded.actuator, guarded.known, scene.house
    keys = actuator.alarm_keys
    disobeys = _disobeys(actuator, known, guarded.relay, scene.now_s)
    key = keys[AlertType.DEVICE_OFFLINE]
    if not known.online or key in alarms:
        yield _condition(key, house, present=not known.online, cause=actuator.node)
    key = keys[AlertType.DEVICE_ERROR]
    if disobeys or key in alarms:
        yield _condition(
            key, house, present=disobeys, threshold=guarded.relay.target, actual=known.level
        )
    if actuator.trait is Trait.WATER:
        key, latched = keys[AlertType.WATER_NOT_RISING], guarded.dry_run.latched
        if latched or key in alarms:
            yield _condition(key, house, present=latched, actual=scene.senses.water_percent)


def _house_conditions(scene: Scene, alarms: Mapping[AlarmKey, Alarm]) -> Iterator[Condition]:
    house, points, senses = scene.house, scene.setpoints, scene.senses
    for kind, threshold, actual, margin in _limits(scene):
        key = house.alarm_keys[kind]
        alarm = alarms.get(key)
        # A negative margin watches for too low, a positive one for too high.
        edge = threshold - margin if alarm is not None and alarm.stands else threshold
        present = None if actual is None else (actual < edge if margin < 0 else actual > edge)
        if present or alarm is not None:
            yield _condition(key, house, present=present, threshold=threshold, actual=actual)
    key = house.alarm_keys[AlertType.TEMPERATURE_HARD_LIMIT]
    if scene.climate.over_hard_limit or key in alarms:
        yield _condition(
            key,
            house,
            present=scene.climate.over_hard_limit,
            threshold=points.temperature_hard_max_c,
            actual=senses.warmest_c,
        )
    key = house.alarm_keys[AlertType.SENSORS_DISAGREE]
    if senses.is_apart or key in alarms:
        yield _condition(
            key, house, present=_is_apart(scene), threshold=APART_C, actual=senses.temperature_c
        )


def _is_apart(scene: Scene) -> bool | None:
    """Tell whether thermometers disagree; None where one waits, or they may, not yet for long."""
    if scene.senses.is_apart:
        return True
    waits = any(
        probe.inside and probe.quantity is Quantity.TEMPERATURE and _waits(probe.sensor.id, scene)
        for probe in scene.house.probes
    )
    return None if waits or scene.senses.apart_s is not None else False


def _limits(scene: Scene) -> tuple[tuple[AlertType, float, float | None, float], ...]:
    """Return what is told of when it is beyond a threshold, until it is back by a margin."""
    points, senses = scene.setpoints, scene.senses
    water = (
        AlertType.WATER_LOW,
        points.water_low_percent,
        senses.water_percent,
        -WATER_DEADBAND_PERCENT,
    )
    cold = (
        AlertType.TEMPERATURE_LOW,
        points.temperature_min_c - TEMPERATURE_MARGIN_C,
        senses.temperature_c,
        -TEMPERATURE_DEADBAND_C,
    )
    warm = (
        AlertType.TEMPERATURE_HIGH,
        points.temperature_max_c + TEMPERATURE_MARGIN_C,
        senses.temperature_c,
        TEMPERATURE_DEADBAND_C,
    )
    return (water, cold, warm) if habits_of(scene.house.mode).warmth_matters else (water, warm)


def _obeys(guarded: Guarded) -> bool:
    """Tell whether there is nothing to tell of an actuator, as nearly always."""
    known = guarded.known
    follows = known.online and known.level == guarded.relay.target
    return follows and known.error is None and not guarded.dry_run.latched


def is_under_way(scene: Scene) -> bool:
    """Tell whether an actuator of a house takes its time to follow, as long as it may."""
    return any(
        not _obeys(one)
        and one.known.level != one.relay.target
        and _disobeys(one.actuator, one.known, one.relay, scene.now_s) is False
        for one in scene.actuators
    )


def _disobeys(actuator: Actuator, known: Known, relay: Relay, now_s: float) -> bool | None:
    if known.error is not None:
        return True
    if not known.online or known.level is None:
        return None
    if abs(known.level - relay.target) <= OFF_BY_PERCENT:
        return False
    travels_s = 0.0 if relay.changed_s is None else now_s - relay.changed_s
    return not (travels_s < actuator.spec.travel_s and is_on_its_way(known, now_s))
