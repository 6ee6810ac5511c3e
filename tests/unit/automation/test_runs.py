"""The limits of a run: how long it is tried, how near is near enough, how long its name may be."""

import pytest
from msgspec.structs import replace

from tests.support.engine import IDS
from tests.support.schedules import DAWN_MS, FAN, LIGHT, SIX_MS, bench_at, daily, schedule, told
from tokkatot.automation.inputs import Report
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.schedules import TimeBased

VENT = IDS[DeviceRole.VENT]


def test_a_run_of_hours_is_tried_for_a_quarter_of_an_hour() -> None:
    hours = TimeBased(start=daily("06:00"), duration_s=7200, devices=(IDS[LIGHT],))
    bench = bench_at(DAWN_MS, schedule(hours))
    bench.contact(LIGHT, online=False)
    assert bench.wall_ms is not None
    bench.run((SIX_MS - bench.wall_ms) / 1000 + 3 * 225 - 2)
    assert told(bench) == []
    bench.run(4)
    assert told(bench) == [(0, "failed", "device_offline")]


@pytest.mark.parametrize(("says", "outcomes"), [(99.0, ["executed"]), (98.9, [])])
def test_a_device_within_one_percent_has_followed(says: float, outcomes: list[str]) -> None:
    wide = TimeBased(start=daily("06:00"), duration_s=1800, devices=(VENT,), level=ON)
    bench = bench_at(DAWN_MS, schedule(wide))
    bench.follow = False
    bench.step(reports=(Report(device_id=VENT, level=OFF),))
    bench.run(20)
    bench.step(reports=(Report(device_id=VENT, level=says),))
    assert [run.outcome.value for run in bench.runs] == outcomes


def test_a_trace_names_a_schedule_by_sixty_letters_at_most() -> None:
    dose = TimeBased(start=daily("06:00"), duration_s=1800, devices=(IDS[LIGHT],))
    bench = bench_at(DAWN_MS, replace(schedule(dose), name="x" * 80))
    bench.run(20)
    assert bench.decision(LIGHT).reason == "x" * 60


@pytest.mark.parametrize(
    ("role", "asks", "held", "outcome"),
    [
        (FAN, 40.0, ON, ("executed", None)),
        (FAN, ON, 40.0, ("skipped", "person")),
        (LIGHT, 40.0, ON, ("skipped", "person")),
        (LIGHT, ON, 40.0, ("skipped", "person")),
    ],
)
def test_more_air_than_a_run_asks_for_is_what_it_asks_for_and_nothing_else_is(
    role: DeviceRole, asks: float, held: float, outcome: tuple[str, str | None]
) -> None:
    dose = TimeBased(start=daily("06:00"), duration_s=60, devices=(IDS[role],), level=asks)
    bench = bench_at(DAWN_MS, schedule(dose))
    bench.order(role, held)
    bench.run(90)
    assert told(bench) == [(0, *outcome)]


LAMP_AND_FOGGER = (IDS[LIGHT], IDS[DeviceRole.FOGGER])


def test_a_device_that_is_away_takes_nothing_from_the_one_beside_it() -> None:
    both = schedule(TimeBased(start=daily("06:00"), duration_s=240, devices=LAMP_AND_FOGGER))
    bench = bench_at(DAWN_MS, both)
    bench.contact(LIGHT, online=False)
    on_s = 0
    for _ in range(260):
        bench.step()
        on_s += bench.level(DeviceRole.FOGGER) == ON
    assert on_s == 240
    assert told(bench) == [(0, "failed", "device_offline")]


def test_a_device_that_is_back_within_the_window_joins_the_one_beside_it() -> None:
    both = schedule(TimeBased(start=daily("06:00"), duration_s=240, devices=LAMP_AND_FOGGER))
    bench = bench_at(DAWN_MS, both)
    bench.contact(LIGHT, online=False)
    bench.run(130)
    assert told(bench) == []
    bench.contact(LIGHT, online=True)
    bench.run(130)
    assert told(bench) == [(0, "executed", None)]


def test_one_of_several_that_is_away_is_waited_for_a_quarter_of_an_hour() -> None:
    both = schedule(TimeBased(start=daily("06:00"), end=daily("18:00"), devices=(IDS[LIGHT], VENT)))
    bench = bench_at(DAWN_MS, both)
    bench.contact(LIGHT, online=False)
    bench.run(900)
    assert told(bench) == []
    bench.run(20)
    assert told(bench) == [(0, "failed", "device_offline")]
    bench.contact(LIGHT, online=True)
    bench.run(3)
    assert bench.level(LIGHT) == ON


def test_a_relay_that_does_not_follow_takes_nothing_from_the_one_beside_it() -> None:
    both = schedule(TimeBased(start=daily("06:00"), duration_s=240, devices=LAMP_AND_FOGGER))
    bench = bench_at(DAWN_MS, both)
    bench.follow = False
    bench.step(reports=(Report(device_id=IDS[DeviceRole.FOGGER], level=ON),))
    bench.run(80)
    assert told(bench) == [(0, "failed", "device_timeout")]
    assert bench.level(DeviceRole.FOGGER) == ON
