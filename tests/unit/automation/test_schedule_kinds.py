"""Turns, sequences, conditions, curves and modes, and a run that a person asks for."""

from dataclasses import replace
from datetime import date, time, timedelta
from uuid import UUID

import pytest

from tests.support.engine import HOUSE, IDS, Bench
from tests.support.schedules import (
    DAWN_MS,
    FAN,
    FEEDER,
    HEATER,
    HOUR_MS,
    LIGHT,
    PUMP,
    SIX_MS,
    bench_at,
    daily,
    feeding,
    lit,
    restart,
    schedule,
    told,
)
from tokkatot.automation.inputs import Ask
from tokkatot.domain.devices import OFF, ON
from tokkatot.domain.flocks import Flock
from tokkatot.domain.houses import HouseMode
from tokkatot.domain.ids import RequestId, ScheduleId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Combine, Comparison, Condition
from tokkatot.domain.schedules import (
    ConditionBased,
    CurvePoint,
    Does,
    DurationBased,
    LightCurve,
    Sequence,
    Step,
    TemperatureCurve,
    TimeBased,
    VentilationCurve,
)

REQUEST = RequestId(UUID(int=900))


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


def between_two_steps() -> Bench:
    """Return a hub that has done the first step of two, and rests before the second."""
    steps = (Step(device_id=IDS[LIGHT], run_s=5, rest_s=60), Step(device_id=IDS[FEEDER], run_s=5))
    bench = bench_at(DAWN_MS, schedule(Sequence(start=daily("06:00"), steps=steps)))
    bench.run(30)
    assert not bench.runs
    return bench


def test_a_sequence_that_a_restart_cuts_between_two_steps_is_told() -> None:
    after = restart(between_two_steps(), off_s=5)
    assert told(after) == [(0, "failed", "restarted")]


def test_a_sequence_that_is_removed_between_two_steps_is_told() -> None:
    bench = between_two_steps()
    bench.hold()
    bench.step()
    assert told(bench) == [(0, "skipped", "removed")]


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


def test_a_curve_near_the_hard_limit_is_bounded_and_not_dropped() -> None:
    hot = schedule(TemperatureCurve(minimum_c=curve((0, 34.0)), maximum_c=curve((0, 36.0))))
    bench = bench_at(DAWN_MS, hot, flock=FLOCK)
    points = bench.state.targets[HOUSE].setpoints
    assert (points.temperature_min_c, points.temperature_max_c) == (33.0, 34.0)


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


def test_minimum_ventilation_starts_no_fan_more_often_than_it_may() -> None:
    air = schedule(
        VentilationCurve(
            m3_h_kg=curve((0, 1.2)), capacity_m3_h=1_900.0, devices=(IDS[FAN],), cycle_s=60
        )
    )
    bench = bench_at(DAWN_MS, air, flock=FLOCK)
    bench.temperature_c = 22.5
    bench.run(7200)
    on_s = 0
    for _ in range(3600):
        bench.step()
        on_s += bench.level(FAN) == ON
    assert on_s < 3600 / 3, "what had started too often would stay on"


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


# ------------------------------------------------------------------------------- days of validity

TODAY = date(2026, 3, 2)
"""What the farm's calendar shows at `DAWN_MS`."""

WARM = Condition(quantity=Quantity.TEMPERATURE, comparison=Comparison.ABOVE, threshold=20.0)
OF_DAYS: dict[str, Does] = {
    "dose": TimeBased(start=daily("06:00"), duration_s=30, devices=(IDS[LIGHT],)),
    "stretch": TimeBased(start=daily("06:00"), end=daily("18:00"), devices=(IDS[LIGHT],)),
    "light": LightCurve(start=time(6), hours=curve((0, 2.0)), devices=(IDS[LIGHT],)),
    "turns": DurationBased(run_s=30, rest_s=30, devices=(IDS[LIGHT],)),
    "condition": ConditionBased(conditions=(WARM,), devices=(IDS[LIGHT],)),
    "sequence": Sequence(start=daily("06:00"), steps=(Step(device_id=IDS[LIGHT], run_s=30),)),
    "air": VentilationCurve(
        m3_h_kg=curve((0, 9.0)), capacity_m3_h=100.0, devices=(IDS[LIGHT],), cycle_s=300
    ),
}


@pytest.mark.parametrize("kind", OF_DAYS)
@pytest.mark.parametrize(
    ("first", "last", "runs"),
    [
        (None, None, True),
        (TODAY, TODAY, True),
        (TODAY + timedelta(days=1), None, False),
        (None, TODAY - timedelta(days=1), False),
    ],
)
def test_every_kind_moves_something_on_the_days_of_its_validity_alone(
    kind: str, first: date | None, last: date | None, *, runs: bool
) -> None:
    one = schedule(OF_DAYS[kind], valid_from=first, valid_until=last)
    bench = bench_at(DAWN_MS, one, flock=FLOCK)
    bench.run(20)
    assert (bench.level(LIGHT) == ON) is runs
    assert {run.outcome.value for run in bench.runs} <= ({"executed"} if runs else set())


@pytest.mark.parametrize(("first", "minimum_c"), [(TODAY, 29.0), (date(2026, 3, 3), 22.0)])
def test_set_points_follow_a_curve_on_the_days_of_its_validity_alone(
    first: date, minimum_c: float
) -> None:
    warmth = TemperatureCurve(minimum_c=curve((0, 29.0)), maximum_c=curve((0, 34.0)))
    bench = bench_at(DAWN_MS, schedule(warmth, valid_from=first), flock=FLOCK)
    bench.run(2)
    assert bench.state.targets[HOUSE].setpoints.temperature_min_c == minimum_c


@pytest.mark.parametrize("priority", [0, 9])
@pytest.mark.parametrize("first", [0, 1])
def test_a_curve_whose_days_are_over_leaves_its_place_to_the_next(
    first: int, priority: int
) -> None:
    def warmth(celsius: float) -> TemperatureCurve:
        return TemperatureCurve(minimum_c=curve((0, celsius)), maximum_c=curve((0, 34.0)))

    over = schedule(warmth(29.0), 1, valid_until=TODAY - timedelta(days=1), priority=priority)
    to_come = schedule(warmth(27.0), 2, valid_from=TODAY + timedelta(days=1), priority=priority)
    now = schedule(warmth(28.0), 3)
    bench = bench_at(DAWN_MS, *(over, to_come, now, over)[first : first + 3], flock=FLOCK)
    assert bench.state.targets[HOUSE].setpoints.temperature_min_c == 28.0
    bench.hold(over, to_come, flock=FLOCK)
    bench.step()
    assert bench.state.targets[HOUSE].setpoints.temperature_min_c == 22.0
    bench.run(24 * 3600, every_s=60)
    assert bench.state.targets[HOUSE].setpoints.temperature_min_c == 27.0


@pytest.mark.parametrize("off_s", [5, 3600])
def test_turns_that_no_clock_begins_go_on_after_a_restart_and_not_from_their_beginning(
    off_s: float,
) -> None:
    turns = schedule(DurationBased(run_s=30, rest_s=570, devices=(IDS[LIGHT],)))
    bench = bench_at(DAWN_MS, turns)
    bench.run(120)
    assert [run.outcome.value for run in bench.runs] == ["executed"]
    for _ in range(3):
        bench = restart(bench, off_s)
        bench.run(100)
    assert [run.outcome.value for run in bench.runs] == ["executed"]
    bench.run(600)
    assert [run.outcome.value for run in bench.runs] == ["executed", "executed"]


def test_what_no_clock_begins_rests_outside_its_days_also_where_the_date_is_unknown() -> None:
    turns = DurationBased(run_s=30, rest_s=30, devices=(IDS[LIGHT],))
    bench = Bench(wall_ms=None)
    bench.hold(schedule(turns, valid_from=TODAY))
    bench.run(20)
    assert bench.level(LIGHT) == OFF
    bench.hold(schedule(turns))
    bench.run(20)
    assert bench.level(LIGHT) == ON


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
    bench.step(asks=(Ask(schedule_id=one.id, request=REQUEST),))
    assert bench.level(FEEDER) == ON
    bench.run(31)
    assert bench.level(FEEDER) == OFF
    assert [(run.outcome.value, run.reason, run.request) for run in bench.runs] == [
        ("executed", "asked", REQUEST)
    ]


def test_what_a_person_runs_now_meets_the_same_interlocks() -> None:
    one = feeding()
    bench = bench_at(SIX_MS + HOUR_MS, one, software_stop=True)
    bench.step(asks=(Ask(schedule_id=one.id, request=REQUEST),))
    bench.run(60)
    assert [(run.outcome.value, run.reason) for run in bench.runs] == [("skipped", "software_stop")]


def test_every_request_gets_its_own_answer() -> None:
    one = feeding()
    bench = bench_at(SIX_MS + HOUR_MS, one)
    later = RequestId(UUID(int=901))
    lost = RequestId(UUID(int=902))
    bench.step(
        asks=(
            Ask(schedule_id=one.id, request=REQUEST),
            Ask(schedule_id=one.id, request=later),
            Ask(schedule_id=ScheduleId(IDS[FEEDER]), request=lost),
        )
    )
    bench.run(31)
    assert {run.request: (run.outcome.value, run.reason) for run in bench.runs} == {
        REQUEST: ("skipped", "superseded"),
        later: ("executed", "asked"),
        lost: ("skipped", "unknown_schedule"),
    }


def test_what_has_no_runs_can_not_be_run_now() -> None:
    one = schedule(TemperatureCurve(minimum_c=curve((0, 32.0)), maximum_c=curve((0, 36.0))))
    bench = bench_at(SIX_MS, one)
    bench.step(asks=(Ask(schedule_id=one.id, request=REQUEST),))
    assert [(run.outcome.value, run.reason, run.request) for run in bench.runs] == [
        ("skipped", "no_runs", REQUEST)
    ]
