"""Which conditions a person should know of, raised late enough not to flap."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique

from tokkatot.automation.modes import habits_of
from tokkatot.automation.perception import Senses
from tokkatot.automation.plan import Actuator, House, Sensor, Trait
from tokkatot.automation.plausibility import APART_C
from tokkatot.automation.state import Alarm, AlarmKey, Climate, DryRun, Known, Relay
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.houses import SetPoints
from tokkatot.domain.ids import AlertId, DeviceId

WATER_DEADBAND_PERCENT = 2.0
TEMPERATURE_MARGIN_C = 1.0
TEMPERATURE_DEADBAND_C = 0.5
OFF_BY_PERCENT = 5.0

# How long a condition lasts before it is raised. A node speaks every 30 s, so it gets two of its
# periods after a start; a relay gets half a minute to do what it was told.
ON_DELAYS_S: Mapping[AlertType, float] = {
    AlertType.WATER_LOW: 60.0,
    AlertType.TEMPERATURE_LOW: 60.0,
    AlertType.TEMPERATURE_HIGH: 60.0,
    AlertType.DEVICE_OFFLINE: 60.0,
    AlertType.DEVICE_ERROR: 30.0,
    # One strange value is forgotten with the next good one.
    AlertType.SENSOR_DOUBTFUL: 60.0,
}


@unique
class Change(StrEnum):
    """What happened to an alert."""

    RAISED = "raised"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmChange:
    """One alert that was raised or cleared, with the value and the threshold of that moment."""

    alert_id: AlertId
    key: AlarmKey
    change: Change
    threshold: float | None
    actual: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What an alarm looks at: `present` None leaves it as it is (nothing is known)."""

    key: AlarmKey
    present: bool | None
    threshold: float | None = None
    actual: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One house as its alarms see it."""

    house: House
    setpoints: SetPoints
    senses: Senses
    climate: Climate
    known: Mapping[DeviceId, Known]
    relays: Mapping[DeviceId, Relay]
    dry_runs: Mapping[DeviceId, DryRun]


def conditions(scene: Scene, alarms: Mapping[AlarmKey, Alarm]) -> Iterator[Condition]:
    """Yield the conditions of a house that are present, unknown, or on their way already.

    What is raised clears only beyond its deadband; what is neither seen nor known is not told.
    """
    yield from _house_conditions(scene, alarms)
    for sensor in scene.house.sensors:
        yield from _sensor_conditions(sensor, scene.senses, alarms)
    for actuator in scene.house.actuators:
        known, relay = scene.known[actuator.id], scene.relays[actuator.id]
        if alarms or not known.online or _disobeys(known, relay) or actuator.trait is Trait.WATER:
            yield from _actuator_conditions(actuator, known, relay, scene, alarms)


def _sensor_conditions(
    sensor: Sensor, senses: Senses, alarms: Mapping[AlarmKey, Alarm]
) -> Iterator[Condition]:
    stale, doubted = sensor.id in senses.stale, sensor.id in senses.doubted
    if not (alarms or stale or doubted):
        return
    key = sensor.alarm_keys[AlertType.SENSOR_STALE]
    if stale or key in alarms:
        # Right after a start nobody knows: the sensor is neither overdue nor heard.
        present = None if not stale and sensor.id in senses.unheard else stale
        yield Condition(key=key, present=present, threshold=sensor.stale_after_s)
    key = sensor.alarm_keys[AlertType.SENSOR_DOUBTFUL]
    if doubted or key in alarms:
        yield Condition(key=key, present=doubted)


def _actuator_conditions(
    actuator: Actuator,
    known: Known,
    relay: Relay,
    scene: Scene,
    alarms: Mapping[AlarmKey, Alarm],
) -> Iterator[Condition]:
    keys = actuator.alarm_keys
    key = keys[AlertType.DEVICE_OFFLINE]
    if not known.online or key in alarms:
        yield Condition(key=key, present=not known.online)
    key = keys[AlertType.DEVICE_ERROR]
    disobeys = _disobeys(known, relay)
    if disobeys or key in alarms:
        yield Condition(key=key, present=disobeys, threshold=relay.target, actual=known.level)
    if actuator.trait is Trait.WATER:
        key, dry_run = keys[AlertType.WATER_NOT_RISING], scene.dry_runs.get(actuator.id)
        latched = dry_run is not None and dry_run.latched
        if latched or key in alarms:
            yield Condition(key=key, present=latched, actual=scene.senses.water_percent)


def follow(
    seen: Iterator[Condition],
    alarms: Mapping[AlarmKey, Alarm],
    new_alert_id: Callable[[], AlertId],
    now_s: float,
) -> tuple[dict[AlarmKey, Alarm], tuple[AlarmChange, ...]]:
    """Return the alarms after what was seen, and what changed.

    An alarm whose house or device is gone is cleared with it.
    """
    after: dict[AlarmKey, Alarm] = {}
    changes: list[AlarmChange] = []
    gone = dict(alarms)
    for condition in seen:
        before = gone.pop(condition.key, None)
        present = condition.present if condition.present is not None else before is not None
        if not present:
            if before is not None and before.alert_id is not None:
                changes.append(_change(condition, before.alert_id, Change.CLEARED))
            continue
        alarm = before or Alarm(since_s=now_s)
        delay_s = ON_DELAYS_S.get(condition.key.type, 0.0)
        if alarm.alert_id is None and now_s - alarm.since_s >= delay_s:
            alarm = Alarm(since_s=alarm.since_s, alert_id=new_alert_id())
            assert alarm.alert_id is not None, "it was named in the line above"
            changes.append(_change(condition, alarm.alert_id, Change.RAISED))
        after[condition.key] = alarm
    changes.extend(
        _change(Condition(key=key, present=False), alarm.alert_id, Change.CLEARED)
        for key, alarm in gone.items()
        if alarm.alert_id is not None
    )
    return after, tuple(changes)


def _house_conditions(scene: Scene, alarms: Mapping[AlarmKey, Alarm]) -> Iterator[Condition]:
    house, points, senses = scene.house, scene.setpoints, scene.senses

    def seen(kind: AlertType, threshold: float, actual: float | None, margin: float) -> Condition:
        key = house.alarm_keys[kind]
        alarm = alarms.get(key)
        raised = alarm is not None and alarm.alert_id is not None
        # A negative margin watches for too low, a positive one for too high.
        edge = threshold - margin if raised else threshold
        present = None if actual is None else (actual < edge if margin < 0 else actual > edge)
        return Condition(key=key, present=present, threshold=threshold, actual=actual)

    yield seen(
        AlertType.WATER_LOW,
        points.water_low_percent,
        senses.water_percent,
        -WATER_DEADBAND_PERCENT,
    )
    if habits_of(house.mode).warmth_matters:
        yield seen(
            AlertType.TEMPERATURE_LOW,
            points.temperature_min_c - TEMPERATURE_MARGIN_C,
            senses.temperature_c,
            -TEMPERATURE_DEADBAND_C,
        )
    yield seen(
        AlertType.TEMPERATURE_HIGH,
        points.temperature_max_c + TEMPERATURE_MARGIN_C,
        senses.temperature_c,
        TEMPERATURE_DEADBAND_C,
    )
    yield Condition(
        key=house.alarm_keys[AlertType.TEMPERATURE_HARD_LIMIT],
        present=scene.climate.over_hard_limit,
        threshold=points.temperature_hard_max_c,
        actual=senses.warmest_c,
    )
    key = house.alarm_keys[AlertType.SENSORS_DISAGREE]
    if senses.is_apart or key in alarms:
        yield Condition(
            key=key, present=senses.is_apart, threshold=APART_C, actual=senses.temperature_c
        )


def _disobeys(known: Known, relay: Relay) -> bool | None:
    if known.error is not None:
        return True
    if not known.online or known.level is None:
        return None
    return abs(known.level - relay.target) > OFF_BY_PERCENT


def _change(condition: Condition, alert_id: AlertId, change: Change) -> AlarmChange:
    return AlarmChange(
        alert_id=alert_id,
        key=condition.key,
        change=change,
        threshold=condition.threshold,
        actual=condition.actual,
    )
