"""A caller may do so much a minute."""

from datetime import UTC, datetime

from tokkatot.kit.clock import ManualClock
from tokkatot.kit.limits import RateLimit


def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 1, tzinfo=UTC))


def test_a_minute_s_worth_passes_at_once_and_no_more() -> None:
    limit = RateLimit(10, clock=clock())
    assert [limit.take("a") for _ in range(11)] == [None] * 10 + [6]


def test_who_waits_as_told_passes() -> None:
    now = clock()
    limit = RateLimit(10, clock=now)
    waits = [limit.take("a") for _ in range(11)]
    assert waits[-1] is not None
    now.advance(waits[-1])
    assert limit.take("a") is None


def test_callers_do_not_hinder_each_other() -> None:
    limit = RateLimit(1, clock=clock())
    assert [limit.take("a"), limit.take("b"), limit.take("a")] == [None, None, 60]


def test_only_so_many_callers_are_remembered() -> None:
    limit = RateLimit(1, clock=clock(), max_callers=2)
    for caller in ("a", "b", "c"):
        limit.take(caller)
    assert limit.take("a") is None
