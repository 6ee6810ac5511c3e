"""Turns that no clock begins: each may be late, and none is given twice."""

from collections.abc import Callable
from datetime import date

import pytest

from tests.support.engine import IDS, Bench
from tests.support.schedules import DAWN_MS, FEEDER, bench_at, restart, schedule
from tokkatot.domain.devices import OFF, ON
from tokkatot.domain.houses import HouseMode
from tokkatot.domain.schedules import DurationBased, Schedule

REST_S = 4 * 3600.0
YESTERDAY = date(2026, 3, 1)


def fed(*, rest_s: float = REST_S, **more: object) -> Schedule:
    """Return what feeds for half a minute, and rests for hours."""
    does = DurationBased(run_s=30, rest_s=rest_s, devices=(IDS[FEEDER],))
    return schedule(does, **more)  # type: ignore[arg-type]  # a test names real fields


def catch(bench: Bench) -> None:
    bench.hold(fed(), mode=HouseMode.CATCHING)


def leave_its_days(bench: Bench) -> None:
    bench.hold(fed(valid_until=YESTERDAY), mode=HouseMode.GROWTH)


def switch_off(bench: Bench) -> None:
    bench.hold(fed(version=2, enabled=False), mode=HouseMode.GROWTH)


def grow(bench: Bench, *, version: int = 1) -> None:
    bench.hold(fed(version=version), mode=HouseMode.GROWTH)


def outcomes(bench: Bench) -> list[str]:
    return [run.outcome.value for run in bench.runs]


def after_a_turn() -> Bench:
    """Return a house that was fed seventy seconds ago."""
    bench = bench_at(DAWN_MS, fed(), mode=HouseMode.GROWTH)
    bench.run(100)
    assert outcomes(bench) == ["executed"]
    return bench


@pytest.mark.parametrize("rests", [catch, leave_its_days, switch_off])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_who_lets_turns_rest_for_a_moment_gives_no_further_one(
    rests: Callable[[Bench], None], *, is_restarted: bool
) -> None:
    bench = after_a_turn()
    rests(bench)
    bench.run(20)
    if is_restarted:
        bench = restart(bench, off_s=5)
    grow(bench, version=3 if rests is switch_off else 1)
    bench.run(REST_S - 300, every_s=10)
    assert (bench.level(FEEDER), outcomes(bench)) == (OFF, ["executed"])
    bench.run(420)
    assert outcomes(bench) == ["executed", "executed"]


def test_a_turn_that_was_cut_off_is_not_given_again() -> None:
    bench = bench_at(DAWN_MS, fed(), mode=HouseMode.GROWTH)
    bench.run(10)
    assert bench.level(FEEDER) == ON
    catch(bench)
    bench.run(5)
    grow(bench)
    bench.run(100)
    assert (bench.level(FEEDER), outcomes(bench)) == (OFF, ["executed"])


def test_turns_whose_time_came_while_they_rested_begin_at_once() -> None:
    bench = after_a_turn()
    catch(bench)
    bench.run(REST_S + 3600, every_s=10)
    assert outcomes(bench) == ["executed"]
    grow(bench)
    bench.run(2)
    assert (bench.level(FEEDER), outcomes(bench)) == (ON, ["executed", "executed"])


def test_turns_that_are_changed_wait_for_their_turn_and_for_no_longer_than_they_rest_now() -> None:
    bench = after_a_turn()
    bench.hold(fed(version=2, rest_s=570), mode=HouseMode.GROWTH)
    bench.run(590)
    assert outcomes(bench) == ["executed"]
    bench.run(30)
    assert outcomes(bench) == ["executed", "executed"]
    bench.hold(fed(version=3), mode=HouseMode.GROWTH)
    bench.run(600)
    assert outcomes(bench) == ["executed", "executed", "executed"], "that turn was booked before"
