"""When a person is told, and when it is over."""

from uuid import UUID

import pytest

from tests.support.engine import HOUSE, IDS, TANK, THERMOMETER, Bench
from tokkatot.automation.inputs import Contact, Report
from tokkatot.automation.plan import EMPTY_PLAN
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.ids import AlertId


def told(bench: Bench) -> list[tuple[AlertType, str]]:
    """Return what was raised and cleared, and forget it."""
    changes = [(item.key.type, item.change.value) for item in bench.alarms]
    bench.alarms.clear()
    return changes


def test_water_below_low_is_told_after_a_minute_and_over_beyond_the_deadband() -> None:
    bench = Bench(water_percent=19.0)
    bench.run(58)
    assert told(bench) == []
    bench.run(3)
    alarm = bench.alarms[0]
    assert (alarm.threshold, alarm.actual, alarm.key.house_id) == (20.0, 19.0, HOUSE)
    assert told(bench) == [(AlertType.WATER_LOW, "raised")]
    bench.water_percent = 21.9
    bench.run(60)
    assert told(bench) == []
    bench.water_percent = 22.0
    bench.run(2)
    assert told(bench) == [(AlertType.WATER_LOW, "cleared")]


def test_a_dip_that_is_over_within_the_delay_is_not_told() -> None:
    bench = Bench(water_percent=19.0)
    bench.run(50)
    bench.water_percent = 20.5
    bench.run(100)
    assert told(bench) == []


def test_a_level_that_flaps_around_the_threshold_is_told_once() -> None:
    bench = Bench(water_percent=19.0)
    bench.run(70)
    for turn in range(100):
        bench.water_percent = 21.0 if turn % 2 else 19.5
        bench.step()
    assert told(bench) == [(AlertType.WATER_LOW, "raised")]


@pytest.mark.parametrize(
    ("celsius", "kind"),
    [(20.9, AlertType.TEMPERATURE_LOW), (31.1, AlertType.TEMPERATURE_HIGH)],
)
def test_a_temperature_beyond_its_set_point_by_more_than_a_degree_is_told(
    celsius: float, kind: AlertType
) -> None:
    bench = Bench(temperature_c=celsius)
    bench.run(62)
    bench.temperature_c = 26.0
    bench.run(2)
    assert told(bench) == [(kind, "raised"), (kind, "cleared")]


def test_the_hard_limit_is_told_at_once() -> None:
    bench = Bench(temperature_c=26.0)
    bench.temperature_c = 35.0
    bench.step()
    assert told(bench) == [(AlertType.TEMPERATURE_HARD_LIMIT, "raised")]
    bench.temperature_c = 34.5
    bench.run(3)
    assert told(bench) == []
    bench.temperature_c = 33.9
    bench.step()
    assert told(bench) == [(AlertType.TEMPERATURE_HARD_LIMIT, "cleared")]


def test_a_silent_sensor_is_told_by_its_device_and_cleared_when_it_speaks() -> None:
    bench = Bench(water_percent=60.0)
    bench.water_percent = None
    bench.run(40)
    assert [(item.key.device_id, item.threshold) for item in bench.alarms] == [(TANK, 30.0)]
    assert told(bench) == [(AlertType.SENSOR_STALE, "raised")]
    bench.water_percent = 60.0
    bench.step()
    assert told(bench) == [(AlertType.SENSOR_STALE, "cleared")]


def test_while_nothing_is_known_an_alarm_stays_as_it_is() -> None:
    bench = Bench(water_percent=10.0)
    bench.run(70)
    assert told(bench) == [(AlertType.WATER_LOW, "raised")]
    bench.water_percent = None
    bench.run(100)
    assert told(bench) == [(AlertType.SENSOR_STALE, "raised")]


def test_an_actuator_that_is_away_for_a_minute_is_told() -> None:
    bench = Bench()
    fan = IDS[DeviceRole.FAN]
    bench.step(contacts=(Contact(device_id=fan, online=False),))
    bench.run(59)
    assert told(bench) == []
    bench.run(3)
    assert bench.alarms[0].key.device_id == fan
    bench.step(contacts=(Contact(device_id=fan, online=True),))
    assert told(bench) == [
        (AlertType.DEVICE_OFFLINE, "raised"),
        (AlertType.DEVICE_OFFLINE, "cleared"),
    ]


def test_an_actuator_that_does_not_do_what_it_was_told_is_told() -> None:
    bench = Bench()
    fan = IDS[DeviceRole.FAN]
    bench.follow = False
    bench.step(reports=(Report(device_id=fan, level=0.0),))
    bench.run(32)
    assert [(item.key.device_id, item.threshold, item.actual) for item in bench.alarms] == [
        (fan, 100.0, 0.0)
    ]
    assert told(bench) == [(AlertType.DEVICE_ERROR, "raised")]
    bench.step(reports=(Report(device_id=fan, level=100.0),))
    assert told(bench) == [(AlertType.DEVICE_ERROR, "cleared")]


def test_the_alarms_of_a_house_that_is_taken_away_are_cleared() -> None:
    bench = Bench(water_percent=10.0)
    bench.run(70)
    told(bench)
    bench.plan = EMPTY_PLAN
    bench.step()
    assert told(bench) == [(AlertType.WATER_LOW, "cleared")]


def test_an_alarm_keeps_the_id_that_it_was_raised_with() -> None:
    bench = Bench(temperature_c=36.0)
    bench.temperature_c = 30.0
    bench.step()
    first, second = [
        item for item in bench.alarms if item.key.type is AlertType.TEMPERATURE_HARD_LIMIT
    ]
    assert first.alert_id == second.alert_id
    assert isinstance(first.alert_id, UUID)
    assert AlertId(first.alert_id) == first.alert_id


def test_a_sensor_that_was_never_heard_goes_stale_too() -> None:
    bench = Bench(temperature_c=None)
    bench.run(40)
    assert bench.alarms[0].key.device_id == THERMOMETER
