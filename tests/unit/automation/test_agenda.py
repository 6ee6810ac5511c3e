"""What a hub knows of its schedules while nobody tells it the time."""

from collections import Counter

import pytest
from msgspec.structs import replace

from tests.support.engine import IDS
from tests.support.schedules import (
    DAWN_MS,
    FEEDER,
    HOUR_MS,
    SIX_MS,
    bench_at,
    feeding,
    restart,
    restart_without_clock,
    schedule,
    told,
)
from tokkatot.automation.clocked import MAX_MISSED
from tokkatot.domain.schedules import CronTimes, Missed, TimeBased
from tokkatot.hub.memory import recall, remember


@pytest.mark.parametrize("is_new", [True, False], ids=["new", "changed"])
def test_a_schedule_that_a_hub_kept_as_it_went_off_is_accounted_for_without_a_clock(
    is_new: bool,
) -> None:
    before = bench_at(DAWN_MS, *(() if is_new else (feeding(),)))
    kept = remember(before.state, before.now_s)
    before.hold(replace(feeding(), version=2))
    after = restart(before, 0)
    after.state = recall(kept, 0.0)
    after.wall_ms = None
    after.run(600)
    after.wall_ms = SIX_MS + HOUR_MS
    after.run(60)
    assert told(after) == [(0, "skipped", "missed")]


@pytest.mark.parametrize("missed", Missed)
def test_of_more_missed_runs_than_are_told_the_next_stands_for_the_rest(missed: Missed) -> None:
    each_minute = TimeBased(
        start=CronTimes(expression="* * * * *"), duration_s=30, devices=(IDS[FEEDER],)
    )
    before = bench_at(DAWN_MS, schedule(each_minute, missed=missed))
    after = restart(before, (MAX_MISSED + 50) * 60 - 30)
    after.run(8)
    of_minute = Counter(due_s // 60 for due_s, _, _ in told(after))
    assert of_minute == dict.fromkeys(range(MAX_MISSED + 1), 1)
    assert (MAX_MISSED * 60, "skipped", "missed_more") in told(after)


def test_the_next_stands_for_the_rest_of_a_schedule_that_is_gone_too() -> None:
    each_minute = TimeBased(
        start=CronTimes(expression="* * * * *"), duration_s=30, devices=(IDS[FEEDER],)
    )
    before = bench_at(DAWN_MS, schedule(each_minute))
    after = restart_without_clock(before)
    after.run(5)
    after.hold()
    after.wall_ms = SIX_MS + (MAX_MISSED + 50) * 60_000
    after.run(8)
    assert Counter(reason for _, _, reason in told(after)) == {"missed": 500, "missed_more": 1}
