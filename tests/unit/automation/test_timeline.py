"""Wall time as the hub lives through it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokkatot.automation.instant import Instant
from tokkatot.automation.timeline import MAX_SPANS, Passage, Span, Timeline, pass_time

T = 1_780_000_000_000
HOUR = 3_600_000
YEAR = 365 * 24 * HOUR


def at(second: float, utc_ms: int | None) -> Instant:
    return Instant(monotonic_s=second, utc_ms=utc_ms)


def begun() -> Timeline:
    return pass_time(Timeline(), at(10.0, T))[0]


def test_the_first_moment_is_no_passage() -> None:
    timeline, passage = pass_time(Timeline(), at(10.0, T))
    assert passage == Passage()
    assert timeline.head_ms == T


def test_a_second_goes_by() -> None:
    timeline, passage = pass_time(begun(), at(11.0, T + 1000))
    assert passage == Passage(due=(Span(T, T + 1000),))
    assert timeline.head_ms == T + 1000


def test_without_a_clock_nothing_goes_by() -> None:
    assert pass_time(begun(), at(500.0, None)) == (begun(), Passage())


def test_a_clock_that_is_adjusted_a_little_repeats_and_misses_nothing() -> None:
    timeline, passage = pass_time(begun(), at(11.0, T - 500))
    assert passage == Passage()
    _, passage = pass_time(timeline, at(12.0, T + 500))
    assert passage.due == (Span(T, T + 500),)


def test_a_clock_set_forward_misses_what_lies_between() -> None:
    timeline, passage = pass_time(begun(), at(11.0, T + HOUR))
    assert passage == Passage(due=(Span(T, T + 1000),), missed=(Span(T + 1000, T + HOUR),))
    assert timeline.head_ms == T + HOUR


@pytest.mark.parametrize("years", [-10, 10])
def test_what_went_by_while_a_clock_was_wrong_by_years_was_missed_once(years: int) -> None:
    timeline, passage = pass_time(begun(), at(11.0, T + years * YEAR))
    assert passage == Passage(due=(Span(T, T + 1000),), jumped=True)
    timeline, passage = pass_time(timeline, at(71.0, T + 61_000))
    assert passage.jumped
    assert passage.missed == (Span(T + 1000, T + 61_000),)
    _, passage = pass_time(timeline, at(72.0, T + 62_000))
    assert passage.due == (Span(T + 61_000, T + 62_000),)


def test_an_hour_that_comes_again_is_not_due_again() -> None:
    timeline = begun()
    for second in range(1, 101):
        timeline, _ = pass_time(timeline, at(10.0 + second, T + second * 1000))
    timeline, passage = pass_time(timeline, at(111.0, T + 41_000))
    assert passage.jumped
    seen: list[Span] = []
    for second in range(42, 131):
        timeline, passage = pass_time(timeline, at(70.0 + second, T + second * 1000))
        seen.extend(passage.due)
    assert (seen[0], seen[-1]) == (
        Span(T + 101_000, T + 102_000),
        Span(T + 129_000, T + 130_000),
    )


def test_time_to_come_that_was_lived_already_is_known_until_it_has_come_again() -> None:
    timeline, passage = pass_time(begun(), at(11.0, T + HOUR))
    assert passage.ahead == ()
    timeline, passage = pass_time(timeline, at(12.0, T + 2000))
    assert passage.ahead == (Span(T + 2000, T + HOUR + 1000),)
    _, passage = pass_time(timeline, at(3610.0, T + HOUR))
    assert passage.ahead == (Span(T + HOUR, T + HOUR + 1000),)
    _, passage = pass_time(timeline, at(3612.0, T + HOUR + 2000))
    assert passage.ahead == ()


def test_what_went_by_while_the_hub_was_off_was_missed() -> None:
    recalled = Timeline(lived=(Span(T - HOUR, T),))
    timeline, passage = pass_time(recalled, at(3.0, T + HOUR))
    assert passage == Passage(missed=(Span(T, T + HOUR),))
    assert timeline.lived == (Span(T - HOUR, T + HOUR),)


@pytest.mark.parametrize("years", [-10, 10])
def test_a_start_with_a_clock_that_is_wrong_by_years_hides_nothing(years: int) -> None:
    recalled = Timeline(lived=(Span(T - HOUR, T),))
    timeline, passage = pass_time(recalled, at(3.0, T + HOUR + years * YEAR))
    assert passage == Passage(jumped=True)
    timeline, passage = pass_time(timeline, at(4.0, T + HOUR + 1000))
    assert passage.missed == (Span(T, T + HOUR + 1000),)
    recalled = Timeline(lived=timeline.lived)
    _, passage = pass_time(recalled, at(3.0, T + HOUR + 1000 + 2 * years * YEAR))
    assert passage == Passage(jumped=True)


@pytest.mark.parametrize("off_ms", [-HOUR, 8 * 24 * HOUR])
def test_a_clock_that_nobody_believes_after_a_start_misses_nothing(off_ms: int) -> None:
    recalled = Timeline(lived=(Span(T - HOUR, T),))
    timeline, passage = pass_time(recalled, at(3.0, T + off_ms))
    assert (passage.jumped, passage.due, passage.missed) == (True, (), ())
    assert timeline.head_ms == T + off_ms


def test_what_was_lived_is_remembered_however_often_a_clock_is_wrong_by_years() -> None:
    timeline = pass_time(begun(), at(70.0, T + 60_000))[0]
    missed: list[Span] = []
    for second in range(100, 2100, 100):
        timeline, _ = pass_time(timeline, at(second, T + 10 * YEAR + second * 1000))
        timeline, passage = pass_time(timeline, at(second + 50, T + (second + 40) * 1000))
        missed.extend(passage.missed)
    assert missed[0] == Span(T + 90_000, T + 140_000)
    assert all(two.after_ms - one.through_ms == 50_000 for one, two in pairwise(missed))
    assert len(missed) == 20
    assert len(timeline.lived) <= 4, "what touches is one stretch"


def test_of_many_wrong_clocks_the_one_that_was_right_for_long_is_not_forgotten() -> None:
    timeline = pass_time(begun(), at(70.0, T + 60_000))[0]
    for years in range(1, 20):
        second = 70.0 + years
        timeline, _ = pass_time(timeline, at(second, T + 10 * years * YEAR))
    timeline, passage = pass_time(timeline, at(100.0, T + 90_000))
    assert passage.missed == (Span(T + 61_000, T + 90_000),)
    assert len(timeline.lived) <= MAX_SPANS


@given(
    st.lists(
        st.tuples(
            st.floats(0.001, 400.0),
            st.sampled_from([0, 0, 0, 100, -100, 5_000, -5_000, HOUR, -HOUR, YEAR, -YEAR]),
        ),
        max_size=40,
    )
)
def test_no_moment_is_ever_due_twice_while_few_enough_jumps_are_remembered(
    moves: list[tuple[float, int]],
) -> None:
    timeline, second, wall = Timeline(), 0.0, float(T)
    due: list[Span] = []
    jumps = 0
    for after_s, jump in moves:
        second += after_s
        wall += after_s * 1000 + jump
        jumps += jump != 0
        timeline, passage = pass_time(timeline, at(second, round(wall)))
        if jumps < 7:
            due.extend(passage.due)
    due.sort()
    assert all(one.through_ms <= two.after_ms for one, two in pairwise(due))
