"""Stretches of time: they end where the clock says so, and rest in modes that forbid them."""

from datetime import date, time

import pytest

from tests.support.engine import IDS, Bench
from tests.support.schedules import (
    DAWN_MS,
    HOUR_MS,
    LIGHT,
    SIX_MS,
    YEAR_MS,
    bench_at,
    daily,
    lit,
    restart,
    schedule,
    told,
)
from tokkatot.automation.inputs import Ask
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.flocks import Flock
from tokkatot.domain.houses import HouseMode
from tokkatot.domain.ids import RequestId
from tokkatot.domain.schedules import CurvePoint, Does, LightCurve, Schedule, TimeBased


def set_clock(bench: Bench, hours: float) -> None:
    """Set the clock to so many hours after six."""
    bench.wall_ms = SIX_MS + round(hours * HOUR_MS)


def now(bench: Bench) -> tuple[float, float]:
    """Return how many hours after six it is, and the level of the light."""
    assert bench.wall_ms is not None
    return round((bench.wall_ms - SIX_MS) / HOUR_MS, 1), bench.level(LIGHT)


def changes(bench: Bench, hours: float) -> list[tuple[float, float]]:
    """Return how the light is now, and each change of it until so many hours after six."""
    bench.step()
    seen = [now(bench)]
    while now(bench)[0] < hours:
        bench.run(60, every_s=60)
        if bench.level(LIGHT) != seen[-1][1]:
            seen.append(now(bench))
    return seen


@pytest.mark.parametrize(
    ("thought", "true", "after"),
    [
        (1, 11, [(11.0, ON), (12.0, OFF)]),
        (11, 1, [(1.0, ON), (12.0, OFF)]),
        (1, 13, [(13.0, OFF)]),
        # Before its time it waits for it, also where that was lived through already.
        (1, -1, [(-1.0, OFF), (0.0, ON), (12.0, OFF)]),
        # On another day that day's own stretch counts.
        (1, 83, [(83.0, ON), (84.0, OFF)]),
        (1, 251, [(251.0, ON), (252.0, OFF)]),
        (1, 253, [(253.0, OFF)]),
        (1, -13, [(-13.0, ON), (-12.0, OFF), (0.0, ON), (12.0, OFF)]),
        (1, -11, [(-11.0, OFF), (0.0, ON), (12.0, OFF)]),
    ],
)
def test_a_stretch_ends_by_the_clock_that_was_set_while_it_was_open(
    thought: float, true: float, after: list[tuple[float, float]]
) -> None:
    bench = bench_at(SIX_MS + round(thought * HOUR_MS), lit())
    bench.run(60)
    assert bench.level(LIGHT) == ON
    set_clock(bench, true)
    assert changes(bench, max(true + 2, 13)) == after


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_jumps_by_years_and_back_leaves_a_stretch_its_end(years: int) -> None:
    bench = bench_at(DAWN_MS, lit())
    bench.run(60)
    assert bench.wall_ms is not None
    bench.wall_ms += years * YEAR_MS
    bench.run(60)
    bench.wall_ms -= years * YEAR_MS
    assert changes(bench, 16) == [(0.0, ON), (12.0, OFF)]
    assert told(bench) == [(0, "executed", None)]


def test_a_stretch_that_comes_again_with_its_hour_is_lit_again_and_told_once() -> None:
    bench = bench_at(DAWN_MS, lit())
    bench.run(60)
    set_clock(bench, -1)
    bench = restart(bench, off_s=60)
    assert changes(bench, 16) == [(-1.0, OFF), (0.0, ON), (12.0, OFF)]
    assert told(bench) == [(0, "executed", None)]


def test_a_stretch_of_feeding_that_comes_again_with_its_hour_feeds_nobody_again() -> None:
    feeder = IDS[DeviceRole.FEEDER]
    feeding = TimeBased(start=daily("06:00"), end=daily("06:30"), devices=(feeder,))
    bench = bench_at(DAWN_MS, schedule(feeding))
    bench.run(20)
    assert bench.level(DeviceRole.FEEDER) == ON
    set_clock(bench, -1)
    bench.run(20)
    assert bench.level(DeviceRole.FEEDER) == OFF
    for _ in range(2 * 180):
        bench.run(20, every_s=20)
        assert bench.level(DeviceRole.FEEDER) == OFF
    assert told(bench) == [(0, "executed", None)]


def test_a_clock_that_is_set_by_seconds_switches_nothing() -> None:
    bench = bench_at(DAWN_MS, lit())
    bench.run(11)
    assert bench.wall_ms is not None
    bench.wall_ms -= 5_000
    for _ in range(20):
        bench.step()
        assert bench.level(LIGHT) == ON
    assert told(bench) == [(0, "executed", None)]


@pytest.mark.parametrize(
    ("true", "outcome"), [(-1.0, ("skipped", "clock_jump")), (13.0, ("failed", "device_offline"))]
)
def test_a_stretch_whose_time_is_another_one_is_told_once(
    true: float, outcome: tuple[str, str]
) -> None:
    bench = bench_at(DAWN_MS, lit())
    bench.contact(LIGHT, online=False)
    bench.run(60)
    assert told(bench) == []
    set_clock(bench, true)
    changes(bench, 15)
    assert told(bench) == [(0, *outcome)]


def test_an_end_follows_a_clock_that_is_adjusted_little_by_little() -> None:
    bench = bench_at(SIX_MS + 11 * HOUR_MS, lit())
    for _ in range(60):
        bench.run(30)
        bench.wall_ms = (bench.wall_ms or 0) + 1_000
    bench.run(29 * 60 - 3)
    assert bench.level(LIGHT) == ON
    bench.run(4)
    assert bench.level(LIGHT) == OFF


@pytest.mark.parametrize(("true", "off"), [(11.0, 12.0), (2.0, 4.0), (-1.0, 1.0)])
def test_a_stretch_that_a_person_asked_for_lasts_as_long_as_it_would_have_at_a_clock_set_back(
    true: float, off: float
) -> None:
    bench = bench_at(SIX_MS + 10 * HOUR_MS, lit(enabled=False))
    bench.step(asks=(Ask(schedule_id=lit().id, request=RequestId(IDS[LIGHT])),))
    bench.run(60)
    set_clock(bench, true)
    assert changes(bench, 13) == [(true, ON), (off, OFF)]


# ---------------------------------------------------------------------------------- time zones


def at_ten(one: Schedule) -> Bench:
    """Return a house in Phnom Penh at ten, four hours after its light went on."""
    bench = bench_at(DAWN_MS, one)
    bench.run(4 * 3600, every_s=60)
    assert bench.level(LIGHT) == ON
    return bench


@pytest.mark.parametrize(
    ("zone", "after", "again"),
    [
        ("Asia/Bangkok", [(4.0, ON), (12.0, OFF)], []),
        ("Asia/Tokyo", [(4.0, ON), (10.0, OFF)], []),
        ("Asia/Karachi", [(4.0, ON), (14.0, OFF)], []),
        # There it is evening, and the light comes again in the morning.
        ("America/New_York", [(4.0, OFF), (12.0, ON)], [12]),
        # There it is night, and the light waits for its time.
        ("Europe/London", [(4.0, OFF), (7.0, ON)], [7]),
    ],
)
def test_a_stretch_ends_by_the_time_zone_that_the_farm_has_now(
    zone: str, after: list[tuple[float, float]], again: list[int]
) -> None:
    bench = at_ten(lit())
    bench.hold(lit(), time_zone=zone)
    assert changes(bench, 16) == after
    assert told(bench) == [(hours * 3600, "executed", None) for hours in (0, *again)]


def test_a_stretch_that_is_not_told_yet_is_told_when_the_time_zone_ends_it() -> None:
    bench = bench_at(DAWN_MS, lit())
    bench.contact(LIGHT, online=False)
    bench.run(60)
    assert told(bench) == []
    bench.hold(lit(), time_zone="America/New_York")
    bench.run(60)
    assert told(bench) == [(0, "failed", "device_offline")]


@pytest.mark.parametrize(
    ("zone", "after"),
    [
        ("Asia/Tokyo", [(4.0, ON), (10.0, OFF)]),
        ("Asia/Karachi", [(4.0, ON), (14.0, OFF)]),
        ("Europe/London", [(4.0, ON), (19.0, OFF)]),
    ],
)
def test_a_stretch_that_a_person_asked_for_ends_by_the_time_zone_too(
    zone: str, after: list[tuple[float, float]]
) -> None:
    asked = lit(enabled=False)
    bench = bench_at(SIX_MS + 4 * HOUR_MS - 60_000, asked)
    bench.step(asks=(Ask(schedule_id=asked.id, request=RequestId(IDS[LIGHT])),))
    bench.run(60)
    bench.hold(asked, time_zone=zone)
    assert changes(bench, 20) == after


def test_a_time_zone_that_comes_with_a_restart_moves_the_end_of_a_stretch() -> None:
    bench = at_ten(lit())
    bench.hold(lit(), time_zone="Asia/Tokyo")
    bench = restart(bench, off_s=60)
    assert changes(bench, 16) == [(4.0, ON), (10.0, OFF)]


def test_another_time_zone_leaves_a_dose_its_length() -> None:
    dose = schedule(TimeBased(start=daily("06:00"), duration_s=1800, devices=(IDS[LIGHT],)))
    bench = bench_at(DAWN_MS, dose)
    bench.run(60)
    bench.hold(dose, time_zone="Europe/London")
    assert changes(bench, 2) == [(0.0, ON), (0.5, OFF)]


# ---------------------------------------------------------------------------------------- modes

GROWTH, EMPTY = HouseMode.GROWTH, HouseMode.EMPTY
HOURS = (CurvePoint(day=0, value=12.0),)
GROWN: dict[str, Does] = {
    "times": lit().does,
    "age": LightCurve(start=time(6), hours=HOURS, devices=(IDS[LIGHT],)),
}
FLOCK = Flock(placed_on=date(2026, 2, 20), count=500)


def grown(kind: str) -> Schedule:
    """Return what lights a house in which birds grow from six to six."""
    return schedule(GROWN[kind], modes=(GROWTH,))


def use(bench: Bench, kind: str, mode: HouseMode) -> None:
    bench.hold(grown(kind), mode=mode, flock=FLOCK)
    bench.step()


@pytest.mark.parametrize("kind", GROWN)
def test_a_stretch_rests_in_a_mode_that_is_not_its_own_and_goes_on_after_it(kind: str) -> None:
    bench = bench_at(DAWN_MS, grown(kind), mode=GROWTH, flock=FLOCK)
    bench.run(60)
    for _ in range(2):
        use(bench, kind, EMPTY)
        assert bench.level(LIGHT) == OFF
        bench.run(60)
        use(bench, kind, GROWTH)
        assert bench.level(LIGHT) == ON
    assert changes(bench, 13) == [(0.0, ON), (12.0, OFF)]
    assert told(bench) == [(0, "executed", None)]


@pytest.mark.parametrize("kind", GROWN)
@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_stretch_that_was_due_in_another_mode_begins_with_its_own(
    kind: str, *, is_restarted: bool
) -> None:
    bench = bench_at(DAWN_MS, grown(kind), mode=EMPTY, flock=FLOCK)
    assert changes(bench, 2) == [(0.0, OFF)]
    if is_restarted:
        bench = restart(bench, off_s=600)
    use(bench, kind, GROWTH)
    assert bench.level(LIGHT) == ON
    assert changes(bench, 13)[-1] == (12.0, OFF)
    assert told(bench) == [(0, "skipped", "mode")]


def test_a_stretch_that_is_not_told_yet_is_told_with_the_mode_that_ends_it() -> None:
    bench = bench_at(DAWN_MS, grown("times"), mode=GROWTH)
    bench.contact(LIGHT, online=False)
    bench.run(60)
    assert told(bench) == []
    use(bench, "times", EMPTY)
    assert told(bench) == [(0, "skipped", "mode")]
    bench.contact(LIGHT, online=True)
    assert changes(bench, 13) == [(0.0, OFF)]
    assert told(bench) == [(0, "skipped", "mode")]


def test_a_stretch_that_a_person_asked_for_goes_on_in_every_mode() -> None:
    bench = bench_at(SIX_MS + HOUR_MS, grown("times"), mode=GROWTH)
    bench.step(asks=(Ask(schedule_id=lit().id, request=RequestId(IDS[LIGHT])),))
    use(bench, "times", EMPTY)
    assert changes(bench, 13) == [(1.0, ON), (12.0, OFF)]


def test_the_light_of_a_day_that_needs_none_is_told_as_skipped_by_its_mode() -> None:
    dark = LightCurve(start=time(6), hours=(CurvePoint(day=0, value=0.0),), devices=(IDS[LIGHT],))
    bench = bench_at(DAWN_MS, schedule(dark, modes=(GROWTH,)), mode=EMPTY, flock=FLOCK)
    bench.run(60)
    assert told(bench) == [(0, "skipped", "mode")]
