"""Schedules by the clock: what they move, and the one answer that each due run gets."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from tests.support.engine import IDS, Bench
from tests.support.schedules import (
    DAWN_MS,
    FAN,
    FEEDER,
    HOUR_MS,
    LIGHT,
    SIX_MS,
    YEAR_MS,
    bench_at,
    daily,
    feeding,
    lit,
    restart,
    restart_after_begun,
    restart_unheard,
    restart_without_clock,
    schedule,
    told,
)
from tokkatot.automation.inputs import Report
from tokkatot.automation.proposals import Source
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.ids import DeviceId, ScheduleId
from tokkatot.domain.schedules import (
    DurationBased,
    Missed,
    Schedule,
    TimeBased,
)
from tokkatot.hub.memory import recall, remember


def test_a_feeder_runs_when_it_is_due_to_the_second_and_no_longer_than_it_should() -> None:
    bench = bench_at(DAWN_MS, feeding())
    bench.run(7)
    assert bench.level(FEEDER) == OFF
    bench.run(1)
    assert bench.wall_ms == SIX_MS
    assert (bench.level(FEEDER), bench.decision(FEEDER).source) == (ON, Source.SCHEDULE)
    bench.run(29)
    assert bench.level(FEEDER) == ON
    bench.run(1)
    assert bench.level(FEEDER) == OFF
    bench.run(60)
    assert told(bench) == [(0, "executed", None)]


def test_the_trace_names_the_schedule() -> None:
    bench = bench_at(DAWN_MS, feeding())
    bench.run(10)
    winner = bench.decision(FEEDER).winner
    assert (winner.reason, winner.schedule) == ("schedule 1", ScheduleId(UUID(int=1)))


def test_a_person_wins_over_a_schedule_and_the_run_is_told_as_skipped() -> None:
    bench = bench_at(DAWN_MS, feeding())
    bench.order(FEEDER, OFF, hold_s=600)
    bench.run(60)
    assert told(bench) == [(0, "skipped", "person")]


def test_an_interlock_cuts_a_schedule_and_the_run_is_told_as_skipped() -> None:
    bench = bench_at(DAWN_MS, feeding(), software_stop=True)
    bench.run(60)
    assert bench.level(FEEDER) == OFF
    assert told(bench) == [(0, "skipped", "software_stop")]


def test_no_schedule_keeps_a_feeder_on_beyond_what_its_role_may_be() -> None:
    bench = bench_at(
        DAWN_MS,
        schedule(TimeBased(start=daily("06:00"), duration_s=480, devices=(IDS[FEEDER],))),
    )
    on_s = 0
    for _ in range(500):
        bench.step()
        on_s += bench.level(FEEDER) == ON
    assert 60 <= on_s <= 2 * 61 + 2
    assert told(bench) == [(0, "executed", None)]


def test_of_two_schedules_the_higher_priority_wins_and_the_other_is_told() -> None:
    dim = schedule(
        TimeBased(start=daily("06:00"), duration_s=60, devices=(IDS[LIGHT],), level=20.0), 2
    )
    bench = bench_at(DAWN_MS, dim, lit(priority=5))
    bench.run(30)
    assert bench.level(LIGHT) == ON
    bench.run(60)
    assert sorted(told(bench)) == [(0, "executed", None), (0, "skipped", "outranked")]


def test_ventilation_of_two_schedules_is_the_larger() -> None:
    half = schedule(TimeBased(start=daily("06:00"), duration_s=60, devices=(IDS[FAN],), level=50.0))
    full = schedule(TimeBased(start=daily("06:00"), duration_s=60, devices=(IDS[FAN],)), 2)
    bench = bench_at(DAWN_MS, replace_priority(half, 9), full)
    bench.run(15)
    assert bench.level(FAN) == ON
    bench.run(60)
    assert [outcome for _, outcome, _ in told(bench)] == ["executed", "executed"]


def replace_priority(one: Schedule, priority: int) -> Schedule:
    return schedule(one.does, priority=priority)


# ------------------------------------------------------------------------------------ offline nodes


def test_a_run_that_meets_an_offline_node_is_tried_three_times_more_and_then_failed() -> None:
    bench = bench_at(DAWN_MS, feeding())
    bench.contact(FEEDER, online=False)
    tried: list[int] = []
    for _ in range(60):
        bench.step()
        tried.extend(run.tries for run in bench.state.runs.values())
    assert sorted(set(tried)) == [1, 2, 3]
    assert told(bench) == [(0, "failed", "device_offline")]
    bench.contact(FEEDER, online=True)
    bench.run(60)
    assert bench.level(FEEDER) == OFF, "a dose that failed is not given later"


def test_a_node_that_comes_back_within_the_window_still_gets_its_whole_run() -> None:
    bench = bench_at(DAWN_MS, feeding())
    bench.contact(FEEDER, online=False)
    bench.run(15)
    bench.contact(FEEDER, online=True)
    on_s = 0
    for _ in range(60):
        bench.step()
        on_s += bench.level(FEEDER) == ON
    assert on_s == 30
    assert told(bench) == [(0, "executed", None)]


def test_a_relay_that_does_not_follow_fails_its_run() -> None:
    bench = bench_at(DAWN_MS, feeding())
    bench.follow = False
    bench.run(60)
    assert told(bench) == [(0, "failed", "device_timeout")]


VENT = IDS[DeviceRole.VENT]


def opening() -> Bench:
    """Return a bench whose vent is shut, and reports by hand."""
    wide = schedule(TimeBased(start=daily("06:00"), duration_s=1800, devices=(VENT,), level=ON))
    bench = bench_at(DAWN_MS, wide)
    bench.follow = False
    bench.step(reports=(Report(device_id=VENT, level=OFF),))
    return bench


def test_a_run_that_waits_for_a_slow_drive_goes_on_while_it_moves() -> None:
    bench = opening()
    for level in range(5, 100, 5):
        bench.run(25)
        bench.step(reports=(Report(device_id=VENT, level=float(level)),))
    assert told(bench) == []
    bench.step(reports=(Report(device_id=VENT, level=ON),))
    assert told(bench) == [(0, "executed", None)]


def test_a_slow_drive_that_stands_still_fails_its_run_after_a_minute() -> None:
    bench = opening()
    bench.run(30)
    bench.step(reports=(Report(device_id=VENT, level=20.0),))
    bench.run(50)
    assert told(bench) == []
    bench.run(15)
    assert told(bench) == [(0, "failed", "device_timeout")]


def test_a_slow_drive_that_takes_for_ever_fails_its_run() -> None:
    bench = opening()
    for tenth in range(62):
        bench.run(9)
        bench.step(reports=(Report(device_id=VENT, level=10.0 + tenth / 10),))
    assert told(bench) == [(0, "failed", "device_timeout")]


def test_a_drive_that_is_on_its_way_excuses_no_device_beside_it() -> None:
    both = TimeBased(start=daily("06:00"), duration_s=1800, devices=(IDS[LIGHT], VENT), level=ON)
    bench = bench_at(DAWN_MS, schedule(both))
    bench.follow = False
    bench.contact(LIGHT, online=False)
    for level in range(0, 100, 5):
        bench.step(reports=(Report(device_id=VENT, level=float(level)),))
        bench.run(8)
    assert told(bench) == [(0, "failed", "device_offline")]


def test_a_light_whose_node_was_away_is_told_as_failed_but_still_lit_when_it_is_back() -> None:
    bench = bench_at(DAWN_MS, lit())
    bench.contact(LIGHT, online=False)
    bench.run(1000)
    assert told(bench) == [(0, "failed", "device_offline")]
    bench.contact(LIGHT, online=True)
    bench.run(3)
    assert bench.level(LIGHT) == ON


def test_a_light_whose_node_speaks_a_moment_after_its_hub_has_started_is_lit_then() -> None:
    bench = Bench(wall_ms=SIX_MS + 6 * HOUR_MS)
    bench.contact(LIGHT, online=False)
    bench.hold(lit())
    bench.run(10)
    assert bench.level(LIGHT) == OFF
    bench.contact(LIGHT, online=True)
    bench.run(3)
    assert bench.level(LIGHT) == ON


def test_a_device_that_is_gone_fails_its_run() -> None:
    gone = schedule(
        TimeBased(start=daily("06:00"), duration_s=30, devices=(DeviceId(UUID(int=99)),))
    )
    bench = bench_at(DAWN_MS, gone)
    bench.run(60)
    assert told(bench) == [(0, "failed", "device_offline")]


# --------------------------------------------------------------------------- missed runs, restarts


@pytest.mark.parametrize(
    ("missed", "expected"),
    [(Missed.SKIP, (0, "skipped", "missed")), (Missed.ONCE, (0, "executed", "late"))],
)
def test_a_run_that_was_missed_is_skipped_or_made_up_for_once(
    missed: Missed, expected: tuple[int, str, str]
) -> None:
    bench = restart(bench_at(DAWN_MS, feeding(missed=missed)), 3600)
    bench.run(60)
    assert told(bench) == [expected]


def test_of_many_missed_runs_one_is_made_up_for_and_all_are_told() -> None:
    bench = restart(bench_at(DAWN_MS, feeding(missed=Missed.ONCE)), 70 * 3600)
    bench.run(60)
    day = 24 * 3600
    assert sorted(told(bench)) == [
        (0, "skipped", "missed"),
        (day, "skipped", "missed"),
        (2 * day, "executed", "late"),
    ]


def test_a_light_is_on_again_after_a_power_cut_and_its_run_is_told_once() -> None:
    bench = bench_at(DAWN_MS, lit())
    bench.run(30)
    assert bench.level(LIGHT) == ON
    bench = restart(bench, 600)
    bench.run(5)
    assert bench.level(LIGHT) == ON
    assert told(bench) == [(0, "executed", None)]


def test_a_light_that_was_told_before_a_restart_is_not_told_again_where_its_node_is_away() -> None:
    bench = bench_at(DAWN_MS, lit())
    bench.run(30)
    bench = restart_unheard(bench, 600)
    bench.run(1200)
    assert told(bench) == [(0, "executed", None)]
    bench.contact(LIGHT, online=True)
    bench.run(5)
    assert bench.level(LIGHT) == ON


def test_a_light_whose_start_was_missed_begins_late() -> None:
    bench = restart(bench_at(DAWN_MS, lit()), 3600)
    bench.run(5)
    assert bench.level(LIGHT) == ON
    assert told(bench) == [(0, "executed", "late")]


def test_a_dose_that_a_restart_cut_short_is_failed_and_not_given_again() -> None:
    bench = bench_at(DAWN_MS, feeding(missed=Missed.ONCE))
    bench.follow = False
    bench.run(12)
    assert not bench.runs
    bench = restart(bench, 60)
    bench.run(60)
    assert told(bench) == [(0, "failed", "restarted")]
    assert bench.level(FEEDER) == OFF


@pytest.mark.parametrize(
    ("begun_day", "third"),
    [(1, (2, "executed", "late")), (2, (2, "failed", "restarted"))],
)
def test_a_dose_that_began_while_nothing_could_be_kept_is_not_given_again(
    begun_day: int, third: tuple[int, str, str]
) -> None:
    day = 24 * 3600
    bench = bench_at(DAWN_MS, feeding(missed=Missed.ONCE))
    bench = restart_after_begun(bench, 70 * 3600, begun_day * day)
    bench.run(60)
    days = {at_s // day: (at_s // day, outcome, reason) for at_s, outcome, reason in told(bench)}
    assert len(told(bench)) == len(days) == 3
    assert days[begun_day] == (begun_day, "failed", "restarted")
    assert days[2] == third
    assert days[0] == (0, "skipped", "missed")


def test_a_schedule_that_is_new_at_noon_lights_at_once_and_tells_nothing_of_the_morning() -> None:
    bench = bench_at(SIX_MS + 6 * HOUR_MS, lit())
    bench.run(2)
    assert bench.level(LIGHT) == ON
    assert not bench.runs


def test_a_run_whose_schedule_is_changed_or_removed_is_told() -> None:
    for after, reason in (((), "removed"), ((feeding(version=2),), "changed")):
        bench = bench_at(DAWN_MS, feeding())
        bench.contact(FEEDER, online=False)
        bench.run(12)
        bench.hold(*after)
        bench.run(60)
        assert told(bench) == [(0, "skipped", reason)]


def test_a_disabled_schedule_is_not_due_and_ends_its_run() -> None:
    bench = bench_at(DAWN_MS, lit())
    bench.run(20)
    bench.hold(lit(enabled=False))
    bench.run(2)
    assert bench.level(LIGHT) == OFF
    bench.run(24 * 3600, every_s=30)
    assert told(bench) == [(0, "executed", None)]


# --------------------------------------------------------------------------------- clocks that lie


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_jumps_by_ten_years_and_back_runs_nothing_twice(years: int) -> None:
    bench = bench_at(DAWN_MS, feeding())
    bench.run(60)
    assert bench.wall_ms is not None
    bench.wall_ms += years * YEAR_MS
    bench.run(60)
    bench.wall_ms -= years * YEAR_MS
    bench.run(60)
    executed = [run for run in told(bench) if run[1] == "executed"]
    assert executed == [(0, "executed", None)]
    bench.wall_ms = SIX_MS + 24 * HOUR_MS - 5_000
    bench.run(60)
    assert ((24 * 3600), "executed", None) in told(bench)


def test_a_clock_set_back_over_six_does_not_feed_twice() -> None:
    bench = bench_at(DAWN_MS, feeding())
    bench.run(100)
    bench.wall_ms = DAWN_MS
    bench.run(200)
    assert told(bench) == [(0, "executed", None)]


def hourly_bench(*schedules: Schedule) -> Bench:
    """Return a hub whose clock was an hour ahead for a minute, from ten seconds before six on."""
    bench = bench_at(DAWN_MS, *schedules)
    bench.wall_ms = DAWN_MS + HOUR_MS
    bench.run(60)
    bench.wall_ms = SIX_MS - 5_000
    bench.run(2)
    return bench


def dosed(*clock: str, version: int, **more: object) -> Schedule:
    does = TimeBased(start=daily(*clock), duration_s=30, devices=(IDS[FEEDER],))
    return schedule(does, version=version, **more)  # type: ignore[arg-type]  # real fields


def test_a_schedule_that_is_changed_in_an_hour_that_comes_again_is_told_of_that_hour_once() -> None:
    bench = hourly_bench(dosed("06:10", "06:40", version=1))
    assert told(bench) == [(600, "skipped", "missed"), (2400, "skipped", "missed")]
    bench.runs.clear()
    bench.hold(dosed("06:10", "06:20", version=2))
    bench.run(60)
    assert told(bench) == [(1200, "skipped", "clock_jump")]
    bench = restart(bench, off_s=10)
    bench.hold(dosed("06:20", "06:30", "06:40", version=3))
    bench.run(60)
    assert told(bench)[1:] == [(1800, "skipped", "clock_jump")]
    bench.run(3700, every_s=5)
    assert len(told(bench)) == 2, "of 06:40 it was told at first"


@pytest.mark.parametrize("before", [(), (dosed("06:20", version=1, enabled=False),)])
def test_a_schedule_that_is_new_in_an_hour_that_comes_again_is_told_of_that_hour(
    before: tuple[Schedule, ...],
) -> None:
    bench = hourly_bench(*before)
    assert told(bench) == []
    bench.hold(dosed("06:20", "07:10", version=2))
    bench.run(4300, every_s=5)
    assert told(bench) == [(1200, "skipped", "clock_jump"), (4200, "executed", None)]


@pytest.mark.parametrize("after", [(), (dosed("06:10", version=2, enabled=False),)])
def test_what_was_due_is_told_by_a_hub_that_learns_the_time_and_other_schedules_at_once(
    after: tuple[Schedule, ...],
) -> None:
    bench = restart_without_clock(bench_at(DAWN_MS, dosed("06:00", "06:10", version=1)))
    bench.run(60)
    assert told(bench) == []
    bench.hold(*after)
    bench.wall_ms = SIX_MS + 300_000
    bench.run(600)
    assert told(bench) == [(0, "skipped", "missed")]


def test_a_hub_that_learns_the_time_and_another_schedule_at_once_tells_of_no_hour_twice() -> None:
    bench = restart_without_clock(hourly_bench(dosed("06:10", "06:40", version=1)))
    bench.run(60)
    bench.runs.clear()
    bench.hold(dosed("06:10", "06:20", version=2))
    bench.wall_ms = SIX_MS + 10_000
    bench.run(60)
    assert told(bench) == [(1200, "skipped", "clock_jump")]


def test_a_clock_set_forward_over_six_tells_that_it_was_missed() -> None:
    bench = bench_at(DAWN_MS - HOUR_MS, feeding())
    bench.wall_ms = DAWN_MS + HOUR_MS
    bench.run(60)
    assert told(bench) == [(0, "skipped", "missed")]


@pytest.mark.parametrize(
    ("start", "days"),
    [(datetime(2025, 3, 29, 12, tzinfo=UTC), 1), (datetime(2025, 10, 25, 12, tzinfo=UTC), 1)],
)
def test_a_run_at_half_past_two_runs_once_on_both_days_of_a_clock_change(
    start: datetime, days: int
) -> None:
    feeder = schedule(TimeBased(start=daily("02:30"), duration_s=30, devices=(IDS[FEEDER],)))
    bench = Bench(wall_ms=round(start.timestamp() * 1000))
    bench.hold(feeder, time_zone="Europe/Berlin")
    bench.run(days * 24 * 3600, every_s=5)
    assert [run.outcome.value for run in bench.runs] == ["executed"]


def test_without_a_clock_wall_times_wait_and_turns_go_on() -> None:
    turns = schedule(
        DurationBased(run_s=30, rest_s=270, devices=(IDS[LIGHT],)),
        2,
    )
    bench = Bench()
    bench.hold(feeding(), turns)
    on_s = 0
    for _ in range(900):
        bench.step()
        on_s += bench.level(LIGHT) == ON
    assert on_s == 90
    assert {run.schedule_id for run in bench.runs} == {turns.id}
    assert all(run.due_ms is None for run in bench.runs)


def test_a_hub_that_boots_without_a_clock_accounts_for_the_morning_once_it_knows_the_time() -> None:
    before = bench_at(DAWN_MS, feeding())
    after = restart(before, 0)
    after.state = recall(remember(before.state, before.now_s), 0.0)
    after.wall_ms = None
    after.run(600)
    assert not after.runs
    after.wall_ms = SIX_MS + HOUR_MS
    after.run(60)
    assert told(after) == [(0, "skipped", "missed")]


def test_a_hub_without_any_document_forgets_no_schedule() -> None:
    bench = bench_at(DAWN_MS, feeding())
    held, bench.plan = bench.plan, replace(bench.plan, houses=(), actuators={}, schedules={})
    bench.run(60)
    assert not bench.runs
    bench.plan = held
    bench.greet()
    bench.run(60)
    assert told(bench) == [(0, "executed", None)]
