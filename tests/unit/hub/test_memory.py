"""What outlives a restart."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.support.engine import IDS, Bench
from tokkatot.automation.state import State
from tokkatot.domain.devices import OFF, DeviceRole
from tokkatot.hub.memory import recall, remember


def test_raised_alarms_and_latches_are_kept_and_nothing_else() -> None:
    bench = Bench(water_percent=10.0)
    bench.run(4000, every_s=1)
    before = bench.state
    assert before.dry_runs[IDS[DeviceRole.WATER_PUMP]].latched
    after = recall(remember(before), 7.0)
    raised = {key: alarm.alert_id for key, alarm in before.alarms.items() if alarm.alert_id}
    assert {key: alarm.alert_id for key, alarm in after.alarms.items()} == raised
    assert len(raised) == 2
    assert after.dry_runs[IDS[DeviceRole.WATER_PUMP]].latched
    assert (after.holds, after.sensed, after.relays) == ({}, {}, {})
    assert remember(after) == remember(before)


def test_a_pump_that_was_latched_does_not_start_after_a_restart() -> None:
    bench = Bench(water_percent=10.0)
    bench.run(4000)
    bench.state = recall(remember(bench.state), bench.now_s)
    bench.run(400)
    assert bench.level(DeviceRole.WATER_PUMP) == OFF


def test_a_first_start_remembers_nothing() -> None:
    assert recall(None, 0.0) == State()
    assert recall(remember(State()), 0.0) == replace(State())


@given(st.binary(max_size=60))
def test_a_damaged_memory_is_as_none(kept: bytes) -> None:
    assert isinstance(recall(kept, 0.0), State)
