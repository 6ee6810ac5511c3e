"""Which conditions a person should know of, raised late enough not to flap."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum, unique

from tokkatot.automation.perception import Senses
from tokkatot.automation.plan import House
from tokkatot.automation.state import Alarm, AlarmKey, Climate, DryRun, Known, Relay
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.ids import AlertId, DeviceId, HouseId

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
    senses: Senses
    climate: Climate
    known: Mapping[DeviceId, Known]
    relays: Mapping[DeviceId, Relay]
    dry_runs: Mapping[DeviceId, DryRun]


def conditions(scene: Scene, alarms: Mapping[AlarmKey, Alarm]) -> Iterator[Condition]:
    """Yield every condition of a house; what is raised already clears only beyond its deadband."""
    yield from _house_conditions(scene, alarms)
    for sensor in scene.house.sensors:
        stale = sensor.id in scene.senses.stale
        yield Condition(
            key=_key(AlertType.SENSOR_STALE, scene.house.id, sensor.id),
            # Right after a start nobody knows: the sensor is neither overdue nor heard.
            present=stale if stale or sensor.id in scene.senses.heard else None,
            threshold=sensor.stale_after_s,
        )
    for actuator in scene.house.actuators:
        known = scene.known[actuator.id]
        dry_run = scene.dry_runs.get(actuator.id)
        yield Condition(
            key=_key(AlertType.DEVICE_OFFLINE, scene.house.id, actuator.id),
            present=not known.online,
        )
        yield Condition(
            key=_key(AlertType.DEVICE_ERROR, scene.house.id, actuator.id),
            present=_disobeys(known, scene.relays[actuator.id]),
            threshold=scene.relays[actuator.id].target,
            actual=known.level,
        )
        yield Condition(
            key=_key(AlertType.WATER_NOT_RISING, scene.house.id, actuator.id),
            present=dry_run is not None and dry_run.latched,
            actual=scene.senses.water_percent,
        )


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
    house, points, senses = scene.house, scene.house.setpoints, scene.senses

    def seen(kind: AlertType, threshold: float, actual: float | None, margin: float) -> Condition:
        key = _key(kind, house.id)
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
        key=_key(AlertType.TEMPERATURE_HARD_LIMIT, house.id),
        present=scene.climate.over_hard_limit,
        threshold=points.temperature_hard_max_c,
        actual=senses.warmest_c,
    )


def _disobeys(known: Known, relay: Relay) -> bool | None:
    if known.error is not None:
        return True
    if not known.online or known.level is None:
        return None
    return abs(known.level - relay.target) > OFF_BY_PERCENT


def _key(kind: AlertType, house_id: HouseId, device_id: DeviceId | None = None) -> AlarmKey:
    return AlarmKey(type=kind, house_id=house_id, device_id=device_id)


def _change(condition: Condition, alert_id: AlertId, change: Change) -> AlarmChange:
    return AlarmChange(
        alert_id=alert_id,
        key=condition.key,
        change=change,
        threshold=condition.threshold,
        actual=condition.actual,
    )
