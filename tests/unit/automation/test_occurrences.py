"""When schedules are due, in farms' own zones."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokkatot.automation.occurrences import (
    Locality,
    last_through,
    next_after,
    next_due,
    upcoming,
)
from tokkatot.domain.ids import DeviceId, HouseId, ScheduleId
from tokkatot.domain.places import Place
from tokkatot.domain.schedules import (
    CronTimes,
    DailyTimes,
    Does,
    DurationBased,
    Schedule,
    SunTimes,
    TimeBased,
    Times,
    Weekday,
)

DEVICES = (DeviceId(UUID(int=7)),)
KANDAL = Locality(zone=ZoneInfo("Asia/Phnom_Penh"), place=Place(latitude=11.48, longitude=104.95))
BERLIN = Locality(zone=ZoneInfo("Europe/Berlin"))
LORD_HOWE = Locality(zone=ZoneInfo("Australia/Lord_Howe"))


def ms(*parts: int, zone: ZoneInfo | None = None, fold: int = 0) -> int:
    moment = datetime(*parts, tzinfo=zone or UTC, fold=fold)  # type: ignore[misc,arg-type]
    return round(moment.timestamp() * 1000)


def daily(*clock: str, days: tuple[Weekday, ...] = tuple(Weekday)) -> DailyTimes:
    return DailyTimes(times=tuple(time.fromisoformat(text) for text in clock), days=days)


def schedule(does: Does, **more: object) -> Schedule:
    return Schedule(
        id=ScheduleId(UUID(int=1)),
        house_id=HouseId(UUID(int=3)),
        name="test",
        does=does,
        **more,  # type: ignore[arg-type]  # a test names real fields
    )


def all_within(times: Times, after_ms: int, through_ms: int, locality: Locality) -> list[int]:
    found: list[int] = []
    moment = next_after(times, after_ms, locality)
    while moment is not None and moment <= through_ms:
        found.append(moment)
        moment = next_after(times, moment, locality)
    return found


@pytest.mark.parametrize("times", [CronTimes(expression="0 6 * * *"), daily("06:00")])
def test_six_in_the_morning_is_the_farms_own(times: Times) -> None:
    assert next_after(times, ms(2026, 1, 1), KANDAL) == ms(2026, 1, 1, 23)


def test_days_are_kept() -> None:
    times = daily("06:00", days=(Weekday.MONDAY, Weekday.THURSDAY))
    found = all_within(times, ms(2026, 1, 1), ms(2026, 1, 15), KANDAL)
    assert [KANDAL.local(moment).strftime("%a") for moment in found] == ["Mon", "Thu"] * 2


GAP = (ms(2025, 3, 29, 12), ms(2025, 3, 30, 12))
OVERLAP = (ms(2025, 10, 25, 12), ms(2025, 10, 26, 12))


@pytest.mark.parametrize("times", [CronTimes(expression="30 2 * * *"), daily("02:30")])
def test_a_time_in_the_gap_of_a_clock_change_comes_once_right_after_it(times: Times) -> None:
    assert all_within(times, *GAP, BERLIN) == [ms(2025, 3, 30, 1)]


@pytest.mark.parametrize("times", [CronTimes(expression="30 2 * * *"), daily("02:30")])
def test_a_time_that_a_clock_change_repeats_comes_once(times: Times) -> None:
    assert all_within(times, *OVERLAP, BERLIN) == [ms(2025, 10, 26, 0, 30)]


@pytest.mark.parametrize("minute", range(0, 180, 10))
@pytest.mark.parametrize("times", [CronTimes(expression="30 2 * * *"), daily("02:30")])
def test_from_whatever_moment_of_the_repeated_hours_one_looks(times: Times, minute: int) -> None:
    from_ms = ms(2025, 10, 25, 23) + minute * 60_000
    due_ms = ms(2025, 10, 26, 0, 30)
    expected = due_ms if from_ms < due_ms else ms(2025, 10, 27, 1, 30)
    assert next_after(times, from_ms, BERLIN) == expected
    before = due_ms if from_ms >= due_ms else ms(2025, 10, 25, 0, 30)
    assert last_through(times, from_ms, BERLIN) == before


def test_two_times_in_one_gap_become_one_moment() -> None:
    assert all_within(CronTimes(expression="15,45 2 * * *"), *GAP, BERLIN) == [ms(2025, 3, 30, 1)]


def test_half_an_hours_clock_change_is_one_too() -> None:
    day = date(2025, 10, 5)
    assert LORD_HOWE.at(day, time(2, 15)) == ms(2025, 10, 5, 2, 30, zone=LORD_HOWE.zone)


@pytest.mark.parametrize("span", [GAP, OVERLAP])
def test_every_ten_minutes_goes_on_through_a_clock_change(span: tuple[int, int]) -> None:
    found = all_within(CronTimes(expression="*/10 * * * *"), *span, BERLIN)
    assert found == list(range(span[0] + 600_000, span[1] + 1, 600_000))


def test_the_sun_moves_a_schedule() -> None:
    times = SunTimes(event="sunset", offset_s=-1800)
    found = next_after(times, ms(2026, 6, 20), KANDAL)
    assert found is not None
    local = KANDAL.local(found)
    assert (local.hour, local.second % 1) == (17, 0)


def test_a_farm_without_a_place_knows_no_sunset() -> None:
    assert next_after(SunTimes(event="sunset"), ms(2026, 6, 20), BERLIN) is None
    assert last_through(SunTimes(event="sunset"), ms(2026, 6, 20), BERLIN) is None


def test_turns_come_in_a_row_and_end_where_the_next_start_is() -> None:
    # A feeder at 06:00 for 8 minutes, every 4 hours, three times.
    feeder = schedule(
        DurationBased(
            start=daily("06:00"), run_s=480, rest_s=4 * 3600 - 480, repeat=3, devices=DEVICES
        )
    )
    found = list(upcoming(feeder, ms(2026, 1, 1), 5, KANDAL))
    assert [KANDAL.local(moment).strftime("%d %H:%M") for moment in found] == [
        "01 10:00",
        "01 14:00",
        "02 06:00",
        "02 10:00",
        "02 14:00",
    ]


def test_a_schedule_outside_its_dates_or_switched_off_is_not_due() -> None:
    does = TimeBased(start=daily("06:00"), duration_s=60, devices=DEVICES)
    bounded = schedule(does, valid_from=date(2026, 1, 3), valid_until=date(2026, 1, 4))
    days = [KANDAL.day(moment).day for moment in upcoming(bounded, ms(2026, 1, 1), 9, KANDAL)]
    assert days == [3, 4]
    assert next_due(schedule(does, enabled=False), ms(2026, 1, 1), KANDAL) is None


@pytest.mark.parametrize("utc_ms", [-1, 0, 2**52])
def test_a_clock_out_of_its_mind_asks_no_calendar(utc_ms: int) -> None:
    assert next_after(daily("06:00"), utc_ms, KANDAL) is None
    assert last_through(CronTimes(expression="* * * * *"), utc_ms, KANDAL) is None


TIMES = st.sampled_from(
    [
        daily("00:00", "02:00", "02:30", "03:00", "23:59:59"),
        CronTimes(expression="30 1-3 * * *"),
        CronTimes(expression="*/15 * * * *"),
        CronTimes(expression="0 6 * * 1"),
        SunTimes(event="sunrise", offset_s=600),
    ]
)
ZONES = st.sampled_from(["Europe/Berlin", "Asia/Phnom_Penh", "America/New_York", "Asia/Kathmandu"])
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)).map(  # noqa: DTZ001
    lambda moment: round(moment.replace(tzinfo=UTC).timestamp() * 1000)
)


@given(TIMES, ZONES, MOMENTS)
def test_the_moment_before_the_next_one_is_the_last_one(
    times: Times, zone: str, after_ms: int
) -> None:
    locality = Locality(zone=ZoneInfo(zone), place=Place(latitude=40.0, longitude=10.0))
    following = next_after(times, after_ms, locality)
    assert following is not None
    assert following > after_ms
    before = last_through(times, following - 1, locality)
    assert before is not None
    assert before <= after_ms
    assert last_through(times, following, locality) == following
    week_ms = int(timedelta(days=8).total_seconds() * 1000)
    assert following - before <= week_ms
