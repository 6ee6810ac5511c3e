"""One order to one device, from the tap to its end."""

from collections.abc import Mapping
from enum import StrEnum, unique
from types import MappingProxyType

from tokkatot.domain.devices import OFF, Level


@unique
class Action(StrEnum):
    """What a person asks; `toggle` is resolved to on or off before it leaves the cloud.

    `auto` ends a person's hold and hands the device back to automatic; `reset` clears the latch of
    a device, and starts nothing by itself.
    """

    ON = "on"
    OFF = "off"
    TOGGLE = "toggle"
    SET_VALUE = "set_value"
    AUTO = "auto"
    RESET = "reset"


@unique
class CommandState(StrEnum):
    """Where an order stands."""

    QUEUED = "queued"
    SENT = "sent"
    EXECUTING = "executing"
    COMPLETED = "completed"
    FAILED = "failed"
    REFUSED = "refused"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"


@unique
class Reason(StrEnum):
    """Why an order was refused or failed, as the phone explains it."""

    EXPIRED = "expired"
    WRONG_SESSION = "wrong_session"
    BAD_SIGNATURE = "bad_signature"
    UNKNOWN_DEVICE = "unknown_device"
    UNKNOWN_SCHEDULE = "unknown_schedule"
    NOT_AN_ACTUATOR = "not_an_actuator"
    DEVICE_OFFLINE = "device_offline"
    DEVICE_TIMEOUT = "device_timeout"
    DEVICE_ERROR = "device_error"
    HUB_OFFLINE = "hub_offline"
    HARD_LIMIT = "hard_limit"
    SOFTWARE_STOP = "software_stop"
    SENSOR_STALE = "sensor_stale"
    COOL_DOWN = "cool_down"
    DRY_RUN = "dry_run"
    MINIMUM_OFF = "minimum_off"
    STARTS = "starts"
    EXCLUDED = "excluded"
    SUPERSEDED = "superseded"
    RESTARTED = "restarted"
    NO_ANSWER = "no_answer"
    MEMBER_REMOVED = "member_removed"
    JOURNAL_FULL = "journal_full"


_S = CommandState
TRANSITIONS: Mapping[CommandState, frozenset[CommandState]] = MappingProxyType(
    {
        _S.QUEUED: frozenset(
            {_S.SENT, _S.EXECUTING, _S.REFUSED, _S.EXPIRED, _S.CANCELLED, _S.FAILED}
        ),
        _S.SENT: frozenset(
            {_S.EXECUTING, _S.COMPLETED, _S.FAILED, _S.REFUSED, _S.EXPIRED, _S.CANCELLED}
            | {_S.INTERRUPTED, _S.UNKNOWN}
        ),
        _S.EXECUTING: frozenset({_S.COMPLETED, _S.FAILED, _S.REFUSED, _S.INTERRUPTED, _S.UNKNOWN}),
        # The hub's own word, arriving late, is better than the cloud's "unknown".
        _S.UNKNOWN: frozenset(
            {_S.EXECUTING, _S.COMPLETED, _S.FAILED, _S.REFUSED, _S.EXPIRED, _S.INTERRUPTED}
        ),
        _S.COMPLETED: frozenset(),
        _S.FAILED: frozenset(),
        _S.REFUSED: frozenset(),
        _S.EXPIRED: frozenset(),
        _S.CANCELLED: frozenset(),
        _S.INTERRUPTED: frozenset(),
    }
)

AT_ONCE = frozenset({Action.AUTO, Action.RESET})
"""What is done with at once: it holds nothing, needs no level and no answer of the device."""

LIFETIME_ON_MS = 30_000
LIFETIME_OFF_MS = 300_000


def can_move(before: CommandState, after: CommandState) -> bool:
    """Tell whether an order may go from one state to the other."""
    return after in TRANSITIONS[before]


def is_final(state: CommandState) -> bool:
    """Tell whether an order is at its end (`unknown` is not: the hub may still report)."""
    return not TRANSITIONS[state]


def may_be_repeated(action: str, level: Level, *, rest: Level) -> bool:
    """Tell whether an order does no harm where it is carried out twice.

    It hands the device back, clears its latch, or brings it to off or to where it rests.
    """
    return action in AT_ONCE or level in {OFF, rest}


def lifetime_ms(level: Level) -> int:
    """Return how long an order to this level may still start: longer for the safe way, off."""
    return LIFETIME_OFF_MS if level == OFF else LIFETIME_ON_MS
