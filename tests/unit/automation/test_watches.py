"""What the alarms that people write down tell, in the engine's house."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from uuid import UUID

import pytest

from tests.support.alarms import definition, furnish
from tests.support.engine import HOUSE, IDS, SECOND_THERMOMETER, TANK, THERMOMETER, Bench, device
from tests.support.schedules import DAWN_MS
from tokkatot.automation.inputs import Contact, Sample
from tokkatot.domain.alarms import (
    LONGEST_TEST_S,
    AgeLimit,
    AlarmDefinition,
    Difference,
    Drill,
    Formula,
    Limit,
    Offline,
    Rate,
    Seen,
    Shelf,
    Silent,
    Standard,
)
from tokkatot.domain.alerts import AlertType, Severity
from tokkatot.domain.desired import DeviceConfig
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.flocks import Flock
from tokkatot.domain.houses import HouseMode
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Comparison
from tokkatot.domain.schedules import CurvePoint, DailyTimes

ABOVE, BELOW = Comparison.ABOVE, Comparison.BELOW
SIREN = DeviceId(UUID(int=300))
WEATHER = DeviceId(UUID(int=301))
STATION = device(WEATHER, DeviceRole.WEATHER_STATION, Quantity.TEMPERATURE)


def told(bench: Bench, kind: AlertType) -> list[str]:
    """Return what was told of a kind, and forget it all."""
    changes = [item.change.value for item in bench.alarms if item.key.type is kind]
    bench.alarms.clear()
    return changes


def test_a_limit_is_told_with_its_name_and_goes_beyond_its_deadband() -> None:
    bench = Bench(temperature_c=27.0)
    furnish(
        bench,
        alarms=(
            definition(
                Limit(
                    quantity=Quantity.TEMPERATURE, comparison=ABOVE, threshold=28.0, deadband=1.0
                ),
                severity=Severity.CRITICAL,
            ),
        ),
    )
    bench.temperature_c = 28.5
    bench.step()
    alarm = bench.alarms[0]
    assert (alarm.name, alarm.threshold, alarm.actual) == ("alarm 1", 28.0, 28.5)
    assert (alarm.severity, alarm.key.about) == (Severity.CRITICAL, str(UUID(int=1)))
    bench.temperature_c = 27.5
    bench.run(5)
    assert told(bench, AlertType.LIMIT) == ["raised"]
    bench.temperature_c = 26.9
    bench.step()
    assert told(bench, AlertType.LIMIT) == ["cleared"]


def test_a_limit_of_one_device_looks_at_that_one_alone() -> None:
    bench = Bench(temperature_c=27.0)
    watch = Limit(quantity=Quantity.WATER_LEVEL, comparison=BELOW, threshold=50.0, device_id=TANK)
    furnish(bench, alarms=(definition(watch),))
    bench.water_percent = 49.0
    bench.step()
    assert bench.alarms[0].key.device_id == TANK


@pytest.mark.parametrize(("way", "step_c"), [(ABOVE, 0.02), (BELOW, -0.02)])
def test_a_value_that_changes_fast_is_told(way: Comparison, step_c: float) -> None:
    bench = Bench(temperature_c=26.0)
    watch = Rate(quantity=Quantity.TEMPERATURE, comparison=way, per_minute=1.0, window_s=120.0)
    furnish(bench, alarms=(definition(watch),))
    bench.run(200)
    assert told(bench, AlertType.RATE) == [], "it stands still"
    for _ in range(120):
        assert bench.temperature_c is not None
        bench.temperature_c += step_c
        bench.step()
    assert told(bench, AlertType.RATE) == ["raised"]
    bench.run(200)
    assert told(bench, AlertType.RATE) == ["cleared"]


def test_a_value_that_trembles_does_not_change_fast() -> None:
    bench = Bench(temperature_c=26.0)
    watch = Rate(quantity=Quantity.TEMPERATURE, comparison=ABOVE, per_minute=1.0, window_s=120.0)
    furnish(bench, alarms=(definition(watch),))
    for turn in range(600):
        bench.temperature_c = 26.0 + 0.5 * (turn % 2)
        bench.step()
    assert told(bench, AlertType.RATE) == []


def test_a_sensor_is_told_silent_as_early_as_its_alarm_wants() -> None:
    bench = Bench()
    furnish(bench, alarms=(definition(Silent(device_id=TANK, after_s=12.0)),))
    bench.water_percent = None
    bench.run(11)
    assert told(bench, AlertType.SENSOR_STALE) == []
    bench.run(3)
    assert told(bench, AlertType.SENSOR_STALE) == ["raised"]


def test_a_device_that_is_away_is_told_by_its_own_alarm() -> None:
    bench = Bench()
    furnish(bench, alarms=(definition(Offline(device_id=THERMOMETER), on_delay_s=5.0),))
    bench.step(contacts=(Contact(device_id=THERMOMETER, online=True),))
    bench.step(contacts=(Contact(device_id=THERMOMETER, online=False),))
    bench.run(6)
    assert told(bench, AlertType.DEVICE_OFFLINE) == ["raised"]


def outside(celsius: float) -> tuple[Sample, ...]:
    return (
        Sample(device_id=THERMOMETER, quantity=Quantity.TEMPERATURE, value=29.5),
        Sample(device_id=WEATHER, quantity=Quantity.TEMPERATURE, value=celsius),
    )


def test_a_house_that_is_warmer_than_outside_by_too_much_is_told() -> None:
    bench = Bench(temperature_c=29.5)
    watch = Difference(quantity=Quantity.TEMPERATURE, comparison=ABOVE, reference="outside", by=3.0)
    furnish(bench, STATION, alarms=(definition(watch),))
    bench.step()
    assert told(bench, AlertType.DIFFERENCE) == [], "nobody knows what it is like outside"
    bench.step(samples=outside(27.0))
    assert told(bench, AlertType.DIFFERENCE) == []
    bench.step(samples=outside(26.0))
    assert told(bench, AlertType.DIFFERENCE) == ["raised"]


def test_a_house_that_is_drier_than_outside_by_too_much_is_told() -> None:
    bench = Bench(temperature_c=30.0)
    watch = Difference(quantity=Quantity.VPD, comparison=ABOVE, reference="outside", by=0.5)
    both = (Quantity.TEMPERATURE, Quantity.RELATIVE_HUMIDITY)
    station = device(WEATHER, DeviceRole.WEATHER_STATION, *both)
    hygrometer = device(SECOND_THERMOMETER, DeviceRole.CLIMATE_SENSOR, Quantity.RELATIVE_HUMIDITY)
    furnish(bench, station, hygrometer, alarms=(definition(watch),))
    damp = [
        Sample(device_id=device_id, quantity=Quantity.RELATIVE_HUMIDITY, value=60.0)
        for device_id in (SECOND_THERMOMETER, WEATHER)
    ]
    # 1.70 kPa inside; 1.43 kPa at 27 °C, 1.13 kPa at 23 °C.
    bench.step(samples=(*outside(27.0), *damp))
    assert told(bench, AlertType.DIFFERENCE) == []
    bench.step(samples=(*outside(23.0), *damp))
    assert told(bench, AlertType.DIFFERENCE) == ["raised"]


def test_a_house_that_is_further_from_its_set_point_than_it_may_is_told() -> None:
    bench = Bench(temperature_c=26.0)
    watch = Difference(
        quantity=Quantity.TEMPERATURE, comparison=ABOVE, reference="setpoint", by=0.5
    )
    furnish(bench, alarms=(definition(watch),))
    bench.temperature_c = 30.4
    bench.step()
    assert told(bench, AlertType.DIFFERENCE) == []
    bench.temperature_c = 30.6
    bench.step()
    assert bench.alarms[0].threshold == 30.5


def test_a_limit_by_the_age_of_the_flock_falls_as_it_grows() -> None:
    curve = (CurvePoint(day=0, value=30.0), CurvePoint(day=10, value=20.0))
    watch = AgeLimit(quantity=Quantity.TEMPERATURE, comparison=BELOW, curve=curve)
    for placed, raised in ((date(2026, 3, 1), ["raised"]), (date(2026, 2, 20), [])):
        bench = Bench(temperature_c=26.0, wall_ms=DAWN_MS)
        furnish(bench, alarms=(definition(watch),), flock=Flock(placed_on=placed, count=100))
        bench.step()
        assert told(bench, AlertType.AGE_LIMIT) == raised


def test_an_expression_over_several_devices_is_told() -> None:
    bench = Bench(temperature_c=29.0, water_percent=60.0)
    text = f"temperature > 28 and level[{IDS[DeviceRole.HEATER]}] < 1 and water_level < 70"
    furnish(bench, alarms=(definition(Formula(expression=text)),))
    bench.run(3)
    assert told(bench, AlertType.EXPRESSION) == ["raised"]
    bench.water_percent = 71.0
    bench.step()
    assert told(bench, AlertType.EXPRESSION) == ["cleared"]


def test_a_house_waits_after_its_mode_has_changed() -> None:
    low = definition(
        Limit(quantity=Quantity.TEMPERATURE, comparison=BELOW, threshold=30.0), hold_off_s=600.0
    )
    bench = Bench(temperature_c=26.0)
    furnish(bench, alarms=(low,), mode=HouseMode.PREHEAT)
    bench.run(599)
    assert told(bench, AlertType.LIMIT) == []
    bench.run(3)
    assert told(bench, AlertType.LIMIT) == ["raised"]


def test_what_every_house_tells_can_be_told_otherwise() -> None:
    patient = definition(
        Standard(type=AlertType.WATER_LOW), on_delay_s=600.0, severity=Severity.CRITICAL
    )
    bench = Bench(water_percent=19.0)
    furnish(bench, alarms=(patient,))
    bench.run(595)
    assert told(bench, AlertType.WATER_LOW) == []
    bench.run(10)
    assert [(item.key.type, item.severity) for item in bench.alarms] == [
        (AlertType.WATER_LOW, Severity.CRITICAL)
    ]


def test_what_every_house_tells_can_not_be_left_out() -> None:
    with pytest.raises(ValueError, match="not left out"):
        definition(Standard(type=AlertType.WATER_LOW), enabled=False)
    with pytest.raises(ValueError, match="type must be"):
        Standard(type=AlertType.TEMPERATURE_HARD_LIMIT)


def test_an_alarm_that_is_switched_off_or_taken_away_is_over() -> None:
    limit = definition(Limit(quantity=Quantity.TEMPERATURE, comparison=ABOVE, threshold=20.0))
    bench = Bench()
    furnish(bench, alarms=(limit,))
    bench.step()
    furnish(bench, alarms=())
    bench.step()
    assert told(bench, AlertType.LIMIT) == ["raised", "cleared"]


SOUNDING = device(SIREN, DeviceRole.ALARM_SIREN)


def siren(bench: Bench) -> float:
    return next(one.target for one in bench.last.decisions if one.device_id == SIREN)


def test_the_siren_sounds_without_a_cloud_until_somebody_has_seen_it() -> None:
    bench = Bench()
    furnish(bench, SOUNDING)
    bench.temperature_c = 36.0
    bench.run(2)
    assert siren(bench) == ON
    decision = next(one for one in bench.last.decisions if one.device_id == SIREN)
    assert decision.reason == "alarm"
    alarm = next(a for a in bench.state.alarms.values() if a.sounds)
    assert alarm.alert_id is not None
    bench.step(seen={alarm.alert_id: alarm.times})
    bench.step()
    assert siren(bench) == OFF


def test_the_siren_rests_when_the_cloud_says_that_somebody_has_seen_it() -> None:
    bench = Bench()
    furnish(bench, SOUNDING)
    bench.temperature_c = 36.0
    bench.run(2)
    alarm = next(a for a in bench.state.alarms.values() if a.sounds)
    assert alarm.alert_id is not None
    furnish(bench, SOUNDING, seen=(Seen(alert_id=alarm.alert_id, times=alarm.times),))
    bench.run(2)
    assert siren(bench) == OFF


def test_a_siren_that_nobody_hears_pauses_and_sounds_again() -> None:
    bench = Bench()
    furnish(bench, SOUNDING)
    bench.temperature_c = 36.0
    levels = set()
    for _ in range(400):
        bench.step(after_s=5.0)
        levels.add(siren(bench))
    assert levels == {OFF, ON}


def test_the_alarms_are_tested_at_their_time_and_the_siren_with_them() -> None:
    six = DailyTimes(times=(time(6),))
    bench = Bench(wall_ms=DAWN_MS)
    drill = definition(Drill(at=six, lasts_s=30.0), siren=True, severity=Severity.INFO)
    furnish(bench, SOUNDING, alarms=(drill,))
    bench.run(8)
    assert told(bench, AlertType.ALARM_TEST) == []
    bench.run(5)
    assert siren(bench) == ON
    bench.run(60)
    assert siren(bench) == OFF
    assert told(bench, AlertType.ALARM_TEST) == ["raised", "cleared"]
    bench.run(86_400 - 120, every_s=60)
    assert told(bench, AlertType.ALARM_TEST) == []
    bench.run(180, every_s=5)
    assert told(bench, AlertType.ALARM_TEST) == ["raised_again", "cleared"], "nobody saw the first"


def test_a_hub_without_a_clock_tests_nothing() -> None:
    bench = Bench()
    furnish(bench, alarms=(definition(Drill(at=DailyTimes(times=(time(6),)))),))
    bench.run(3600, every_s=60)
    assert told(bench, AlertType.ALARM_TEST) == []


def test_a_shelf_has_an_end_and_never_holds_dangerous_heat() -> None:
    bench = Bench(wall_ms=DAWN_MS)
    shelves = tuple(
        Shelf(type=kind, house_id=HOUSE, until_ms=DAWN_MS + 60_000)
        for kind in (AlertType.TEMPERATURE_HARD_LIMIT, AlertType.TEMPERATURE_HIGH)
    )
    furnish(bench, shelved=shelves)
    bench.temperature_c = 36.0
    bench.run(59)
    hot = [change for change in bench.alarms if change.key.type.startswith("temperature")]
    assert [(one.key.type, one.shelved) for one in hot] == [
        (AlertType.TEMPERATURE_HARD_LIMIT, False)
    ]
    bench.run(5)
    assert told(bench, AlertType.TEMPERATURE_HIGH) == ["raised"]


def test_a_hub_without_a_clock_shelves_nothing() -> None:
    bench = Bench(water_percent=10.0)
    furnish(bench, shelved=(Shelf(type=AlertType.WATER_LOW, house_id=HOUSE, until_ms=DAWN_MS),))
    bench.run(70)
    assert [change.shelved for change in bench.alarms] == [False]


def on_node(node: str | int, number: int, role: DeviceRole, *quantities: Quantity) -> DeviceConfig:
    config = device(DeviceId(UUID(int=400 + number)), role, *quantities)
    return replace(config, address={"driver": "fake", "node": node})


@pytest.mark.parametrize("node", ["esp-1", 0])
def test_a_node_that_is_gone_is_one_alarm_and_its_devices_stay_silent(node: str | int) -> None:
    bench = Bench()
    there = [
        *(
            on_node(node, n, DeviceRole.CLIMATE_SENSOR, Quantity.RELATIVE_HUMIDITY)
            for n in range(5)
        ),
        on_node(node, 9, DeviceRole.LIGHT),
    ]
    furnish(bench, *there)
    bench.run(200)
    told_aloud = [change for change in bench.alarms if change.under is None]
    assert [(one.key.type, one.key.about, one.actual) for one in told_aloud] == [
        (AlertType.NODE_OFFLINE, str(node), 6.0)
    ]
    assert len(bench.alarms) == 7
    bench.step(contacts=(Contact(device_id=there[-1].id, online=True),))
    bench.run(100)
    assert bench.alarms[-1].under is not None, "five sensors are told together"
    assert [one.key.type for one in bench.alarms if one.under is None][-1] is AlertType.MANY_DEVICES


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 61},
        {"on_delay_s": -1.0},
        {"off_delay_s": float("nan")},
        {"repeat_s": 10.0},
    ],
)
def test_an_alarm_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    limit = Limit(quantity=Quantity.TEMPERATURE, comparison=ABOVE, threshold=20.0)
    fields: dict[str, object] = {"name": "hot", **wrong}
    with pytest.raises(ValueError, match=r"must lie|a name has"):
        AlarmDefinition(id=definition(limit).id, watch=limit, **fields)  # type: ignore[arg-type]


def test_a_watch_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="set-points"):
        Difference(quantity=Quantity.CO2, comparison=ABOVE, reference="setpoint", by=1.0)
    with pytest.raises(ValueError, match="threshold"):
        Limit(quantity=Quantity.TEMPERATURE, comparison=ABOVE, threshold=1000.0)
    with pytest.raises(ValueError, match="window_s"):
        Rate(quantity=Quantity.TEMPERATURE, comparison=ABOVE, per_minute=1.0, window_s=1.0)
    with pytest.raises(ValueError, match="lasts_s"):
        Drill(at=DailyTimes(times=(time(6),)), lasts_s=LONGEST_TEST_S + 1)


def test_dawn_is_before_six() -> None:
    assert datetime.fromtimestamp(DAWN_MS / 1000, UTC).hour == 22
