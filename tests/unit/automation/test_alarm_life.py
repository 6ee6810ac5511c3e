"""One alarm and many: when they are told, when they are silent, and that none is lost."""

from uuid import UUID

from tests.support.alarms import PLAIN, Desk, key
from tokkatot.automation.alarm_life import FLAP_CALM_S, FLAP_WINDOW_S, FLAPS_AT
from tokkatot.automation.alarms import FLOOD_ABOVE, MAX_RETURNED, WINDOW_S
from tokkatot.automation.manners import Manner
from tokkatot.automation.state import AlarmKey
from tokkatot.domain.alerts import AlertState, AlertType, Severity
from tokkatot.domain.ids import HouseId

ONE = key()
PATIENT = Manner(severity=Severity.WARNING, on_delay_s=10.0, off_delay_s=20.0)


def test_an_alarm_waits_its_on_delay_and_goes_after_its_off_delay() -> None:
    desk = Desk(manners={ONE: PATIENT}, there={ONE: True})
    assert desk.run(10) == []
    assert desk.run(1) == ["raised"]
    desk.there[ONE] = False
    assert desk.run(20) == []
    assert desk.run(1) == ["cleared"]


def test_a_condition_that_comes_back_within_the_off_delay_was_never_gone() -> None:
    desk = Desk(manners={ONE: PATIENT}, there={ONE: True})
    desk.run(11)
    for _ in range(5):
        desk.there[ONE] = False
        assert desk.run(15) == []
        desk.there[ONE] = True
        assert desk.run(2) == []


def test_what_nobody_knows_leaves_an_alarm_as_it_is() -> None:
    desk = Desk(there={ONE: True})
    desk.step()
    desk.there[ONE] = None
    assert desk.run(100) == []
    assert desk.alarms[ONE].stands


def test_an_alarm_that_was_seen_is_over_when_its_condition_is() -> None:
    desk = Desk(there={ONE: True})
    desk.step()
    desk.acknowledge(ONE)
    desk.step()
    assert desk.state(ONE) is AlertState.ACKNOWLEDGED
    desk.there[ONE] = False
    desk.step()
    assert desk.state(ONE) is AlertState.NORMAL


def test_an_alarm_that_went_unseen_comes_again_as_itself() -> None:
    desk = Desk(there={ONE: True})
    first = desk.step()[0]
    desk.there[ONE] = False
    desk.step()
    assert desk.state(ONE) is AlertState.RETURNED
    desk.there[ONE] = True
    again = desk.step()[0]
    assert (again.change.value, again.alert_id, again.times) == ("raised_again", first.alert_id, 2)


def test_an_alarm_that_was_seen_after_it_went_is_another_one_when_it_comes_again() -> None:
    desk = Desk(there={ONE: True})
    first = desk.step()[0]
    desk.there[ONE] = False
    desk.step()
    desk.acknowledge(ONE)
    desk.step()
    assert desk.state(ONE) is AlertState.NORMAL
    desk.there[ONE] = True
    again = desk.step()[0]
    assert again.change.value == "raised"
    assert again.alert_id != first.alert_id


def test_who_has_seen_an_alarm_has_not_seen_it_when_it_is_told_again() -> None:
    desk = Desk(there={ONE: True})
    desk.step()
    desk.acknowledge(ONE)
    desk.there[ONE] = False
    desk.step()
    desk.there[ONE] = True
    desk.step()
    desk.seen = {alert_id: times - 1 for alert_id, times in desk.seen.items()}
    desk.step()
    assert desk.state(ONE) is AlertState.UNACKNOWLEDGED


def test_an_alarm_that_stays_is_told_again_and_has_to_be_seen_again() -> None:
    desk = Desk(manners={ONE: Manner(severity=Severity.WARNING, repeat_s=300.0)}, there={ONE: True})
    desk.step()
    desk.acknowledge(ONE)
    assert desk.run(299) == []
    assert desk.run(1) == ["raised_again"]
    assert desk.state(ONE) is AlertState.UNACKNOWLEDGED


def test_an_alarm_that_flaps_is_told_a_few_times_and_then_only_when_it_has_been_calm() -> None:
    desk = Desk()
    for turn in range(200):
        desk.there[ONE] = turn % 2 == 0
        desk.run(5)
    assert len(desk.called()) == FLAPS_AT
    assert desk.called()[-1].flaps
    desk.there[ONE] = False
    assert desk.run(int(FLAP_CALM_S) - 5) == []
    assert desk.run(10) == ["cleared"]


def test_a_house_that_warms_up_is_not_told_until_it_had_its_time() -> None:
    slow = Manner(severity=Severity.WARNING, hold_off_s=600.0)
    desk = Desk(manners={ONE: slow}, there={ONE: True}, settled_s=0.0)
    assert desk.run(599) == []
    assert desk.run(1) == ["raised"]


def test_an_alarm_that_stands_is_not_cleared_by_a_warm_up() -> None:
    slow = Manner(severity=Severity.WARNING, hold_off_s=600.0)
    desk = Desk(manners={ONE: slow}, there={ONE: True})
    desk.step()
    desk.settled_s, desk.there[ONE] = desk.now_s, False
    assert desk.run(599) == []
    assert desk.run(2) == ["cleared"]


NODE = AlarmKey(type=AlertType.NODE_OFFLINE, house_id=ONE.house_id, about="node-1")


def test_a_node_that_is_away_is_told_and_its_sensors_are_told_with_it_in_silence() -> None:
    sensors = [key(number) for number in range(10)]
    desk = Desk(
        manners={NODE: Manner(severity=Severity.CRITICAL, on_delay_s=30.0)},
        causes=dict.fromkeys(sensors, NODE),
        there={NODE: True, **dict.fromkeys(sensors, True)},
    )
    assert desk.run(30) == [], "the sensors wait for what is behind it"
    desk.run(2)
    assert [change.key for change in desk.called()] == [NODE]
    assert {change.under for change in desk.changes} == {None, desk.alarms[NODE].alert_id}
    assert len(desk.changes) == 11, "none is lost"


def test_a_sensor_that_stays_silent_after_its_node_is_back_is_told_then() -> None:
    desk = Desk(causes={ONE: NODE}, there={NODE: True, ONE: True})
    desk.run(2)
    desk.there[NODE] = False
    desk.run(2)
    assert [change.key for change in desk.called()] == [NODE, ONE]
    assert desk.called()[-1].change.value == "raised_again"


def test_what_was_told_in_silence_is_over_without_anybody() -> None:
    desk = Desk(causes={ONE: NODE}, there={NODE: True, ONE: True})
    desk.run(2)
    desk.there = {NODE: False, ONE: False}
    desk.run(2)
    assert desk.state(ONE) is AlertState.NORMAL
    assert desk.state(NODE) is AlertState.RETURNED


def test_a_shelved_alarm_is_kept_in_silence_and_told_when_its_time_is_over() -> None:
    desk = Desk(there={ONE: True}, shelved={ONE})
    assert [change.shelved for change in desk.step()] == [True]
    assert desk.called() == []
    desk.run(1000)
    desk.shelved.clear()
    desk.step()
    assert [change.key for change in desk.called()] == [ONE]


def test_an_alarm_that_stands_is_not_repeated_while_it_is_shelved() -> None:
    manner = Manner(severity=Severity.WARNING, repeat_s=300.0, siren=True)
    desk = Desk(manners={ONE: manner}, there={ONE: True})
    desk.step()
    desk.shelved.add(ONE)
    assert desk.run(1000) == []
    assert desk.alarms[ONE].is_silent


def test_forty_devices_that_fail_at_once_are_one_alarm_and_forty_entries() -> None:
    devices = [key(number) for number in range(40)]
    desk = Desk(there=dict.fromkeys(devices, True))
    desk.step()
    assert [change.key.type for change in desk.called()] == [AlertType.MANY_DEVICES]
    assert desk.called()[0].actual == 40
    group = desk.called()[0].alert_id
    assert {change.key for change in desk.changes if change.under == group} == set(devices)
    assert desk.changes[0].alert_id == group, "the cause comes first"


def test_forty_devices_of_twenty_houses_that_fail_one_by_one_are_no_flood() -> None:
    desk = Desk()
    kinds = (AlertType.SENSOR_STALE, AlertType.DEVICE_OFFLINE)
    devices = [
        key(number, kinds[number % 2], HouseId(UUID(int=50 + number // 2))) for number in range(40)
    ]
    for device in devices:
        desk.there[device] = True
        desk.run(7)
    assert len(desk.called()) <= 10
    assert {change.key for change in desk.changes} >= set(devices), "none is lost"
    assert desk.called()[-1].key.type is AlertType.ALARM_FLOOD


def test_the_flood_is_over_when_all_that_it_stood_for_is() -> None:
    houses = [HouseId(UUID(int=50 + number)) for number in range(FLOOD_ABOVE + 5)]
    devices = [key(0, AlertType.SENSOR_STALE, house) for house in houses]
    desk = Desk(there=dict.fromkeys(devices, True))
    desk.step()
    flood = next(one for one in desk.alarms if one.type is AlertType.ALARM_FLOOD)
    desk.acknowledge(flood)
    desk.there = dict.fromkeys(devices, False)
    desk.step()
    assert desk.state(flood) is AlertState.NORMAL
    assert not any(alarm.stands for alarm in desk.alarms.values())


def test_dangerous_heat_is_told_in_the_middle_of_a_flood() -> None:
    houses = [HouseId(UUID(int=50 + number)) for number in range(FLOOD_ABOVE + 5)]
    desk = Desk(there={key(0, AlertType.SENSOR_STALE, house): True for house in houses})
    desk.step()
    heat = AlarmKey(type=AlertType.TEMPERATURE_HARD_LIMIT, house_id=houses[-1])
    desk.there[heat] = True
    desk.step()
    assert desk.called()[-1].key == heat


def test_the_worst_is_told_first() -> None:
    bad, worse = (
        AlarmKey(type=kind, house_id=ONE.house_id)
        for kind in (AlertType.WATER_LOW, AlertType.SENSOR_STALE)
    )
    desk = Desk(
        there={bad: True, worse: True},
        manners={bad: PLAIN, worse: Manner(severity=Severity.CRITICAL)},
    )
    assert [change.key for change in desk.step()] == [worse, bad]


def test_a_device_that_fails_long_after_the_others_has_them_told_again() -> None:
    devices = [key(number) for number in range(10)]
    desk = Desk(there=dict.fromkeys(devices, True))
    desk.step()
    desk.step(WINDOW_S + 1)
    desk.there[key(99)] = True
    desk.step()
    assert [change.change.value for change in desk.called()] == ["raised", "raised_again"]
    assert desk.called()[-1].actual == 11


def test_an_alert_that_stood_for_many_which_are_taken_away_is_forgotten_once_it_was_seen() -> None:
    desk = Desk(there={key(number): True for number in range(10)})
    desk.step()
    desk.there.clear()
    desk.step()
    (group,) = desk.alarms
    desk.acknowledge(group)
    desk.run(int(FLAP_WINDOW_S) - 3)
    assert list(desk.alarms) == [group]
    desk.run(2)
    assert list(desk.alarms) == []


def test_who_has_seen_that_many_fail_has_seen_each_of_them() -> None:
    devices = [key(number) for number in range(10)]
    desk = Desk(there=dict.fromkeys(devices, True))
    desk.step()
    group = next(one for one in desk.alarms if one.type is AlertType.MANY_DEVICES)
    desk.acknowledge(group)
    desk.step()
    assert {desk.state(device) for device in devices} == {AlertState.ACKNOWLEDGED}


def test_alarms_that_went_unseen_are_remembered_up_to_a_limit() -> None:
    desk = Desk()
    for number in range(MAX_RETURNED + 50):
        one = AlarmKey(type=AlertType.LIMIT, house_id=ONE.house_id, about=str(number))
        desk.there[one] = True
        desk.step(WINDOW_S)
        desk.there[one] = False
        desk.step(WINDOW_S)
    returned = [alarm for alarm in desk.alarms.values() if alarm.state is AlertState.RETURNED]
    assert len(returned) == MAX_RETURNED
