"""Sensors that say what can't be, and what the house does behind them."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from tests.support.engine import (
    HOUSE,
    IDS,
    SECOND_THERMOMETER,
    TANK,
    THERMOMETER,
    Bench,
    device,
    document,
)
from tokkatot.automation.inputs import Sample
from tokkatot.automation.interlocks import Interlock
from tokkatot.automation.plan import plan_of
from tokkatot.automation.plausibility import STUCK_AFTER_S, take, worse
from tokkatot.automation.state import Sensed
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity

PUMP, FAN, HEATER = DeviceRole.WATER_PUMP, DeviceRole.FAN, DeviceRole.HEATER
T = Quantity.TEMPERATURE
METER = DeviceId(UUID(int=300))


def sensed(value: float, at_s: float = 0.0) -> Sensed:
    return Sensed(value=value, at_s=at_s, moved_s=at_s)


@pytest.mark.parametrize("value", [-41.0, 85.5, float("inf"), float("nan")])
def test_a_value_out_of_range_is_no_value(value: float) -> None:
    assert take(sensed(25.0), T, value, 10.0) == sensed(25.0)
    assert take(None, T, value, 10.0) is None


@pytest.mark.parametrize(
    ("value", "after_s", "believed"),
    [
        (30.0, 0.0, True),
        (30.1, 0.0, False),
        (32.0, 10.0, True),
        (32.1, 10.0, False),
        (18, 10, True),
    ],
)
def test_a_value_moves_no_faster_than_air_can(
    value: float, after_s: float, *, believed: bool
) -> None:
    after = take(sensed(25.0), T, value, after_s)
    assert after is not None
    assert after.value == (value if believed else 25.0)
    assert after.strange == (None if believed else value)


@pytest.mark.parametrize(
    ("quantity", "value", "after_s", "believed"),
    [
        (Quantity.RELATIVE_HUMIDITY, 90.0, 0.0, True),
        (Quantity.RELATIVE_HUMIDITY, 90.1, 0.0, False),
        (Quantity.RELATIVE_HUMIDITY, 94.0, 2.0, True),
        (Quantity.RELATIVE_HUMIDITY, 94.1, 2.0, False),
        (Quantity.WATER_LEVEL, 10.0, 0.0, True),
        (Quantity.WATER_LEVEL, 9.9, 0.0, False),
        (Quantity.WATER_LEVEL, 6.0, 2.0, True),
        (Quantity.WATER_LEVEL, 5.9, 2.0, False),
        (Quantity.CO2, 20_000.0, 0.0, True),
    ],
)
def test_each_quantity_has_its_own_pace(
    quantity: Quantity, value: float, after_s: float, *, believed: bool
) -> None:
    after = take(sensed(50.0), quantity, value, after_s)
    assert after is not None
    assert (after.value == value) == believed


def test_what_is_strange_is_believed_when_it_is_said_again() -> None:
    strange = take(sensed(25.0), T, 85.0, 10.0)
    assert strange is not None
    assert strange.at_s == 0.0, "what is not believed does not keep a sensor fresh"
    forgotten = take(strange, T, 25.1, 20.0)
    assert (forgotten and forgotten.value, forgotten and forgotten.strange) == (25.1, None)
    again = take(strange, T, 84.0, 20.0)
    assert (again and again.value, again and again.strange) == (84.0, None)


def test_the_worse_of_two_is_the_one_further_from_where_the_house_should_be() -> None:
    points = DEFAULT_SETPOINTS[HouseKind.COOP]
    assert worse([26.0, 33.0], points) == 33.0
    assert worse([18.0, 26.0], points) == 18.0


def said(device_id: DeviceId, value: float, quantity: Quantity = T) -> tuple[Sample, ...]:
    return (Sample(device_id=device_id, quantity=quantity, value=value),)


def one_strange_value(bench: Bench, value: float) -> None:
    bench.temperature_c = None
    bench.step(samples=said(THERMOMETER, value))


def test_heat_is_acted_on_at_once_even_where_it_is_strange() -> None:
    bench = Bench(HouseKind.GREENHOUSE, temperature_c=20.0)
    one_strange_value(bench, 45.0)
    assert bench.level(FAN) == ON
    assert Interlock.HARD_LIMIT in bench.decision(FAN).cut_by


def test_cold_that_is_strange_heats_nothing() -> None:
    bench = Bench(temperature_c=26.0)
    one_strange_value(bench, 10.0)
    assert bench.level(HEATER) == OFF
    one_strange_value(bench, 10.0)
    assert bench.level(HEATER) == ON


def test_a_sensor_that_jumps_about_is_told_and_goes_stale() -> None:
    bench = Bench(temperature_c=26.0)
    values: Iterator[float] = iter([0.0, 60.0] * 60)
    bench.temperature_c = None
    for _ in range(100):
        bench.step(samples=said(THERMOMETER, next(values)))
    assert {item.key.type for item in bench.alarms} >= {
        AlertType.SENSOR_DOUBTFUL,
        AlertType.SENSOR_STALE,
    }
    assert bench.level(HEATER) == OFF


def test_a_thermometer_that_stands_still_for_hours_is_as_good_as_none() -> None:
    bench = Bench(temperature_c=20.0)
    assert STUCK_AFTER_S[T] == 4 * 3600
    bench.run(4 * 3600 - 60, every_s=25)
    assert bench.level(FAN) == OFF, "it is believed, and cold"
    bench.run(200, every_s=25)
    bench.order(HEATER, ON)
    assert bench.ended[-1].by is Interlock.SENSOR_STALE
    assert bench.level(FAN) == ON
    assert AlertType.SENSOR_DOUBTFUL in {item.key.type for item in bench.alarms}
    bench.temperature_c = 20.1
    bench.run(2)
    assert bench.level(HEATER) == ON


def test_a_thermometer_that_speaks_seldom_is_as_good_as_none_before_it_could_speak_again() -> None:
    bench = Bench(temperature_c=20.0)
    seldom = tuple(
        replace(one, period_s=2 * 3600.0) if one.id == THERMOMETER else one
        for one in document().devices
    )
    bench.plan = plan_of(replace(document(), version=2, devices=seldom))
    bench.step()
    bench.temperature_c = bench.water_percent = None
    bench.run(4 * 3600 - 60, every_s=25)
    assert bench.level(FAN) == OFF, "it is believed, and cold"
    bench.run(120, every_s=25)
    assert bench.level(FAN) == ON


def two(first_c: float, second_c: float, seconds: int) -> Bench:
    bench = Bench(temperature_c=first_c)
    bench.plan = plan_of(document(thermometers=(THERMOMETER, SECOND_THERMOMETER)))
    for _ in range(seconds):
        bench.step(
            samples=(*said(THERMOMETER, first_c), *said(SECOND_THERMOMETER, second_c)),
        )
    return bench


@pytest.mark.parametrize(
    ("first", "second", "seconds", "alerts"),
    [(25.0, 28.0, 400, 0), (25.0, 28.1, 120, 0), (25.0, 28.1, 122, 1)],
)
def test_two_thermometers_three_degrees_apart_for_two_minutes_are_told(
    first: float, second: float, seconds: int, alerts: int
) -> None:
    bench = two(first, second, seconds)
    found = [one for one in bench.alarms if one.key.type is AlertType.SENSORS_DISAGREE]
    assert len(found) == alerts


def test_of_two_that_contradict_each_other_the_worse_one_counts() -> None:
    assert two(19.0, 27.0, 60).level(HEATER) == OFF, "23 °C is their mean"
    bench = two(19.0, 27.0, 125)
    assert bench.level(HEATER) == ON
    assert (bench.state.senses[HOUSE].apart_s or 0) > 0


def test_heat_that_is_strange_counts_for_as_long_as_any_value_however_old_the_one_before() -> None:
    def cut(seconds: int, *first: Sample) -> bool:
        bench.step(samples=(*first, *said(SECOND_THERMOMETER, 20.0)))
        for _ in range(seconds):
            bench.step(samples=said(SECOND_THERMOMETER, 20.0))
        return Interlock.HARD_LIMIT in bench.decision(FAN).cut_by

    bench = two(20.0, 20.0, 5)
    assert not cut(25)
    assert cut(0, *said(THERMOMETER, 45.0))
    assert cut(25), "the value before is older than half a minute"
    assert bench.level(FAN) == ON
    assert not cut(10), "it has not been said again for half a minute"


def metered(flow_l_min: float | None, seconds: int, *, percent: float = 15.0) -> Bench:
    bench = Bench(water_percent=percent)
    held = document()
    meter = device(METER, DeviceRole.FLOW_SENSOR, Quantity.FLOW_RATE)
    bench.plan = plan_of(
        replace(held, devices=(*held.devices, meter)),
    )
    pumping(bench, flow_l_min, seconds, percent=percent)
    return bench


def pumping(
    bench: Bench, flow_l_min: float | None, seconds: int, *, percent: float = 15.0
) -> list[tuple[int, float]]:
    """Return when the pump was switched, and to what, while a meter says so much."""
    switched: list[tuple[int, float]] = []
    for second in range(1, seconds + 1):
        before = bench.level(PUMP)
        flow = () if flow_l_min is None else said(METER, flow_l_min, Quantity.FLOW_RATE)
        bench.step(samples=(*said(THERMOMETER, 26.0), *flow, *_level(percent)))
        if bench.level(PUMP) != before:
            switched.append((second, bench.level(PUMP)))
    return switched


def _level(percent: float) -> tuple[Sample, ...]:
    return said(TANK, percent, Quantity.WATER_LEVEL)


@pytest.mark.parametrize(
    ("flow", "seconds", "level", "strikes"),
    [
        (0.0, 60, ON, 0),
        (0.0, 64, OFF, 1),
        (0.19, 64, OFF, 1),
        (0.2, 64, ON, 0),
        (None, 64, ON, 0),
        (5.0, 185, OFF, 1),
    ],
)
def test_a_pump_without_flow_stops_after_a_minute_and_one_that_raises_nothing_after_three(
    flow: float | None, seconds: int, level: float, strikes: int
) -> None:
    bench = metered(flow, seconds)
    assert bench.level(PUMP) == level
    assert bench.state.dry_runs[IDS[PUMP]].strikes == strikes


def test_a_pump_without_flow_is_tried_after_five_minutes_and_latched_after_the_third_time() -> None:
    bench = metered(0.0, 1)
    assert bench.level(PUMP) == ON
    assert pumping(bench, 0.0, 3600) == [
        (60, OFF),
        (360, ON),
        (421, OFF),
        (721, ON),
        (782, OFF),
    ]
    assert bench.state.dry_runs[IDS[PUMP]].latched
    assert AlertType.WATER_NOT_RISING in [alarm.key.type for alarm in bench.alarms]
    assert pumping(bench, 5.0, 3600) == [], "a latch waits for a person"


@pytest.mark.parametrize(
    ("slow", "period_s", "dry_s"), [(TANK, 900.0, 1800), (METER, 60.0, 120), (METER, 10.0, 60)]
)
def test_a_pump_whose_sensor_reports_slowly_is_waited_for(
    slow: DeviceId, period_s: float, dry_s: int
) -> None:
    bench = Bench(water_percent=15.0)
    held = document()
    meter = device(METER, DeviceRole.FLOW_SENSOR, Quantity.FLOW_RATE)
    bench.plan = plan_of(
        replace(
            held,
            devices=tuple(
                replace(one, period_s=period_s) if one.id == slow else one
                for one in (*held.devices, *([meter] if slow == METER else []))
            ),
        ),
    )
    bench.run(5)
    bench.order(PUMP, ON, hold_s=4000)
    flow = 0.0 if slow == METER else None
    switched = pumping(bench, flow, dry_s + 10)
    assert [level for _, level in switched] == [OFF]
    assert dry_s - 10 <= switched[0][0] <= dry_s + 5


def test_a_flow_that_comes_back_in_time_is_no_strike() -> None:
    bench = metered(0.0, 50)
    pumping(bench, 5.0, 2)
    pumping(bench, 0.0, 50)
    assert bench.level(PUMP) == ON
    assert bench.state.dry_runs[IDS[PUMP]].strikes == 0
