"""Schedules on conditions: each time that these hold they have one run, of their longest time."""

from uuid import UUID

import pytest

from tests.support.engine import IDS, Bench
from tests.support.schedules import DAWN_MS, LIGHT, bench_at, restart, schedule
from tokkatot.automation.inputs import Ask
from tokkatot.domain.devices import OFF, ON
from tokkatot.domain.houses import HouseMode
from tokkatot.domain.ids import RequestId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Combine, Comparison, Condition
from tokkatot.domain.schedules import ConditionBased, Schedule

COLD, COOL, WARM = 25.0, 26.5, 28.0


def warm(for_s: float = 0.0) -> Condition:
    """Return what holds above 27 °C, and clears at 26 °C."""
    return Condition(
        quantity=Quantity.TEMPERATURE,
        comparison=Comparison.ABOVE,
        threshold=27.0,
        hysteresis=1.0,
        for_s=for_s,
    )


DRY = Condition(quantity=Quantity.WATER_LEVEL, comparison=Comparison.BELOW, threshold=30.0)


def lasting(
    *conditions: Condition, combine: Combine = Combine.ALL, longest_s: float = 60, **more: object
) -> Schedule:
    does = ConditionBased(
        conditions=conditions or (warm(),),
        combine=combine,
        devices=(IDS[LIGHT],),
        longest_s=longest_s,
    )
    return schedule(does, **more)  # type: ignore[arg-type]  # a test names real fields


def on_s(bench: Bench, seconds: int) -> int:
    """Return how many of these seconds the light is on."""
    lit_s = 0
    for _ in range(seconds):
        bench.step()
        lit_s += bench.level(LIGHT) == ON
    return lit_s


def after_its_longest_time(one: Schedule, **house: object) -> Bench:
    """Return a warm house whose schedule has had its longest time."""
    bench = bench_at(DAWN_MS, one, **house)
    bench.temperature_c = WARM
    assert on_s(bench, 300) == 60
    return bench


def ask(bench: Bench, one: Schedule) -> None:
    bench.step(asks=(Ask(schedule_id=one.id, request=RequestId(UUID(int=900))),))


def begins_anew(bench: Bench) -> bool:
    """Tell whether the schedule begins once its condition has cleared and holds again."""
    bench.temperature_c = COLD
    bench.run(3)
    bench.temperature_c = WARM
    return on_s(bench, 400) == 60


def test_a_person_s_run_after_the_longest_time_is_followed_by_no_other() -> None:
    one = lasting()
    bench = after_its_longest_time(one)
    ask(bench, one)
    assert on_s(bench, 300) == 59
    assert [(run.outcome.value, run.reason) for run in bench.runs] == [
        ("executed", None),
        ("executed", "asked"),
    ]
    assert begins_anew(bench)


def test_a_person_s_run_takes_the_place_of_the_one_that_runs() -> None:
    one = lasting()
    bench = bench_at(DAWN_MS, one)
    bench.temperature_c = WARM
    bench.run(20)
    ask(bench, one)
    assert on_s(bench, 300) == 59
    assert begins_anew(bench)


@pytest.mark.parametrize("first_c", [COLD, WARM])
def test_what_begins_to_hold_during_a_person_s_run_has_its_own_run_after_it(
    first_c: float,
) -> None:
    one = lasting()
    bench = bench_at(DAWN_MS, one)
    bench.temperature_c = first_c
    bench.run(2)
    ask(bench, one)
    bench.temperature_c = COLD
    bench.run(20)
    bench.temperature_c = WARM
    assert on_s(bench, 300) == 39 + 60


@pytest.mark.parametrize("for_s", [0.0, 40.0])
@pytest.mark.parametrize("silent_s", [0, 90])
def test_a_restart_gives_no_further_longest_time(for_s: float, silent_s: int) -> None:
    bench = after_its_longest_time(lasting(warm(for_s)))
    for _ in range(3):
        bench.temperature_c = None if silent_s else WARM
        bench = restart(bench, off_s=5)
        assert on_s(bench, silent_s) == 0
        bench.temperature_c = COOL
        assert on_s(bench, 100) == 0
        bench.temperature_c = WARM
        assert on_s(bench, 100) == 0
    assert [run.outcome.value for run in bench.runs] == ["executed"]
    assert begins_anew(bench)


LONG_S, MINUTE_S = 600, 60


def cut_in_the_middle(*conditions: Condition, combine: Combine = Combine.ALL) -> Bench:
    """Return a warm house whose schedule runs for 200 of its 600 seconds."""
    bench = bench_at(DAWN_MS, lasting(*conditions, combine=combine, longest_s=LONG_S))
    bench.temperature_c = WARM
    assert on_s(bench, 200) == 200
    return bench


@pytest.mark.parametrize("for_s", [0.0, 40.0])
@pytest.mark.parametrize("off_s", [5.0, 5000.0])
def test_a_run_that_a_restart_cuts_goes_on_with_what_is_left_of_its_longest_time(
    for_s: float, off_s: float
) -> None:
    bench = bench_at(DAWN_MS, lasting(warm(for_s), longest_s=LONG_S))
    bench.temperature_c = WARM
    before_s = on_s(bench, 200)
    bench = restart(bench, off_s)
    left_s = LONG_S - before_s
    assert left_s - MINUTE_S - 2 <= on_s(bench, 1000) <= left_s
    assert [(run.outcome.value, run.reason) for run in bench.runs] == [("executed", None)]
    assert bench.level(LIGHT) == OFF


def test_restarts_again_and_again_give_no_further_longest_time() -> None:
    bench = cut_in_the_middle()
    lit_s = 200
    for _ in range(20):
        bench = restart(bench, off_s=5)
        lit_s += on_s(bench, 25)
    assert lit_s <= LONG_S
    assert on_s(bench, 1000) == 0


def test_a_run_whose_longest_time_is_all_but_over_does_not_go_on_after_a_restart() -> None:
    bench = cut_in_the_middle()
    assert on_s(bench, 380) == 380
    bench = restart(bench, off_s=5)
    assert on_s(bench, 1000) == 0
    bench.temperature_c = COLD
    bench.run(3)
    bench.temperature_c = WARM
    assert on_s(bench, 1000) == LONG_S


def test_what_has_cleared_while_the_hub_was_off_begins_with_its_whole_longest_time() -> None:
    bench = cut_in_the_middle()
    bench.temperature_c = COLD
    bench = restart(bench, off_s=5)
    assert on_s(bench, 100) == 0
    bench.temperature_c = WARM
    assert on_s(bench, 1000) == LONG_S


def test_a_run_that_a_restart_cut_waits_until_somebody_measures_again() -> None:
    bench = cut_in_the_middle()
    bench.temperature_c = None
    for _ in range(3):
        bench = restart(bench, off_s=5)
        assert on_s(bench, 90) == 0
    bench.temperature_c = COOL
    assert LONG_S - 200 - MINUTE_S - 2 <= on_s(bench, 1000) <= LONG_S - 200


def test_a_restart_knows_which_conditions_had_begun_the_run_that_it_cut() -> None:
    bench = cut_in_the_middle(warm(), DRY, combine=Combine.ANY)
    bench.temperature_c = COLD
    bench.water_percent = 50.0
    bench = restart(bench, off_s=5)
    assert on_s(bench, 100) == 0


def test_a_person_s_run_that_a_restart_cuts_is_none_that_goes_on() -> None:
    one = lasting(longest_s=LONG_S)
    bench = bench_at(DAWN_MS, one)
    bench.temperature_c = COLD
    ask(bench, one)
    assert on_s(bench, 100) == 100
    bench = restart(bench, off_s=5)
    assert on_s(bench, 100) == 0
    bench.temperature_c = WARM
    assert on_s(bench, 1000) == LONG_S


def test_a_run_whose_device_never_came_has_its_whole_longest_time_after_a_restart() -> None:
    bench = bench_at(DAWN_MS, lasting(longest_s=LONG_S))
    bench.contact(LIGHT, online=False)
    bench.temperature_c = WARM
    bench.run(20)
    bench = restart(bench, off_s=5)
    assert on_s(bench, 1000) >= LONG_S - 1


def test_another_version_has_nothing_left_of_the_run_that_a_restart_cut() -> None:
    bench = cut_in_the_middle()
    bench.hold(lasting(longest_s=LONG_S, version=2))
    bench = restart(bench, off_s=5)
    assert on_s(bench, 1000) >= LONG_S - 1


def test_a_sensor_that_falls_silent_clears_nothing() -> None:
    bench = after_its_longest_time(lasting())
    bench.temperature_c = None
    bench.run(200)
    bench.temperature_c = WARM
    assert on_s(bench, 200) == 0
    assert begins_anew(bench)


def test_a_mode_that_is_chosen_for_a_moment_gives_no_further_longest_time() -> None:
    one = lasting(modes=(HouseMode.GROWTH,))
    bench = after_its_longest_time(one, mode=HouseMode.GROWTH)
    bench.hold(one, mode=HouseMode.CATCHING)
    bench.run(20)
    bench.hold(one, mode=HouseMode.GROWTH)
    assert on_s(bench, 200) == 0
    assert begins_anew(bench)


def test_after_a_restart_it_is_known_which_of_its_conditions_hold() -> None:
    bench = after_its_longest_time(lasting(warm(), DRY, combine=Combine.ANY))
    bench = restart(bench, off_s=5)
    assert on_s(bench, 60) == 0
    bench.temperature_c = COLD
    assert on_s(bench, 60) == 0
    bench.water_percent = 20.0
    assert on_s(bench, 100) == 60


def test_another_version_knows_nothing_of_what_the_earlier_one_had() -> None:
    bench = after_its_longest_time(lasting())
    bench.hold(lasting(version=2))
    assert on_s(bench, 200) == 60
    assert bench.level(LIGHT) == OFF
