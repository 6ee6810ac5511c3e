"""What outlives a restart."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.support.alarms import furnish
from tests.support.engine import (
    HOUSE,
    IDS,
    SECOND_THERMOMETER,
    THERMOMETER,
    Bench,
    device,
    document,
    limited,
)
from tokkatot.automation.alarms import sounding
from tokkatot.automation.inputs import Sample
from tokkatot.automation.interlocks import Interlock
from tokkatot.automation.plan import plan_of
from tokkatot.automation.state import State
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.desired import RelayLimits
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity
from tokkatot.hub.memory import Memories, recall, remember

PUMP, HEATER, LIGHT, VENT = (
    DeviceRole.WATER_PUMP,
    DeviceRole.HEATER,
    DeviceRole.LIGHT,
    DeviceRole.VENT,
)


def test_raised_alarms_and_latches_are_kept_and_nothing_else() -> None:
    bench = Bench(water_percent=10.0)
    bench.run(4000, every_s=1)
    before = bench.state
    assert before.dry_runs[IDS[DeviceRole.WATER_PUMP]].latched
    after = recall(remember(before, bench.now_s), 7.0)
    raised = {key: alarm.alert_id for key, alarm in before.alarms.items() if alarm.alert_id}
    assert {key: alarm.alert_id for key, alarm in after.alarms.items()} == raised
    assert len(raised) == 2
    assert after.dry_runs[IDS[DeviceRole.WATER_PUMP]].latched
    assert (after.holds, after.sensed) == ({}, {})


def test_a_pump_that_was_latched_does_not_start_after_a_restart() -> None:
    bench = Bench(water_percent=10.0)
    bench.run(4000)
    bench.state = recall(remember(bench.state, bench.now_s), bench.now_s)
    bench.run(400)
    assert bench.level(DeviceRole.WATER_PUMP) == OFF


def restarted(bench: Bench, off_s: float = 5.0) -> Bench:
    """Return the bench after a power cut, with a monotonic clock that began anew."""
    after = Bench(water_percent=bench.water_percent, temperature_c=bench.temperature_c)
    after.plan, after.now_s = bench.plan, 0.0
    after.state = recall(remember(bench.state, bench.now_s), after.now_s)
    after.greet()
    after.step(after_s=off_s)
    return after


def test_a_pump_waits_out_its_rest_over_a_restart() -> None:
    bench = Bench()
    bench.order(PUMP, ON)
    bench.run(5)
    bench.order(PUMP, OFF, hold_s=1)
    bench.run(5)
    after = restarted(bench)
    after.order(PUMP, ON)
    assert after.ended[-1].by is Interlock.MINIMUM_OFF
    after.run(56)
    after.order(PUMP, ON)
    assert after.level(PUMP) == ON


def test_a_pump_that_ran_when_the_power_went_rests_before_it_runs_again() -> None:
    bench = Bench(water_percent=15.0)
    bench.run(5)
    assert bench.level(PUMP) == ON
    after = restarted(bench)
    assert after.level(PUMP) == OFF
    after.run(62)
    assert after.level(PUMP) == ON


def test_a_pump_that_ran_dry_waits_for_its_next_try_over_a_restart() -> None:
    bench = Bench(water_percent=15.0)
    bench.run(190)
    assert bench.level(PUMP) == OFF
    after = restarted(bench)
    after.run(290)
    assert after.level(PUMP) == OFF
    after.run(12)
    assert after.level(PUMP) == ON
    tried = restarted(after)
    assert tried.state.dry_runs[IDS[PUMP]].strikes == 1
    tried.run(63)
    assert tried.level(PUMP) == ON, "it has waited, and rests for its minute alone"


def test_a_heater_gets_no_further_hour_by_a_restart() -> None:
    bench = Bench(temperature_c=10.0)
    bench.run(50 * 60, every_s=5)
    assert bench.level(HEATER) == ON
    after = restarted(bench)
    assert after.level(HEATER) == ON
    after.run(10 * 60, every_s=5)
    assert after.level(HEATER) == OFF
    again = restarted(after)
    again.run(200)
    assert again.level(HEATER) == OFF, "it cools down from the beginning"
    again.run(110)
    assert again.level(HEATER) == ON


def test_what_started_twenty_times_in_an_hour_starts_no_more_after_a_restart() -> None:
    bench = Bench()
    for _ in range(20):
        bench.order(LIGHT, ON)
        bench.run(10)
        bench.order(LIGHT, OFF)
        bench.run(10)
    after = restarted(bench)
    after.order(LIGHT, ON)
    assert after.ended[-1].by is Interlock.STARTS
    after.run(3700, every_s=10)
    after.order(LIGHT, ON)
    assert after.level(LIGHT) == ON


@pytest.mark.parametrize("role", [HEATER, LIGHT])
def test_a_restart_starts_nothing_for_its_least_time_on(role: DeviceRole) -> None:
    bench = Bench()
    limited(bench, role, RelayLimits(min_on_s=600.0))
    bench.order(role, ON, hold_s=5)
    bench.run(3)
    after = restarted(bench)
    after.run(60)
    assert after.level(role) == OFF
    after.order(role, ON, hold_s=5)
    after.run(60)
    assert after.level(role) == ON, "what is asked for now has its least time again"


def test_what_had_to_rest_rests_on_after_a_restart() -> None:
    bench = Bench()
    limited(bench, HEATER, RelayLimits(min_off_s=600.0))
    bench.order(HEATER, ON, hold_s=5)
    bench.run(30)
    bench.temperature_c = 10.0
    after = restarted(bench)
    after.run(590)
    assert after.level(HEATER) == OFF
    after.run(20)
    assert after.level(HEATER) == ON


def test_a_relay_that_rests_for_an_hour_is_not_kept() -> None:
    bench = Bench()
    bench.order(LIGHT, ON, hold_s=10)
    bench.run(3700, every_s=10)
    assert IDS[LIGHT] not in recall(remember(bench.state, bench.now_s), 0.0).relays


def test_what_is_kept_is_made_anew_as_soon_as_something_of_it_is_new() -> None:
    bench, memories = Bench(water_percent=15.0), Memories()
    kept: list[bytes] = []
    for _ in range(300):
        bench.step()
        kept.append(memories.remember(bench.state, bench.now_s, None))
        assert recall(kept[-1], 0.0) == recall(remember(bench.state, bench.now_s), 0.0)
    assert recall(kept[-1], 0.0).dry_runs[IDS[PUMP]].strikes == 1
    assert len(set(kept)) < 12, "a minute at least is between two that tell nothing new"


def test_a_first_start_remembers_nothing() -> None:
    assert recall(None, 0.0) == State()
    assert recall(remember(State(), 0.0), 0.0) == State()


@given(st.binary(max_size=60))
def test_a_damaged_memory_is_as_none(kept: bytes) -> None:
    assert isinstance(recall(kept, 0.0), State)


def test_alarms_are_after_a_restart_what_they_were_and_call_nobody_again() -> None:
    bench = Bench()
    sensors = tuple(
        device(DeviceId(UUID(int=400 + n)), DeviceRole.GAS_SENSOR, Quantity.CO2) for n in range(6)
    )
    furnish(bench, *sensors)
    bench.run(200)
    before = {key: alarm for key, alarm in bench.state.alarms.items() if alarm.alert_id}
    assert len(before) == 7
    bench.state = recall(remember(bench.state, bench.now_s), bench.now_s)
    after = bench.state.alarms
    assert {
        key: (one.alert_id, one.state, one.times, one.under, one.sounds)
        for key, one in after.items()
    } == {
        key: (one.alert_id, one.state, one.times, one.under, one.sounds)
        for key, one in before.items()
    }
    bench.alarms.clear()
    bench.greet()
    bench.run(100)
    assert bench.alarms == []


def begin_again(bench: Bench) -> None:
    """Let the hub of a bench die and begin again, with nothing told of what was before."""
    bench.state = recall(remember(bench.state, bench.now_s), bench.now_s)
    bench.alarms.clear()
    bench.greet()


def told(bench: Bench) -> list[tuple[AlertType, str]]:
    found = [(one.key.type, one.change.value) for one in bench.alarms]
    bench.alarms.clear()
    return found


def test_a_restart_does_not_cool_a_house_above_its_hard_limit() -> None:
    bench = Bench(temperature_c=40.0)
    bench.run(70)
    bench.temperature_c = None
    begin_again(bench)
    bench.step()
    assert told(bench) == []
    assert sounding(bench.state.alarms) == {HOUSE}
    bench.order(HEATER, ON)
    assert bench.ended[-1].by is Interlock.HARD_LIMIT
    bench.run(100)
    assert told(bench) == [(AlertType.SENSOR_STALE, "raised")]
    bench.temperature_c = 30.0
    bench.step()
    assert (AlertType.TEMPERATURE_HARD_LIMIT, "cleared") in told(bench)
    begin_again(bench)
    assert bench.state.climates == {}


def test_a_greenhouse_whose_thermometer_died_of_heat_stays_open_over_a_restart() -> None:
    bench = Bench(HouseKind.GREENHOUSE, temperature_c=39.0)
    bench.temperature_c = None
    bench.run(60)
    begin_again(bench)
    bench.run(300)
    assert bench.level(VENT) == ON
    assert AlertType.TEMPERATURE_HARD_LIMIT not in {one.key.type for one in bench.alarms}


def test_heat_is_kept_as_soon_as_it_is_there() -> None:
    bench, memories = Bench(), Memories()
    memories.remember(bench.state, bench.now_s, None)
    bench.temperature_c = 40.0
    bench.step(after_s=0.001)
    kept = memories.remember(structs.replace(bench.state, alarms={}), bench.now_s, None)
    assert recall(kept, 0.0).climates[HOUSE].over_hard_limit


def temperatures(*celsius: float) -> tuple[Sample, ...]:
    return (
        tuple(
            Sample(device_id=sensor, quantity=Quantity.TEMPERATURE, value=value)
            for sensor, value in zip((THERMOMETER, SECOND_THERMOMETER), celsius, strict=False)
        )
        * 2
    )


def hear(bench: Bench, samples: Sequence[Sample], seconds: int) -> None:
    for _ in range(seconds):
        bench.step(samples=tuple(samples))


def told_of_contradiction(bench: Bench) -> list[str]:
    return [change for kind, change in told(bench) if kind is AlertType.SENSORS_DISAGREE]


def test_thermometers_that_disagree_are_told_once_whatever_restarts() -> None:
    bench = Bench(temperature_c=25.0)
    bench.plan = plan_of(document(thermometers=(THERMOMETER, SECOND_THERMOMETER)))
    hear(bench, temperatures(25.0, 29.0), 130)
    assert told_of_contradiction(bench) == ["raised"]
    begin_again(bench)
    hear(bench, (), 5)
    hear(bench, temperatures(25.0), 5)
    hear(bench, temperatures(25.0, 29.0), 130)
    assert told_of_contradiction(bench) == []
    hear(bench, temperatures(25.0, 26.0), 1)
    assert told_of_contradiction(bench) == ["cleared"]


def test_a_thermometer_that_is_never_heard_does_not_hold_up_that_the_others_agree() -> None:
    bench = Bench(temperature_c=25.0)
    silent = DeviceId(UUID(int=300))
    bench.plan = plan_of(document(thermometers=(THERMOMETER, SECOND_THERMOMETER, silent)))
    hear(bench, temperatures(25.0, 29.0), 130)
    hear(bench, temperatures(25.0, 26.0), 1)
    assert told_of_contradiction(bench) == ["raised", "cleared"]


def test_a_doubtful_sensor_is_believed_again_when_it_speaks_and_by_no_restart() -> None:
    bench = Bench(temperature_c=None)
    for celsius in (26.0, *(0.0, 60.0) * 35):
        bench.step(samples=temperatures(celsius)[:1])
    assert (AlertType.SENSOR_DOUBTFUL, "raised") in told(bench)
    begin_again(bench)
    hear(bench, (), 5)
    assert told(bench) == []
    hear(bench, temperatures(26.0), 1)
    assert (AlertType.SENSOR_DOUBTFUL, "cleared") in told(bench)


HOURS_S = 4 * 3600 + 120


def stood_still() -> Bench:
    """Return a house whose one thermometer has said the same for hours, which was told."""
    bench = Bench(temperature_c=26.5)
    bench.run(HOURS_S, every_s=5)
    assert told(bench) == [(AlertType.SENSOR_DOUBTFUL, "raised")]
    return bench


def test_a_thermometer_that_stands_still_is_told_once_whatever_restarts() -> None:
    bench = stood_still()
    for _ in range(3):
        begin_again(bench)
        bench.run(20)
        assert bench.state.senses[HOUSE].temperature_stale, "it is believed as little as before"
        bench.run(HOURS_S, every_s=5)
        assert told(bench) == []
    bench.temperature_c = 26.6
    bench.run(20)
    assert told(bench) == [(AlertType.SENSOR_DOUBTFUL, "cleared")]
    begin_again(bench)
    bench.temperature_c = 26.5
    bench.run(20)
    assert told(bench) == []


def test_a_thermometer_that_moved_while_the_hub_was_off_is_believed_again() -> None:
    bench = stood_still()
    begin_again(bench)
    bench.temperature_c = 26.6
    bench.run(20)
    assert told(bench) == [(AlertType.SENSOR_DOUBTFUL, "cleared")]
    assert bench.state.senses[HOUSE].temperature_c == 26.6
    bench.temperature_c = 26.5
    bench.run(20)
    assert told(bench) == [], "what it stood at once is a value like any other"


def test_a_thermometer_that_stood_still_and_fell_silent_is_in_doubt_until_it_moves() -> None:
    bench = stood_still()
    bench.temperature_c = None
    for _ in range(2):
        begin_again(bench)
        bench.run(20)
        assert told(bench) == []
    bench.run(100)
    assert told(bench) == [(AlertType.SENSOR_STALE, "raised")]
    bench.temperature_c = 26.5
    bench.run(100)
    assert told(bench) == [(AlertType.SENSOR_STALE, "cleared")]
    bench.temperature_c = 26.6
    bench.run(20)
    assert told(bench) == [(AlertType.SENSOR_DOUBTFUL, "cleared")]


def test_a_thermometer_that_stands_still_says_nothing_of_heat_before_it_is_heard() -> None:
    bench = stood_still()
    bench.plan = plan_of(document(thermometers=(THERMOMETER, SECOND_THERMOMETER)))
    hear(bench, temperatures(26.5, 40.0)[1:], 70)
    assert bench.state.climates[HOUSE].over_hard_limit
    bench.temperature_c = None
    begin_again(bench)
    bench.run(20)
    assert bench.state.climates[HOUSE].over_hard_limit


def test_where_a_thermometer_stood_is_forgotten_with_it_and_kept_as_soon_as_it_does() -> None:
    bench, memories = Bench(temperature_c=26.5), Memories()
    bench.run(HOURS_S - 240, every_s=5)
    kept = b""
    for _ in range(240):
        bench.step()
        kept = memories.remember(bench.state, bench.now_s, None)
        assert recall(kept, 0.0) == recall(remember(bench.state, bench.now_s), 0.0)
    assert recall(kept, 0.0).stood == {(THERMOMETER, Quantity.TEMPERATURE): 26.5}
    begin_again(bench)
    bench.plan = plan_of(document(thermometers=(SECOND_THERMOMETER,)))
    bench.step()
    assert recall(remember(bench.state, bench.now_s), 0.0).stood == {}


def test_a_node_that_is_away_is_told_of_once_whatever_restarts() -> None:
    bench = Bench()
    there = tuple(
        replace(
            device(DeviceId(UUID(int=400 + n)), DeviceRole.GAS_SENSOR, Quantity.CO2),
            period_s=60.0,
            address={"driver": "fake", "node": "esp-1"},
        )
        for n in range(2)
    )
    furnish(bench, *there)
    bench.run(300)
    assert (AlertType.NODE_OFFLINE, "raised") in told(bench)
    begin_again(bench)
    bench.run(300)
    assert AlertType.NODE_OFFLINE not in {one.key.type for one in bench.alarms}
