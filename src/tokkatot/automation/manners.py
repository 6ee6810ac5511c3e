"""How an alarm is told: how bad it is, how patient it is, and whether it sounds."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from msgspec import Struct

from tokkatot.domain.alarms import AlarmDefinition, Standard
from tokkatot.domain.alerts import SEVERITIES, AlertType, Severity


class Manner(Struct, frozen=True, kw_only=True):
    """How one alarm is told; see `AlarmDefinition`."""

    severity: Severity
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    hold_off_s: float = 0.0
    repeat_s: float | None = None
    siren: bool = False


# How long a condition lasts before it is raised. A node speaks every 30 s, so it gets two of its
# periods after a start; a relay gets half a minute to do what it was told.
_ON_DELAYS_S: Mapping[AlertType, float] = {
    AlertType.WATER_LOW: 60.0,
    AlertType.TEMPERATURE_LOW: 60.0,
    AlertType.TEMPERATURE_HIGH: 60.0,
    AlertType.DEVICE_OFFLINE: 60.0,
    AlertType.DEVICE_ERROR: 30.0,
    # One strange value is forgotten with the next good one.
    AlertType.SENSOR_DOUBTFUL: 60.0,
    AlertType.NODE_OFFLINE: 60.0,
}

# The sensors of a node that is back get two of their periods to say something, too.
_OFF_DELAYS_S: Mapping[AlertType, float] = {AlertType.NODE_OFFLINE: 90.0}

# What kills within the hour is said again while it stays; the others are for a person to judge.
_REPEATS_S: Mapping[AlertType, float] = {
    AlertType.TEMPERATURE_HARD_LIMIT: 900.0,
    AlertType.WATER_NOT_RISING: 3600.0,
}

_SIRENS = frozenset({AlertType.TEMPERATURE_HARD_LIMIT, AlertType.WATER_NOT_RISING})

MANNERS: Mapping[AlertType, Manner] = MappingProxyType(
    {
        kind: Manner(
            severity=severity,
            on_delay_s=_ON_DELAYS_S.get(kind, 0.0),
            off_delay_s=_OFF_DELAYS_S.get(kind, 0.0),
            repeat_s=_REPEATS_S.get(kind),
            siren=kind in _SIRENS,
        )
        for kind, severity in SEVERITIES.items()
    }
)
"""How everything is told that nobody has said anything else of."""


def manner_of(definition: AlarmDefinition) -> Manner:
    """Return how a definition wants to be told."""
    return Manner(
        severity=definition.severity,
        on_delay_s=definition.on_delay_s,
        off_delay_s=definition.off_delay_s,
        hold_off_s=definition.hold_off_s,
        repeat_s=definition.repeat_s,
        siren=definition.siren,
    )


def manners_with(definitions: Iterable[AlarmDefinition]) -> Mapping[AlertType, Manner]:
    """Return how the alarms that every house has are told where some are to be told otherwise."""
    own = {
        definition.watch.type: manner_of(definition)
        for definition in definitions
        if isinstance(definition.watch, Standard)
    }
    return {**MANNERS, **own} if own else MANNERS
