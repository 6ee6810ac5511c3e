"""The simulation's own reckoning of when schedules are due."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tokkatot.automation.occurrences import Locality, next_due
from tokkatot.domain.schedules import Schedule
from tokkatot.sim.almanac import due_between
from tokkatot.sim.layout import SEASONS, Season, lay_out, schedules_of

DAY_MS = 86_400_000
SCHEDULES = schedules_of(lay_out(1))
TURNS = SCHEDULES[1]


def in_berlin(day: datetime) -> list[str]:
    """Return how the turns of a night's first hours stand on a clock in UTC."""
    midnight_ms = round(day.timestamp() * 1000)
    due = due_between(TURNS, "Europe/Berlin", midnight_ms + 1_200_000, midnight_ms + 8_400_000)
    return [datetime.fromtimestamp(moment / 1000, UTC).strftime("%H:%M") for moment in due]


def test_a_time_that_the_clock_leaves_out_comes_at_the_end_of_the_gap() -> None:
    # 02:30 is not there: it comes at 03:00 by the clock, one hour after midnight in UTC.
    assert in_berlin(datetime(2026, 3, 29, tzinfo=UTC)) == [
        *("00:30", "00:35", "00:40"),
        *("01:00", "01:05", "01:10"),
        *("01:30", "01:35", "01:40"),
    ]


def test_a_time_that_the_clock_shows_twice_comes_the_first_time() -> None:
    assert in_berlin(datetime(2026, 10, 25, tzinfo=UTC)) == [
        *("00:30", "00:35", "00:40"),
    ]


@pytest.mark.parametrize("season", SEASONS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_engine_reckons_the_same_moments(season: Season, schedule: Schedule) -> None:
    after_ms, through_ms = season.start_ms - DAY_MS, season.start_ms + DAY_MS
    locality = Locality(zone=ZoneInfo(season.zone))
    due: list[int] = []
    moment = next_due(schedule, after_ms, locality)
    while moment is not None and moment <= through_ms:
        due.append(moment)
        moment = next_due(schedule, moment, locality)

    assert due_between(schedule, season.zone, after_ms, through_ms) == due
