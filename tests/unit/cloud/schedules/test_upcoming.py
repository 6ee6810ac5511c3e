"""What schedules of a house will do next, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from tokkatot.automation.occurrences import Locality
from tokkatot.cloud.farms.model import House
from tokkatot.cloud.schedules.model import ScheduleVersion, StoredSchedule
from tokkatot.cloud.schedules.store import Current
from tokkatot.cloud.schedules.upcoming import MAX_RUNS, Calendar, runs_within
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.flocks import Flock
from tokkatot.domain.houses import HouseMode
from tokkatot.domain.ids import DeviceId, HouseId, ScheduleId
from tokkatot.domain.schedules import CurvePoint, DailyTimes, LightCurve, Schedule, TimeBased

HOUSE = HouseId(UUID(int=1))
LAMP, FEEDER = DeviceId(UUID(int=9)), DeviceId(UUID(int=8))
NOON = datetime(2026, 3, 1, 5, tzinfo=UTC)


def calendar(mode: HouseMode | None = None) -> Calendar:
    return Calendar(
        now=NOON,
        locality=Locality(zone=ZoneInfo("Asia/Phnom_Penh")),
        houses={HOUSE: House(id=HOUSE, mode=mode)},
        flocks={HOUSE: Flock(placed_on=date(2026, 2, 22), count=500)},
        roles={FEEDER: DeviceRole.FEEDER, LAMP: DeviceRole.LIGHT},
    )


def minutely(number: int) -> Current:
    content = {
        "name": f"Every minute {number}",
        "does": {
            "kind": "time_based",
            "start": {"kind": "cron", "expression": "* * * * *"},
            "duration_s": 5,
            "devices": [str(LAMP)],
        },
    }
    stored = StoredSchedule(id=UUID(int=number), house_id=HOUSE, version=1)
    return Current(stored=stored, version=ScheduleVersion(version=1, content=content))


def test_many_runs_are_listed_in_their_order_up_to_the_limit() -> None:
    runs = runs_within([minutely(2), minutely(1)], calendar(), hours=168)
    assert len(runs) == MAX_RUNS
    assert [run.schedule_id.int for run in runs[:4]] == [1, 2, 1, 2]
    assert runs == sorted(runs, key=lambda run: run.at)


def test_nothing_is_listed_beyond_the_hours() -> None:
    runs = runs_within([minutely(1)], calendar(), hours=1)
    assert len(runs) == 60
    assert all((run.until - run.at).seconds == 5 for run in runs)


def test_a_schedule_of_another_mode_is_not_due() -> None:
    schedule = Schedule(
        id=ScheduleId(UUID(int=1)),
        house_id=HOUSE,
        name="Light",
        modes=(HouseMode.GROWTH,),
        does=LightCurve(start=time(5), hours=(CurvePoint(day=0, value=16),), devices=(LAMP,)),
    )
    assert calendar(HouseMode.EMPTY).next_run(schedule) is None
    assert calendar().next_run(schedule) is None
    assert calendar(HouseMode.GROWTH).next_run(schedule) == datetime(2026, 3, 1, 22, tzinfo=UTC)
    (run,) = calendar(HouseMode.GROWTH).runs(schedule, count=1)
    assert run.until == datetime(2026, 3, 2, 14, tzinfo=UTC)


MODES = (HouseMode.GROWTH, HouseMode.EMPTY, HouseMode.CATCHING)


def test_what_a_mode_lets_rest_is_not_due_in_it() -> None:
    both = [
        Schedule(
            id=ScheduleId(UUID(int=1)),
            house_id=HOUSE,
            name="Breakfast",
            does=TimeBased(start=DailyTimes(times=(time(6),)), duration_s=30, devices=devices),
        )
        for devices in ((FEEDER,), (FEEDER, LAMP))
    ]
    due = [[calendar(mode).next_run(one) is not None for one in both] for mode in (None, *MODES)]
    assert due == [[True, True], [True, True], [False, True], [False, True]]


def test_light_that_no_flock_needs_is_not_foretold() -> None:
    young = (CurvePoint(day=8, value=0.0), CurvePoint(day=9, value=2.0))
    light = Schedule(
        id=ScheduleId(UUID(int=1)),
        house_id=HOUSE,
        name="Light",
        does=LightCurve(start=time(5), hours=young, devices=(LAMP,)),
    )
    # The flock is eight days old on the second of March, and nine on the third.
    (first,) = calendar().runs(light, count=1)
    assert (first.at.day, first.until - first.at) == (2, timedelta(hours=2))
    nobody = replace(calendar(), flocks={})
    assert list(nobody.runs(light, count=1)) == []
    assert nobody.next_run(light) is None
