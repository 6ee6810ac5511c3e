"""Conditions that a person should know of."""

from collections.abc import Mapping
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
    HUB_OFFLINE = "hub_offline"
    DATA_GAP = "data_gap"


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
        AlertType.HUB_OFFLINE: Severity.CRITICAL,
        AlertType.DATA_GAP: Severity.WARNING,
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

    CLEARED = "cleared"
    ACKNOWLEDGE = "acknowledge"
    RAISED_AGAIN = "raised_again"


ALERT_TRANSITIONS: Mapping[tuple[AlertState, AlertEvent], AlertState] = MappingProxyType(
    {
        (AlertState.UNACKNOWLEDGED, AlertEvent.ACKNOWLEDGE): AlertState.ACKNOWLEDGED,
        (AlertState.UNACKNOWLEDGED, AlertEvent.CLEARED): AlertState.RETURNED,
        (AlertState.ACKNOWLEDGED, AlertEvent.CLEARED): AlertState.NORMAL,
        (AlertState.RETURNED, AlertEvent.ACKNOWLEDGE): AlertState.NORMAL,
        (AlertState.RETURNED, AlertEvent.RAISED_AGAIN): AlertState.UNACKNOWLEDGED,
    }
)
