"""A greenhouse through the stages of its crop, by day and by night."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.support.engine import HOUSE, IDS, Bench
from tests.support.schedules import DAWN_MS, LIGHT, PUMP, SIX_MS, daily, schedule, told
from tokkatot.automation.modes import HABITS
from tokkatot.domain.devices import ACTUATORS, OFF, ON, DeviceRole
from tokkatot.domain.houses import MODES, HouseKind, HouseMode, SetPoints
from tokkatot.domain.schedules import Schedule, TimeBased

HEATER, VENT, FOGGER = DeviceRole.HEATER, DeviceRole.VENT, DeviceRole.FOGGER
STAGES = [mode for mode in MODES[HouseKind.GREENHOUSE] if mode is not HouseMode.EMPTY]
NOON_MS = round(datetime(2026, 3, 2, 5, tzinfo=UTC).timestamp() * 1000)


def greenhouse_at(wall_ms: int, *schedules: Schedule, **house: object) -> Bench:
    bench = Bench(HouseKind.GREENHOUSE, wall_ms=wall_ms)
    bench.hold(*schedules, **house)  # type: ignore[arg-type]  # a test names real fields
    bench.step()
    return bench


def watering(*stages: HouseMode) -> Schedule:
    """Return what switches the lamps and the fogger of some stages on at six."""
    does = TimeBased(start=daily("06:00"), duration_s=30, devices=(IDS[LIGHT], IDS[FOGGER]))
    return schedule(does, modes=stages)


def night_of(bench: Bench, *, minimum_c: float) -> SetPoints:
    return replace(bench.plan.houses[0].setpoints, temperature_min_c=minimum_c)


@pytest.mark.parametrize("stage", STAGES)
def test_a_schedule_of_one_stage_runs_in_it_and_is_skipped_in_each_other(
    stage: HouseMode,
) -> None:
    ran = {}
    for mode in (*STAGES, HouseMode.EMPTY):
        bench = greenhouse_at(DAWN_MS, watering(stage), mode=mode)
        bench.run(20)
        ran[mode] = (bench.level(LIGHT), told(bench))
    assert ran.pop(stage) == (ON, [(0, "executed", None)])
    assert set(map(str, ran.values())) == {str((OFF, [(0, "skipped", "mode")]))}


def test_a_run_goes_on_until_its_end_when_the_crop_comes_to_its_next_stage() -> None:
    one = watering(HouseMode.SEEDLING)
    bench = greenhouse_at(DAWN_MS, one, mode=HouseMode.SEEDLING)
    bench.run(20)
    bench.hold(one, mode=HouseMode.VEGETATIVE)
    bench.run(5)
    assert bench.level(LIGHT) == ON
    bench.run(30)
    assert bench.level(LIGHT) == OFF
    assert told(bench) == [(0, "executed", None)]


@pytest.mark.parametrize("mode", [None, *STAGES])
def test_in_every_stage_a_cold_house_is_heated_and_a_dry_one_gets_water(
    mode: HouseMode | None,
) -> None:
    bench = greenhouse_at(NOON_MS, mode=mode)
    bench.temperature_c, bench.water_percent = 12.0, 5.0
    bench.run(120)
    assert (bench.level(HEATER), bench.level(PUMP)) == (ON, ON)


def test_an_empty_greenhouse_is_neither_heated_nor_watered_and_keeps_its_vents() -> None:
    bench = greenhouse_at(DAWN_MS, watering(), mode=HouseMode.EMPTY)
    bench.temperature_c, bench.water_percent = 12.0, 5.0
    bench.run(120)
    assert [bench.level(role) for role in (HEATER, PUMP, FOGGER)] == [OFF, OFF, OFF]
    bench.temperature_c = 39.0
    bench.run(60)
    assert bench.level(VENT) == ON


def test_no_mode_lets_what_moves_air_rest_and_each_mode_has_its_habits() -> None:
    assert set(HABITS) == set(HouseMode)
    for mode, habits in HABITS.items():
        airy = {role for role in habits.rests if ACTUATORS[role].ventilates}
        assert airy == set(), mode


def test_a_greenhouse_is_heated_for_the_night_and_left_to_the_sun_by_day() -> None:
    bench = greenhouse_at(NOON_MS)
    night = night_of(bench, minimum_c=20.0)
    bench.hold(night=night, mode=HouseMode.FLOWERING)
    own_c = bench.plan.houses[0].setpoints.temperature_min_c
    seen: list[tuple[int, float, float]] = []
    for hour in range(24):
        bench.temperature_c = 18.4 + hour % 2 / 5  # one that stands still for hours is not believed
        bench.run(3600, every_s=60)
        points = bench.state.targets[HOUSE].setpoints
        seen.append((hour, points.temperature_min_c, bench.level(HEATER)))
    at_night = [hour for hour, minimum_c, _ in seen if minimum_c == 20.0]
    by_day = [hour for hour, minimum_c, _ in seen if minimum_c == own_c]
    # Looked at from one in the afternoon on: the sun goes down and up at ten past six or so.
    assert at_night == list(range(6, 18))
    assert by_day == [*range(6), *range(18, 24)]
    assert own_c < 18.4
    heated = {hour for hour, _, level in seen if level == ON}
    assert heated <= set(at_night)
    assert len(heated) >= 9, "after its longest time on it rests for five minutes"


def test_without_the_sun_s_place_a_greenhouse_lives_by_day() -> None:
    bench = greenhouse_at(NOON_MS)
    bench.hold(night=night_of(bench, minimum_c=20.0))
    bench.plan = replace(bench.plan, locality=replace(bench.plan.locality, place=None))
    bench.run(12 * 3600, every_s=600)
    own_c = bench.plan.houses[0].setpoints.temperature_min_c
    assert bench.state.targets[HOUSE].setpoints.temperature_min_c == own_c


def test_a_hub_that_lost_its_clock_at_night_keeps_the_night_that_it_knew() -> None:
    bench = greenhouse_at(SIX_MS - 3 * 3_600_000)
    bench.hold(night=night_of(bench, minimum_c=20.0))
    bench.run(5)
    assert bench.state.targets[HOUSE].setpoints.temperature_min_c == 20.0
    bench.wall_ms = None
    bench.run(3600, every_s=60)
    assert bench.state.targets[HOUSE].setpoints.temperature_min_c == 20.0
