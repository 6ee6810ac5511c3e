"""The life of one alarm after ISA-18.2: what moves it from one state to another."""

from enum import StrEnum, unique
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from tokkatot.automation.manners import Manner
from tokkatot.automation.state import Alarm, AlarmKey
from tokkatot.domain.alerts import ALERT_TRANSITIONS, AlertEvent, AlertState
from tokkatot.domain.ids import AlertId

FLAPS_AT = 3
FLAP_WINDOW_S = 1800.0
"""An alarm that comes so often within this time flaps …"""

FLAP_CALM_S = 900.0
"""… and is over only when its condition was gone for so long."""


class Condition(Struct, frozen=True, kw_only=True):
    """What an alarm looks at: `present` None leaves it as it is (nothing is known).

    While `cause` is there too it is told in silence: who knows the cause knows this as well.
    """

    key: AlarmKey
    manner: Manner
    present: bool | None
    threshold: float | None = None
    actual: float | None = None
    name: str | None = None
    cause: AlarmKey | None = None


@unique
class Turn(StrEnum):
    """What is to be told of an alarm."""

    DUE = "due"
    STAYS = "stays"
    CLEARED = "cleared"


def live(
    condition: Condition, before: Alarm | None, now_s: float
) -> tuple[Alarm | None, Turn | None]:
    """Return an alarm after what was seen of its condition, and what is to be told of it.

    None is an alarm of which nothing is left to remember.
    """
    alarm = before or Alarm()
    present = condition.present
    if present is None:
        present = alarm.stands or alarm.since_s is not None
    if present:
        return _present(condition.manner, alarm, now_s)
    if alarm.stands:
        return _going(condition.manner, alarm, now_s)
    alarm = replace(alarm, since_s=None) if alarm.since_s is not None else alarm
    return (alarm if is_remembered(alarm, now_s) else None), None


def same_until(condition: Condition, alarm: Alarm) -> float:
    """Return until when an alarm is as it is, while the same is seen of its condition.

    It may lie in the past: then something of it is due, or waits for another alarm.
    """
    manner = condition.manner
    if not alarm.stands:
        if alarm.since_s is not None:
            return alarm.since_s + manner.on_delay_s
        return forgotten_at(alarm)
    if alarm.gone_s is not None:
        return alarm.gone_s + _calm_s(manner, alarm)
    if manner.repeat_s is None or alarm.is_silent:
        return inf
    return alarm.told_s + manner.repeat_s


def forgotten_at(alarm: Alarm) -> float:
    """Return when nothing depends on an alarm any more that is neither there nor to be seen."""
    if alarm.since_s is not None or alarm.state is not AlertState.NORMAL:
        return inf
    return max(alarm.raises, default=-inf) + FLAP_WINDOW_S


def moved(alarm: Alarm, event: AlertEvent) -> Alarm:
    """Return the alarm in its next state; the table has one for every event that comes here."""
    return replace(alarm, state=ALERT_TRANSITIONS[alarm.state, event])


def told(
    alarm: Alarm,
    new_id: AlertId | None,
    now_s: float,
    *,
    sounds: bool,
    under: AlertId | None,
    shelved: bool,
) -> Alarm:
    """Return the alarm as raised, or raised again, now; `new_id` names one that has no id yet."""
    assert (alarm.alert_id is None) == (new_id is not None), "only what is new gets an id"
    raises = alarm.raises if alarm.stands else (*_lately(alarm, now_s), now_s)
    return Alarm(
        since_s=alarm.since_s,
        alert_id=alarm.alert_id or new_id,
        state=moved(alarm, AlertEvent.RAISED if new_id else AlertEvent.RAISED_AGAIN).state,
        told_s=now_s,
        times=alarm.times + 1,
        raises=raises,
        flaps=alarm.flaps or len(raises) >= FLAPS_AT,
        under=under,
        shelved=shelved,
        sounds=sounds,
    )


def acknowledged(alarm: Alarm) -> Alarm:
    """Return the alarm as seen by a person; what is over is forgotten but for how often it came."""
    after = moved(alarm, AlertEvent.ACKNOWLEDGE)
    return after if after.stands else _over(after)


def cleared(alarm: Alarm) -> Alarm:
    """Return the alarm after its condition is gone for good; nobody has to see a silent one."""
    event = AlertEvent.CLEARED_UNHEARD if alarm.is_silent else AlertEvent.CLEARED
    after = replace(moved(alarm, event), since_s=None, gone_s=None, sounds=False, flaps=False)
    return _over(after) if after.state is AlertState.NORMAL else after


def is_remembered(alarm: Alarm, now_s: float) -> bool:
    """Tell whether anything depends on an alarm any more."""
    waits = alarm.since_s is not None or alarm.state is not AlertState.NORMAL
    return waits or bool(_lately(alarm, now_s))


def _present(manner: Manner, alarm: Alarm, now_s: float) -> tuple[Alarm, Turn | None]:
    if alarm.stands:
        if alarm.gone_s is not None:
            alarm = replace(alarm, gone_s=None)
        repeats = manner.repeat_s is not None and now_s - alarm.told_s >= manner.repeat_s
        return alarm, Turn.STAYS if repeats and not alarm.is_silent else None
    if alarm.since_s is None:
        alarm = replace(alarm, since_s=now_s)
    assert alarm.since_s is not None, "it was set in the line above"
    return alarm, Turn.DUE if now_s - alarm.since_s >= manner.on_delay_s else None


def _going(manner: Manner, alarm: Alarm, now_s: float) -> tuple[Alarm, Turn | None]:
    gone_s = now_s if alarm.gone_s is None else alarm.gone_s
    if now_s - gone_s < _calm_s(manner, alarm):
        return (alarm if alarm.gone_s is not None else replace(alarm, gone_s=gone_s)), None
    return cleared(alarm), Turn.CLEARED


def _calm_s(manner: Manner, alarm: Alarm) -> float:
    """Return how long the condition of an alarm must be gone until it is over."""
    return max(manner.off_delay_s, FLAP_CALM_S) if alarm.flaps else manner.off_delay_s


def _over(alarm: Alarm) -> Alarm:
    return Alarm(since_s=alarm.since_s, raises=alarm.raises)


def _lately(alarm: Alarm, now_s: float) -> tuple[float, ...]:
    return tuple(at_s for at_s in alarm.raises if now_s - at_s < FLAP_WINDOW_S)
