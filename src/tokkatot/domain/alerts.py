"""Conditions that a person should know of."""

from collections.abc import Iterable, Mapping
from enum import StrEnum, unique
from types import MappingProxyType


@unique
class Severity(StrEnum):
    """How much it matters, the worst first."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


SEVERITY_ORDER: tuple[Severity, ...] = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


@unique
class AlertType(StrEnum):
    """What is wrong; the phone has the words for it in each language."""

    WATER_LOW = "water_low"
    WATER_NOT_RISING = "water_not_rising"
    TEMPERATURE_LOW = "temperature_low"
    TEMPERATURE_HIGH = "temperature_high"
    TEMPERATURE_HARD_LIMIT = "temperature_hard_limit"
    SENSOR_STALE = "sensor_stale"
    SENSOR_DOUBTFUL = "sensor_doubtful"
    SENSORS_DISAGREE = "sensors_disagree"
    DEVICE_OFFLINE = "device_offline"
    DEVICE_ERROR = "device_error"
    NODE_OFFLINE = "node_offline"
    SCHEDULE_FAILED = "schedule_failed"
    LIMIT = "limit"
    RATE = "rate"
    DIFFERENCE = "difference"
    AGE_LIMIT = "age_limit"
    EXPRESSION = "expression"
    ALARM_TEST = "alarm_test"
    MANY_DEVICES = "many_devices"
    ALARM_FLOOD = "alarm_flood"
    DROPPING_SUSPICIOUS = "dropping_suspicious"
    FLOCK_SUSPICIOUS = "flock_suspicious"
    CAMERA_FAILED = "camera_failed"
    HUB_OFFLINE = "hub_offline"
    DATA_GAP = "data_gap"
    TWIN_DRIFT = "twin_drift"
    WEIGHT_BEHIND = "weight_behind"
    YIELD_BEHIND = "yield_behind"


SEVERITIES: Mapping[AlertType, Severity] = MappingProxyType(
    {
        AlertType.WATER_LOW: Severity.WARNING,
        AlertType.WATER_NOT_RISING: Severity.CRITICAL,
        AlertType.TEMPERATURE_LOW: Severity.WARNING,
        AlertType.TEMPERATURE_HIGH: Severity.WARNING,
        AlertType.TEMPERATURE_HARD_LIMIT: Severity.CRITICAL,
        AlertType.SENSOR_STALE: Severity.CRITICAL,
        AlertType.SENSOR_DOUBTFUL: Severity.WARNING,
        AlertType.SENSORS_DISAGREE: Severity.WARNING,
        AlertType.DEVICE_OFFLINE: Severity.WARNING,
        AlertType.DEVICE_ERROR: Severity.WARNING,
        AlertType.NODE_OFFLINE: Severity.CRITICAL,
        AlertType.SCHEDULE_FAILED: Severity.WARNING,
        AlertType.LIMIT: Severity.WARNING,
        AlertType.RATE: Severity.WARNING,
        AlertType.DIFFERENCE: Severity.WARNING,
        AlertType.AGE_LIMIT: Severity.WARNING,
        AlertType.EXPRESSION: Severity.WARNING,
        AlertType.ALARM_TEST: Severity.INFO,
        AlertType.MANY_DEVICES: Severity.WARNING,
        AlertType.ALARM_FLOOD: Severity.CRITICAL,
        AlertType.DROPPING_SUSPICIOUS: Severity.WARNING,
        AlertType.FLOCK_SUSPICIOUS: Severity.CRITICAL,
        AlertType.CAMERA_FAILED: Severity.WARNING,
        AlertType.HUB_OFFLINE: Severity.CRITICAL,
        AlertType.DATA_GAP: Severity.WARNING,
        AlertType.TWIN_DRIFT: Severity.WARNING,
        AlertType.WEIGHT_BEHIND: Severity.WARNING,
        AlertType.YIELD_BEHIND: Severity.WARNING,
    }
)


@unique
class AlertState(StrEnum):
    """Where an alert stands, after ISA-18.2: raised, seen by a person, gone unseen, over."""

    UNACKNOWLEDGED = "unacknowledged"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    NORMAL = "normal"


@unique
class AlertEvent(StrEnum):
    """What moves an alert."""

    RAISED = "raised"
    RAISED_AGAIN = "raised_again"
    CLEARED = "cleared"
    CLEARED_UNHEARD = "cleared_unheard"
    ACKNOWLEDGE = "acknowledge"


ALERT_TRANSITIONS: Mapping[tuple[AlertState, AlertEvent], AlertState] = MappingProxyType(
    {
        (AlertState.NORMAL, AlertEvent.RAISED): AlertState.UNACKNOWLEDGED,
        (AlertState.UNACKNOWLEDGED, AlertEvent.ACKNOWLEDGE): AlertState.ACKNOWLEDGED,
        (AlertState.UNACKNOWLEDGED, AlertEvent.CLEARED): AlertState.RETURNED,
        (AlertState.ACKNOWLEDGED, AlertEvent.CLEARED): AlertState.NORMAL,
        (AlertState.RETURNED, AlertEvent.ACKNOWLEDGE): AlertState.NORMAL,
        (AlertState.RETURNED, AlertEvent.RAISED_AGAIN): AlertState.UNACKNOWLEDGED,
        # It stays, or it is worse than what was seen: somebody has to look again.
        (AlertState.UNACKNOWLEDGED, AlertEvent.RAISED_AGAIN): AlertState.UNACKNOWLEDGED,
        (AlertState.ACKNOWLEDGED, AlertEvent.RAISED_AGAIN): AlertState.UNACKNOWLEDGED,
        # What was told in silence nobody has to look at once it is over.
        (AlertState.UNACKNOWLEDGED, AlertEvent.CLEARED_UNHEARD): AlertState.NORMAL,
        (AlertState.ACKNOWLEDGED, AlertEvent.CLEARED_UNHEARD): AlertState.NORMAL,
    }
)

CLOUDS_OWN: frozenset[AlertType] = frozenset(
    {
        AlertType.HUB_OFFLINE,
        AlertType.DATA_GAP,
        AlertType.TWIN_DRIFT,
        AlertType.WEIGHT_BEHIND,
        AlertType.YIELD_BEHIND,
    }
)
"""What the cloud alone sees; every other alert is its hub's."""

OF_CAMERAS: frozenset[AlertType] = frozenset(
    {AlertType.DROPPING_SUSPICIOUS, AlertType.FLOCK_SUSPICIOUS, AlertType.CAMERA_FAILED}
)
"""What a hub tells beside the alarms of its houses: nothing of it rests."""

NEVER_HIDDEN: frozenset[AlertType] = frozenset(
    {
        AlertType.TEMPERATURE_HARD_LIMIT,
        AlertType.DROPPING_SUSPICIOUS,
        AlertType.FLOCK_SUSPICIOUS,
    }
)
"""What kills within minutes, or spreads, is neither shelved nor told together with others."""


def worst(severities: Iterable[Severity]) -> Severity:
    """Return the worst of some severities, which are not none."""
    return min(severities, key=SEVERITY_ORDER.index)
