"""People hear of a schedule that could not do its work, and of a drive that has stopped."""

from dataclasses import replace

from tests.support.engine import IDS, Bench
from tests.support.schedules import (
    DAWN_MS,
    FEEDER,
    HOUR_MS,
    bench_at,
    daily,
    feeding,
    restart,
    schedule,
    told,
)
from tokkatot.automation.inputs import Ask, Report
from tokkatot.domain.alerts import AlertType
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.ids import RequestId
from tokkatot.domain.schedules import TimeBased

FAILED, OFFLINE, ERROR = (
    AlertType.SCHEDULE_FAILED,
    AlertType.DEVICE_OFFLINE,
    AlertType.DEVICE_ERROR,
)
VENT = IDS[DeviceRole.VENT]


def changes(bench: Bench, kind: AlertType) -> list[str]:
    return [alarm.change.value for alarm in bench.alarms if alarm.key.type is kind]


def starved() -> Bench:
    """Return a house whose feeder did not follow at six."""
    bench = bench_at(DAWN_MS, feeding())
    bench.follow = False
    bench.run(45)
    assert told(bench) == [(0, "failed", "device_timeout")]
    return bench


def next_day(bench: Bench) -> None:
    bench.wall_ms = DAWN_MS + 24 * HOUR_MS
    bench.run(45)


def test_a_short_dose_that_failed_is_told_until_one_is_given_again() -> None:
    bench = starved()
    assert changes(bench, FAILED) == ["raised"]
    assert bench.alarms[-1].name == "schedule 1"
    assert changes(bench, ERROR) == [], "its relay was let go before that was due"
    bench.follow = True
    next_day(bench)
    assert changes(bench, FAILED) == ["raised", "cleared"]


def test_a_run_that_is_skipped_changes_nothing() -> None:
    bench = starved()
    bench.plan = replace(
        bench.plan, houses=tuple(replace(h, software_stop=True) for h in bench.plan.houses)
    )
    next_day(bench)
    assert told(bench)[-1][1] == "skipped"
    assert changes(bench, FAILED) == ["raised"]


def test_it_is_remembered_over_a_restart_and_over_with_its_schedule() -> None:
    bench = restart(starved(), off_s=5)
    bench.run(10)
    assert changes(bench, FAILED) == []
    bench.hold()
    bench.step()
    assert changes(bench, FAILED) == ["cleared"]


def test_a_schedule_whose_node_is_away_is_told_with_its_node() -> None:
    bench = bench_at(DAWN_MS - 120_000, feeding())
    bench.contact(FEEDER, online=False)
    bench.run(200)
    assert changes(bench, OFFLINE) == ["raised"]
    (raised,) = [alarm for alarm in bench.alarms if alarm.key.type is FAILED]
    assert raised.under == next(a.alert_id for a in bench.alarms if a.key.type is OFFLINE)


def test_a_run_that_a_person_asked_for_is_answered_and_not_told() -> None:
    bench = bench_at(DAWN_MS - HOUR_MS, feeding())
    bench.follow = False
    bench.step(asks=(Ask(schedule_id=feeding().id, request=RequestId(feeding().id)),))
    bench.run(45)
    assert [run.outcome.value for run in bench.runs] == ["failed"]
    assert changes(bench, FAILED) == []


def test_a_slow_drive_is_told_only_when_it_stands_still_on_its_way() -> None:
    wide = TimeBased(start=daily("06:00"), duration_s=1800, devices=(VENT,), level=ON)
    bench = bench_at(DAWN_MS, schedule(wide))
    bench.follow = False
    bench.step(reports=(Report(device_id=VENT, level=OFF),))
    for level in range(5, 50, 5):
        bench.run(25)
        bench.step(reports=(Report(device_id=VENT, level=float(level)),))
    assert changes(bench, ERROR) == []
    bench.run(95)
    assert changes(bench, ERROR) == ["raised"]
