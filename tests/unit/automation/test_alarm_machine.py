"""The alarms of a hub against whatever Hypothesis lets happen, beside the table of their states."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.support.alarms import Desk, key
from tokkatot.automation.alarms import FLOOD_ABOVE, WINDOW_S, AlarmChange
from tokkatot.automation.manners import Manner
from tokkatot.automation.state import AlarmKey
from tokkatot.domain.alerts import (
    ALERT_TRANSITIONS,
    AlertEvent,
    AlertState,
    AlertType,
    Severity,
)
from tokkatot.domain.ids import AlertId

NODE = AlarmKey(type=AlertType.NODE_OFFLINE, house_id=key().house_id, about="node")
HANGING = [key(number) for number in range(3)]
FREE = [key(number, AlertType.DEVICE_OFFLINE) for number in range(10, 20)]
HEAT = AlarmKey(type=AlertType.TEMPERATURE_HARD_LIMIT, house_id=key().house_id)
ALL = [NODE, *HANGING, *FREE, HEAT]
MANNERS = {
    NODE: Manner(severity=Severity.CRITICAL, on_delay_s=20.0, off_delay_s=30.0),
    **{one: Manner(severity=Severity.WARNING, on_delay_s=5.0) for one in FREE[:5]},
    HEAT: Manner(severity=Severity.CRITICAL, repeat_s=300.0, siren=True),
}
ONCE_MORE = {
    "raised": AlertEvent.RAISED,
    "raised_again": AlertEvent.RAISED_AGAIN,
}


class Alarms(RuleBasedStateMachine):
    """Keeps, from what is told alone, the book that the cloud keeps; the two must agree."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(
            manners=dict(MANNERS),
            causes=dict.fromkeys(HANGING, NODE),
            there=dict.fromkeys(ALL, False),
        )
        self.book: dict[AlertId, AlertState] = {}
        self.of: dict[AlertId, AlarmKey] = {}
        self.present_since: dict[AlarmKey, float] = {}

    def step(self, after_s: float) -> None:
        for one, there in self.desk.there.items():
            if there:
                self.present_since.setdefault(one, self.desk.now_s + after_s)
            elif there is False:
                self.present_since.pop(one, None)
        before = {a.alert_id for a in self.desk.alarms.values()}
        seen_now = [
            alarm.alert_id
            for alarm in self.desk.alarms.values()
            if alarm.state in (AlertState.UNACKNOWLEDGED, AlertState.RETURNED)
            and alarm.alert_id is not None
            and (
                self.desk.seen.get(alarm.alert_id, 0) >= alarm.times
                or (alarm.under is not None and alarm.under in self.desk.seen)
            )
        ]
        for alert_id in seen_now:
            self.move(alert_id, AlertEvent.ACKNOWLEDGE)
        assert all(alert_id in before for alert_id in seen_now)
        for change in self.desk.step(after_s):
            self.take(change)

    def take(self, change: AlarmChange) -> None:
        event = ONCE_MORE.get(change.change.value)
        if event is None:
            unheard = change.shelved or change.under is not None
            event = AlertEvent.CLEARED_UNHEARD if unheard else AlertEvent.CLEARED
        if event is AlertEvent.RAISED:
            assert change.alert_id not in self.book, "an id is given once"
        self.of[change.alert_id] = change.key
        self.move(change.alert_id, event)

    def move(self, alert_id: AlertId, event: AlertEvent) -> None:
        before = self.book.get(alert_id, AlertState.NORMAL)
        self.book[alert_id] = ALERT_TRANSITIONS[before, event]

    @rule(seconds=st.sampled_from([1.0, 1.0, 4.0, 25.0, 400.0]))
    def wait(self, seconds: float) -> None:
        self.step(seconds)

    @rule(one=st.sampled_from(ALL), there=st.sampled_from([True, True, False, None]))
    def turn(self, one: AlarmKey, there: bool | None) -> None:
        self.desk.there[one] = there
        self.step(1.0)

    @rule(there=st.booleans())
    def fail_all_at_once(self, there: bool) -> None:
        self.desk.there.update(dict.fromkeys(FREE, there))
        self.step(1.0)

    @precondition(lambda self: self.book)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        alarms = {a.alert_id: a for a in self.desk.alarms.values() if a.alert_id is not None}
        if alarms:
            alert_id = data.draw(st.sampled_from(sorted(alarms)))
            self.desk.seen[alert_id] = alarms[alert_id].times
        self.step(1.0)

    @rule(one=st.sampled_from(FREE), shelved=st.booleans())
    def shelve(self, one: AlarmKey, shelved: bool) -> None:
        (self.desk.shelved.add if shelved else self.desk.shelved.discard)(one)
        self.step(1.0)

    @invariant()
    def the_book_says_what_the_hub_says(self) -> None:
        for alarm in self.desk.alarms.values():
            if alarm.alert_id is not None:
                assert self.book[alarm.alert_id] is alarm.state

    @invariant()
    def what_the_hub_has_forgotten_is_over_in_the_book(self) -> None:
        known = {alarm.alert_id for alarm in self.desk.alarms.values()}
        for alert_id, state in self.book.items():
            assert alert_id in known or state is AlertState.NORMAL

    @invariant()
    def what_is_there_beyond_its_delay_is_told_or_waits_for_its_cause(self) -> None:
        for one, since_s in self.present_since.items():
            alarm = self.desk.alarms.get(one)
            delay_s = MANNERS[one].on_delay_s if one in MANNERS else 0.0
            waits = one in HANGING and self.desk.there[NODE] is not False
            if self.desk.now_s - since_s > delay_s + 1 and not waits:
                assert alarm is not None
                assert alarm.stands

    @invariant()
    def whoever_is_silent_is_shelved_or_under_what_stands(self) -> None:
        standing = {a.alert_id for a in self.desk.alarms.values() if a.stands}
        for one, alarm in self.desk.alarms.items():
            if alarm.stands and alarm.under is not None and alarm.gone_s is None:
                assert alarm.under in standing
            if alarm.stands and alarm.shelved and alarm.gone_s is None:
                assert one in self.desk.shelved

    @invariant()
    def people_are_not_called_more_than_ten_times_in_ten_minutes(self) -> None:
        lately = [at_s for at_s in self.desk.told_s if self.desk.now_s - at_s < WINDOW_S]
        hot = sum(change.key == HEAT for change in self.desk.changes)
        assert len(lately) <= FLOOD_ABOVE + 1 + hot


Alarms.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAlarms = Alarms.TestCase
