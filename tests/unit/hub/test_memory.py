"""What outlives a restart."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.support.alarms import furnish
from tests.support.engine import IDS, Bench, device
from tokkatot.automation.interlocks import Interlock
from tokkatot.automation.state import State
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity
from tokkatot.hub.memory import Memories, recall, remember

PUMP, HEATER, LIGHT = DeviceRole.WATER_PUMP, DeviceRole.HEATER, DeviceRole.LIGHT


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
    after.now_s = 0.0
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
