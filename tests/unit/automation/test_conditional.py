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


def lasting(*conditions: Condition, combine: Combine = Combine.ALL, **more: object) -> Schedule:
    does = ConditionBased(
        conditions=conditions or (warm(),), combine=combine, devices=(IDS[LIGHT],), longest_s=60
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
