"""All alarms of a hub together: none is lost, and none is told beside its cause or in a flood."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum, unique
from math import inf

from msgspec import Struct, field
from msgspec.structs import replace

from tokkatot.automation.alarm_life import (
    Condition,
    Turn,
    acknowledged,
    cleared,
    forgotten_at,
    is_remembered,
    live,
    same_until,
    told,
)
from tokkatot.automation.manners import MANNERS
from tokkatot.automation.sameness import are_same, soon
from tokkatot.automation.state import Alarm, AlarmKey
from tokkatot.domain.alerts import NEVER_HIDDEN, SEVERITY_ORDER, AlertState, AlertType, Severity
from tokkatot.domain.ids import AlertId, HouseId

WINDOW_S = 600.0
TOGETHER_ABOVE = 3
"""So many devices of a house are told one by one; more of the same kind are one alarm."""

FLOOD_ABOVE = 8
"""So many alarms are told in ten minutes; all further ones are one. ISA-18.2 calls ten a flood."""

MAX_RETURNED = 256
"""So many alarms that went before anybody saw them are known when they come again."""

_TOGETHER = frozenset({AlertType.MANY_DEVICES, AlertType.ALARM_FLOOD})


@unique
class Change(StrEnum):
    """What happened to an alert."""

    RAISED = "raised"
    RAISED_AGAIN = "raised_again"
    CLEARED = "cleared"


class AlarmChange(Struct, frozen=True, kw_only=True):
    """One alert that was raised or cleared, with the value and the threshold of that moment.

    `under` is the alert that it is told with; nobody is called for it then, nor where it is
    shelved. `times` counts how often it was told.
    """

    alert_id: AlertId
    key: AlarmKey
    change: Change
    threshold: float | None
    actual: float | None
    severity: Severity
    times: int
    name: str | None = None
    under: AlertId | None = None
    shelved: bool = False
    flaps: bool = False


class Circumstances(Struct, frozen=True, kw_only=True):
    """What else decides how alarms are told: who has seen what, what rests, how long houses are up.

    `seen` tells which telling of an alert somebody has acknowledged, `settled_s` since when each
    house is in its mode.
    """

    new_alert_id: Callable[[], AlertId]
    now_s: float
    seen: Mapping[AlertId, int] = field(default_factory=dict)
    shelved: AbstractSet[AlarmKey] = frozenset()
    settled_s: Mapping[HouseId, float] = field(default_factory=dict)


class Followed(Struct, frozen=True, kw_only=True):
    """The alarms after a step, what changed, and when people were called lately.

    Where they are what they were, the same conditions and circumstances change nothing of them
    before `until_s`.
    """

    alarms: Mapping[AlarmKey, Alarm]
    changes: tuple[AlarmChange, ...]
    told_s: tuple[float, ...]
    until_s: float


def follow(
    seen: Iterable[Condition],
    before: Mapping[AlarmKey, Alarm],
    told_s: Sequence[float],
    around: Circumstances,
) -> Followed:
    """Return the alarms after what was seen, and what changed.

    An alarm whose house or device is gone is cleared with it.
    """
    step = _Step(before, told_s, around)
    for condition in seen:
        step.look(condition)
    step.forget_what_is_gone()
    step.call()
    step.close()
    # Who stays the same here is the same object: who looks for news finds none.
    is_same = are_same(step.after, before) and are_same(step.after.values(), before.values())
    return Followed(
        alarms=before if is_same else step.after,
        changes=tuple(step.changes),
        told_s=tuple(step.told_s),
        until_s=step.same_until(),
    )


def sounding(alarms: Mapping[AlarmKey, Alarm]) -> frozenset[HouseId]:
    """Return the houses whose siren is to sound: for what stands, is told and not yet seen."""
    return frozenset(
        key.house_id
        for key, alarm in alarms.items()
        if alarm.sounds and alarm.state is AlertState.UNACKNOWLEDGED and not alarm.is_silent
    )


class _Step:
    """One step over all alarms, in which the order of what is decided matters."""

    def __init__(
        self, before: Mapping[AlarmKey, Alarm], told_s: Sequence[float], around: Circumstances
    ) -> None:
        self._gone = dict(before)
        self._around = around
        self._now_s = around.now_s
        self._until_s = inf
        self._due: list[tuple[Condition, Turn]] = []
        self._silent: list[Condition] = []
        self.after: dict[AlarmKey, Alarm] = {}
        self.changes: list[AlarmChange] = []
        self.told_s = [at_s for at_s in told_s if self._now_s - at_s < WINDOW_S]

    def look(self, condition: Condition) -> None:
        """Let one alarm live on, and note what is to be told of it."""
        key = condition.key
        before = self._gone.pop(key, None)
        if before is not None:
            before = self._seen(before)
        condition = self._settled(condition, before)
        alarm, turn = live(condition, before, self._now_s)
        if alarm is None:
            return
        self.after[key] = alarm
        self._until_s = min(self._until_s, same_until(condition, alarm))
        if turn is Turn.CLEARED:
            assert before is not None, "only what was raised is cleared"
            self._tell_cleared(condition, before)
        elif turn is not None:
            if not self._waits(condition):
                self._due.append((condition, turn))
        elif alarm.stands:
            self._heed(condition, alarm)

    def forget_what_is_gone(self) -> None:
        """Clear the alarms of what is no longer there; who was told together is looked at later."""
        for key, alarm in self._gone.items():
            if key.type in _TOGETHER:
                self.after[key] = self._seen(alarm)
            elif alarm.stands:
                gone = Condition(key=key, manner=MANNERS[key.type], present=False)
                self._tell_cleared(gone, alarm)

    def call(self) -> None:
        """Tell what is due, the worst first."""
        if self._silent:
            standing = {alarm.alert_id for alarm in self.after.values() if alarm.stands}
            for condition in self._silent:
                if self.after[condition.key].under not in standing:
                    self._due.append((condition, Turn.DUE))
        if not self._due:
            return
        self._due.sort(key=lambda due: SEVERITY_ORDER.index(due[0].manner.severity))
        kinds = Counter(_kind(condition.key) for condition, turn in self._due if turn is Turn.DUE)
        for key, alarm in self.after.items():
            if alarm.stands and not alarm.is_silent and self._now_s - alarm.told_s < WINDOW_S:
                kinds[_kind(key)] += 1
        for condition, turn in self._due:
            self._call(condition, turn, alike=kinds[_kind(condition.key)])
        self.changes = [self._counted(change) for change in self.changes]

    def close(self) -> None:
        """Clear those under which nothing stands any more, and keep no more than there is room."""
        for key in [key for key in self.after if key.type in _TOGETHER]:
            self._close(key, self.after[key])
        returned = [key for key, alarm in self.after.items() if alarm.state is AlertState.RETURNED]
        for key in returned[: max(len(returned) - MAX_RETURNED, 0)]:
            del self.after[key]

    def same_until(self) -> float:
        """Return until when all of this stays as it is, if nothing else is seen."""
        together = [forgotten_at(one) for key, one in self.after.items() if key.type in _TOGETHER]
        lately = [at_s + WINDOW_S for at_s in self.told_s[:1]]
        return soon(min((self._until_s, *together, *lately)))

    # ------------------------------------------------------------------------------ one alarm

    def _seen(self, alarm: Alarm) -> Alarm:
        """Return the alarm as seen, where somebody has acknowledged what was told last."""
        if alarm.state not in (AlertState.UNACKNOWLEDGED, AlertState.RETURNED):
            return alarm
        assert alarm.alert_id is not None, "it was raised"
        seen = self._around.seen
        if not seen or (
            seen.get(alarm.alert_id, 0) < alarm.times
            and (alarm.under is None or alarm.under not in seen)
        ):
            return alarm
        return acknowledged(alarm)

    def _settled(self, condition: Condition, before: Alarm | None) -> Condition:
        """Return the condition, unknown while its house is only warming up."""
        hold_off_s = condition.manner.hold_off_s
        if hold_off_s == 0.0:
            return condition
        since_s = self._around.settled_s.get(condition.key.house_id, self._now_s)
        if self._now_s - since_s >= hold_off_s:
            return condition
        self._until_s = min(self._until_s, since_s + hold_off_s)
        stands = before is not None and before.stands
        return replace(condition, present=None if stands else False)

    def _waits(self, condition: Condition) -> bool:
        """Tell whether the cause of a condition is about to be told."""
        cause = None if condition.cause is None else self.after.get(condition.cause)
        return cause is not None and cause.since_s is not None and not cause.stands

    def _heed(self, condition: Condition, alarm: Alarm) -> None:
        """Take what stands to the shelf or from it, or out of a silence whose cause is gone.

        What is on its way out is left alone: it is over soon, or it comes back and is told then.
        """
        shelved = self._around.shelved
        is_shelved = bool(shelved) and condition.key in shelved
        if is_shelved and not alarm.shelved:
            self.after[condition.key] = replace(alarm, shelved=True)
        elif alarm.gone_s is not None:
            return
        elif alarm.shelved and not is_shelved:
            self._due.append((condition, Turn.DUE))
        elif alarm.under is not None:
            self._silent.append(condition)

    def _call(self, condition: Condition, turn: Turn, *, alike: int) -> None:
        key, alarm = condition.key, self.after[condition.key]
        if turn is Turn.STAYS:
            # It is told already: a flood is no time to say it again.
            if len(self.told_s) < FLOOD_ABOVE:
                self._raise(condition, alarm, None)
            return
        if key in self._around.shelved:
            self._raise(condition, alarm, None, shelved=True)
            return
        cause = None if condition.cause is None else self.after.get(condition.cause)
        if cause is not None and cause.stands:
            self._raise(condition, alarm, cause.alert_id)
            return
        if key.type in NEVER_HIDDEN:
            self._raise(condition, alarm, None)
            return
        group = AlarmKey(type=AlertType.MANY_DEVICES, house_id=key.house_id, about=key.type)
        if key.device_id is not None and (alike > TOGETHER_ABOVE or self._is_standing(group)):
            self._raise(condition, alarm, self._together(group, condition))
        elif len(self.told_s) >= FLOOD_ABOVE:
            self._raise(condition, alarm, self._flood(condition))
        else:
            self._raise(condition, alarm, None)

    def _raise(
        self, condition: Condition, alarm: Alarm, under: AlertId | None, *, shelved: bool = False
    ) -> AlertId:
        is_new = alarm.alert_id is None
        after = told(
            alarm,
            self._around.new_alert_id() if is_new else None,
            self._now_s,
            sounds=condition.manner.siren,
            under=under,
            shelved=shelved,
        )
        assert after.alert_id is not None, "it was told in the line above"
        self.after[condition.key] = after
        if not after.is_silent:
            self.told_s.append(self._now_s)
        change = Change.RAISED if is_new else Change.RAISED_AGAIN
        self.changes.append(self._change(condition, after, change))
        return after.alert_id

    def _tell_cleared(self, condition: Condition, alarm: Alarm) -> None:
        self.changes.append(self._change(condition, alarm, Change.CLEARED))

    def _change(self, condition: Condition, alarm: Alarm, change: Change) -> AlarmChange:
        assert alarm.alert_id is not None, "it was raised"
        return AlarmChange(
            alert_id=alarm.alert_id,
            key=condition.key,
            change=change,
            threshold=condition.threshold,
            actual=condition.actual,
            severity=condition.manner.severity,
            times=alarm.times,
            name=condition.name,
            under=alarm.under,
            shelved=alarm.shelved,
            flaps=alarm.flaps,
        )

    # -------------------------------------------------------------------- those told together

    def _is_standing(self, key: AlarmKey) -> bool:
        alarm = self.after.get(key)
        return alarm is not None and alarm.stands

    def _together(self, key: AlarmKey, member: Condition) -> AlertId:
        """Return the alert of those that are told together, raised where it is not there yet."""
        return self._leading(key, member, flood=len(self.told_s) >= FLOOD_ABOVE)

    def _flood(self, member: Condition) -> AlertId:
        found = [key for key in self.after if key.type is AlertType.ALARM_FLOOD]
        house_id = member.key.house_id
        key = found[0] if found else AlarmKey(type=AlertType.ALARM_FLOOD, house_id=house_id)
        return self._leading(key, member, flood=False)

    def _leading(self, key: AlarmKey, member: Condition, *, flood: bool) -> AlertId:
        """Raise the alert that speaks for others; again when one joins long after it was told."""
        alarm = self.after.get(key) or Alarm()
        if alarm.stands and self._now_s - alarm.told_s < WINDOW_S:
            assert alarm.alert_id is not None, "it stands"
            return alarm.alert_id
        manner = MANNERS[key.type]
        if key.type is AlertType.MANY_DEVICES:
            manner = replace(manner, severity=member.manner.severity, siren=member.manner.siren)
        condition = Condition(key=key, manner=manner, present=True)
        under = self._flood(condition) if flood else None
        return self._raise(condition, replace(alarm, since_s=self._now_s), under)

    def _members(self, alert_id: AlertId) -> int:
        return sum(alarm.under == alert_id and alarm.stands for alarm in self.after.values())

    def _counted(self, change: AlarmChange) -> AlarmChange:
        """Let the word of one that speaks for others say for how many."""
        if change.key.type not in _TOGETHER:
            return change
        return replace(change, actual=float(self._members(change.alert_id)))

    def _close(self, key: AlarmKey, alarm: Alarm) -> None:
        if alarm.stands and alarm.alert_id is not None and not self._members(alarm.alert_id):
            gone = Condition(key=key, manner=MANNERS[key.type], present=False)
            self._tell_cleared(gone, alarm)
            alarm = cleared(alarm)
        if is_remembered(alarm, self._now_s):
            self.after[key] = alarm
        else:
            del self.after[key]


def _kind(key: AlarmKey) -> tuple[HouseId, AlertType, bool]:
    return key.house_id, key.type, key.device_id is not None
