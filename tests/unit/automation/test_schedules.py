"""Schedules in the engine: what they move, and the one answer that each due run gets."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from uuid import UUID

import pytest

from tests.support.engine import HOUSE, IDS, Bench
from tokkatot.automation.proposals import Source
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.flocks import Flock
from tokkatot.domain.houses import HouseMode
from tokkatot.domain.ids import DeviceId, ScheduleId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Combine, Comparison, Condition
from tokkatot.domain.schedules import (
    ConditionBased,
    CurvePoint,
    DailyTimes,
    Does,
    DurationBased,
    LightCurve,
    Missed,
    Schedule,
    Sequence,
    Step,
    TemperatureCurve,
    TimeBased,
    VentilationCurve,
)
from tokkatot.hub.memory import recall, remember

LIGHT, FEEDER, FAN, HEATER, PUMP = (
    DeviceRole.LIGHT,
    DeviceRole.FEEDER,
    DeviceRole.FAN,
    DeviceRole.HEATER,
    DeviceRole.WATER_PUMP,
)
HOUR_MS = 3_600_000
YEAR_MS = 365 * 24 * HOUR_MS
# 05:59:50 in Phnom Penh, ten seconds before the birds are fed.
DAWN_MS = round(datetime(2026, 3, 1, 22, 59, 50, tzinfo=UTC).timestamp() * 1000)
SIX_MS = DAWN_MS + 10_000


def daily(*clock: str) -> DailyTimes:
    return DailyTimes(times=tuple(time.fromisoformat(text) for text in clock))


def schedule(does: Does, number: int = 1, **more: object) -> Schedule:
    return Schedule(
        id=ScheduleId(UUID(int=number)),
        house_id=HOUSE,
        name=f"schedule {number}",
        does=does,
        **more,  # type: ignore[arg-type]  # a test names real fields
    )


def feeding(**more: object) -> Schedule:
    return schedule(
        TimeBased(start=daily("06:00"), duration_s=30, devices=(IDS[FEEDER],)),
        **more,  # type: ignore[arg-type]  # a test names real fields
    )


def lit(**more: object) -> Schedule:
    return schedule(
        TimeBased(start=daily("06:00"), end=daily("18:00"), devices=(IDS[LIGHT],)),
        **more,  # type: ignore[arg-type]  # a test names real fields
    )


def bench_at(wall_ms: int, *schedules: Schedule, **house: object) -> Bench:
    bench = Bench(wall_ms=wall_ms)
    bench.hold(*schedules, **house)  # type: ignore[arg-type]  # a test names real fields
    bench.step()
    return bench


def told(bench: Bench) -> list[tuple[int, str, str | None]]:
    """Return (seconds after six, outcome, reason) of every run that was told."""
    return [
        (round(((run.due_ms or 0) - SIX_MS) / 1000), run.outcome.value, run.reason)
        for run in bench.runs
    ]


def restart(bench: Bench, off_s: float) -> Bench:
    """Return a hub that was switched off for a while and remembers what is kept."""
    after = Bench(wall_ms=bench.wall_ms)
    after.state = recall(remember(bench.state), 0.0)
    after.plan, after.now_s, after.runs = bench.plan, 0.0, list(bench.runs)
    assert after.wall_ms is not None
    after.wall_ms += round(off_s * 1000)
    after.greet()
    after.step()
    return after


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


def test_a_light_whose_node_was_away_is_told_as_failed_but_still_lit_when_it_is_back() -> None:
    bench = bench_at(DAWN_MS, lit())
    bench.contact(LIGHT, online=False)
    bench.run(1000)
    assert told(bench) == [(0, "failed", "device_offline")]
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
    after.state = recall(remember(before.state), 0.0)
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


# ------------------------------------------------------------------------------- the other kinds


def test_turns_from_a_start_on_run_as_often_as_they_should() -> None:
    turns = schedule(
        DurationBased(start=daily("06:00"), run_s=30, rest_s=570, repeat=3, devices=(IDS[FEEDER],))
    )
    bench = bench_at(DAWN_MS, turns)
    bench.run(3600)
    assert told(bench) == [(due, "executed", None) for due in (0, 600, 1200)]


def test_a_sequence_goes_from_device_to_device() -> None:
    steps = (
        Step(device_id=IDS[PUMP], run_s=20, rest_s=5),
        Step(device_id=IDS[LIGHT], run_s=10, level=40.0),
        Step(device_id=IDS[FEEDER], run_s=10),
    )
    bench = bench_at(DAWN_MS, schedule(Sequence(start=daily("06:00"), steps=steps)))
    seen: list[tuple[float, float, float]] = []
    for _ in range(70):
        bench.step()
        seen.append((bench.level(PUMP), bench.level(LIGHT), bench.level(FEEDER)))
    assert [seen.count(levels) for levels in ((ON, 0, 0), (0, 40.0, 0), (0, 0, ON))] == [20, 10, 10]
    assert told(bench) == [(0, "executed", None)]


def test_a_sequence_ends_at_the_step_that_fails() -> None:
    steps = (Step(device_id=IDS[PUMP], run_s=20), Step(device_id=IDS[FEEDER], run_s=20))
    bench = bench_at(DAWN_MS, schedule(Sequence(start=daily("06:00"), steps=steps)))
    bench.contact(PUMP, online=False)
    bench.run(90)
    assert told(bench) == [(0, "failed", "step_1:device_offline")]
    assert bench.level(FEEDER) == OFF


def warm(for_s: float = 0.0) -> Condition:
    return Condition(
        quantity=Quantity.TEMPERATURE,
        comparison=Comparison.ABOVE,
        threshold=27.0,
        hysteresis=1.0,
        for_s=for_s,
    )


def test_a_condition_holds_after_its_delay_until_it_is_back_beyond_its_hysteresis() -> None:
    bench = bench_at(
        DAWN_MS,
        schedule(ConditionBased(conditions=(warm(for_s=60),), devices=(IDS[LIGHT],))),
    )
    bench.temperature_c = 27.5
    bench.run(59)
    assert bench.level(LIGHT) == OFF
    bench.run(2)
    assert bench.level(LIGHT) == ON
    bench.temperature_c = 26.5
    bench.run(5)
    assert bench.level(LIGHT) == ON
    bench.temperature_c = 25.9
    bench.run(1)
    assert bench.level(LIGHT) == OFF
    assert [run.outcome.value for run in bench.runs] == ["executed"]


@pytest.mark.parametrize(("combine", "expected"), [(Combine.ALL, OFF), (Combine.ANY, ON)])
def test_conditions_are_met_all_or_any(combine: Combine, expected: float) -> None:
    dry = Condition(quantity=Quantity.WATER_LEVEL, comparison=Comparison.BELOW, threshold=30.0)
    bench = bench_at(
        DAWN_MS,
        schedule(ConditionBased(conditions=(warm(), dry), combine=combine, devices=(IDS[LIGHT],))),
    )
    bench.temperature_c = 28.0
    bench.run(3)
    assert bench.level(LIGHT) == expected


def test_a_condition_that_lasts_ends_at_its_longest_time_and_begins_anew_after_it_cleared() -> None:
    bench = bench_at(
        DAWN_MS,
        schedule(ConditionBased(conditions=(warm(),), devices=(IDS[LIGHT],), longest_s=60)),
    )
    bench.temperature_c = 28.0
    on_s = 0
    for _ in range(300):
        bench.step()
        on_s += bench.level(LIGHT) == ON
    assert on_s == 60
    bench.temperature_c = 25.0
    bench.run(2)
    bench.temperature_c = 28.0
    bench.run(2)
    assert bench.level(LIGHT) == ON


def curve(*points: tuple[int, float]) -> tuple[CurvePoint, ...]:
    return tuple(CurvePoint(day=day, value=value) for day, value in points)


FLOCK = Flock(placed_on=date(2026, 2, 20), count=500)


def test_light_follows_the_age_of_the_flock() -> None:
    # Day 10 on the 2nd of March: half way from 23 to 17 hours is 20.
    light = schedule(
        LightCurve(start=time(6), hours=curve((0, 23.0), (20, 17.0)), devices=(IDS[LIGHT],))
    )
    bench = bench_at(DAWN_MS, light, flock=FLOCK)
    bench.run(19 * 3600 + 59 * 60, every_s=30)
    assert bench.level(LIGHT) == ON
    bench.run(120, every_s=30)
    assert bench.level(LIGHT) == OFF


def test_the_set_points_follow_the_age_of_the_flock_below_the_hard_limit() -> None:
    warmth = schedule(
        TemperatureCurve(minimum_c=curve((0, 32.0), (20, 22.0)), maximum_c=curve((0, 36.0)))
    )
    bench = bench_at(DAWN_MS, warmth, flock=FLOCK)
    bench.run(2)
    points = bench.state.targets[HOUSE].setpoints
    assert (points.temperature_min_c, points.temperature_max_c) == (27.0, 34.0)
    assert bench.level(HEATER) == ON, "26 °C is cold for chicks of ten days"
    bench.hold(warmth, flock=FLOCK, mode=HouseMode.PREHEAT)
    bench.run(2)
    assert bench.state.targets[HOUSE].setpoints.temperature_min_c == 32.0


def test_minimum_ventilation_runs_its_share_of_a_cycle_while_the_house_is_kept_warm() -> None:
    # 500 birds of about 0.32 kg at 1.2 m³/h each kilogram need a tenth of 1,900 m³/h.
    air = schedule(
        VentilationCurve(
            m3_h_kg=curve((0, 1.2)), capacity_m3_h=1_900.0, devices=(IDS[FAN],), cycle_s=300
        )
    )
    bench = bench_at(DAWN_MS, air, flock=FLOCK)
    bench.temperature_c = 22.5
    bench.run(300)
    on_s = 0
    for _ in range(3000):
        bench.step()
        on_s += bench.level(FAN) == ON
    assert on_s / 3000 == pytest.approx(0.2, abs=0.12)
    assert not bench.runs


def test_the_night_has_its_own_set_points() -> None:
    bench = bench_at(DAWN_MS)
    own = bench.plan.houses[0].setpoints
    night = replace(own, temperature_min_c=18.0)
    bench.hold(night=night)
    seen: list[float] = []
    for _ in range(24):
        bench.run(3600, every_s=60)
        seen.append(bench.state.targets[HOUSE].setpoints.temperature_min_c)
    assert seen.count(18.0) == 12


# ---------------------------------------------------------------------------------------- modes


def test_a_schedule_of_another_mode_is_skipped() -> None:
    bench = bench_at(DAWN_MS, lit(modes=(HouseMode.GROWTH,)), mode=HouseMode.CATCHING)
    bench.run(60)
    assert bench.level(LIGHT) == OFF
    assert told(bench) == [(0, "skipped", "mode")]


def test_an_empty_house_feeds_waters_and_heats_nobody_and_keeps_its_air() -> None:
    bench = bench_at(DAWN_MS, feeding(), mode=HouseMode.EMPTY)
    bench.temperature_c, bench.water_percent = 15.0, 5.0
    bench.run(120)
    assert [bench.level(role) for role in (FEEDER, PUMP, HEATER)] == [OFF, OFF, OFF]
    assert told(bench) == [(0, "skipped", "mode")]
    bench.temperature_c = 36.0
    bench.run(2)
    assert bench.level(FAN) == ON


@pytest.mark.parametrize("mode", [None, *HouseMode])
def test_no_mode_takes_the_air_away_or_touches_an_interlock(mode: HouseMode | None) -> None:
    bench = bench_at(DAWN_MS, mode=mode)
    bench.temperature_c = 36.0
    bench.run(3)
    assert (bench.level(FAN), bench.level(HEATER)) == (ON, OFF)
    bench.temperature_c = None
    bench.run(60)
    assert (bench.level(FAN), bench.level(HEATER)) == (ON, OFF)


# ----------------------------------------------------------------------------------- execute now


@pytest.mark.parametrize("more", [{}, {"enabled": False}, {"modes": (HouseMode.EMPTY,)}])
def test_a_person_runs_a_schedule_now(more: dict[str, object]) -> None:
    one = feeding(**more)
    bench = bench_at(SIX_MS + HOUR_MS, one)
    bench.step(execute=frozenset({one.id}))
    assert bench.level(FEEDER) == ON
    bench.run(31)
    assert bench.level(FEEDER) == OFF
    assert [(run.outcome.value, run.reason) for run in bench.runs] == [("executed", "asked")]


def test_what_a_person_runs_now_meets_the_same_interlocks() -> None:
    one = feeding()
    bench = bench_at(SIX_MS + HOUR_MS, one, software_stop=True)
    bench.step(execute=frozenset({one.id}))
    bench.run(60)
    assert [(run.outcome.value, run.reason) for run in bench.runs] == [("skipped", "software_stop")]
