"""What a device did, summed up from its reports."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokkatot.cloud.telemetry.equipment import (
    MAX_SPELLS,
    NO_REPORTS,
    Reports,
    Spell,
    count,
    draw,
    spells,
)

T = 1_790_000_000_000
MINUTE = 60_000
Said = tuple[int, float | None, bool]


def reports(
    *said: Said, error: dict[int, str] | None = None, target: float | None = None
) -> Reports:
    """Return reports of (minute, level, online)."""
    return Reports(
        t_ms=np.array([T + minute * MINUTE for minute, _, _ in said], np.int64),
        actual=np.array([level for _, level, _ in said], np.float64),
        target=np.array([target] * len(said), np.float64),
        online=np.array([online for _, _, online in said], np.bool_),
        error=tuple((error or {}).get(minute) for minute, _, _ in said),
    )


def edges(*minutes: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return T + np.array(minutes, np.int64) * MINUTE


def test_a_report_holds_until_the_next_one() -> None:
    counts = count(
        reports((0, 0, True), (10, 100, True), (25, 0, True)), edges(0, 20, 40), T + 99 * MINUTE
    )
    assert counts.runtime_s.tolist() == [600, 300]
    assert counts.known_s.tolist() == [1200, 1200]
    assert counts.on_cycles.tolist() == [1, 0]


def test_what_held_as_the_time_began_runs_on_and_is_no_start() -> None:
    counts = count(reports((-50, 100, True), (5, 0, True)), edges(0, 10), T + 99 * MINUTE)
    assert counts.runtime_s.tolist() == [300]
    assert counts.on_cycles.tolist() == [0]


def test_half_a_level_is_half_the_load_and_all_of_the_runtime() -> None:
    counts = count(reports((0, 50, True)), edges(0, 60), T + 99 * MINUTE)
    assert (counts.runtime_s.tolist(), counts.load_s.tolist()) == ([3600], [1800])


def test_nobody_knows_what_a_device_does_that_is_offline_or_has_not_said() -> None:
    counts = count(
        reports((0, 100, True), (10, 100, False), (20, None, True), (30, 100, True)),
        edges(0, 40),
        T + 99 * MINUTE,
    )
    assert counts.runtime_s.tolist() == [1200]
    assert counts.known_s.tolist() == [1200]
    # After a level that it had not said it starts anew; coming back online is no start.
    assert counts.on_cycles.tolist() == [2]


def test_nothing_is_counted_once_the_hub_has_fallen_silent() -> None:
    counts = count(reports((0, 100, True)), edges(0, 30, 60), T + 20 * MINUTE)
    assert counts.runtime_s.tolist() == [1200, 0]


def test_an_error_counts_once_until_it_changes() -> None:
    said = reports(
        *((minute, 0.0, True) for minute in range(6)),
        error={1: "stuck", 2: "stuck", 3: "cold", 5: "stuck"},
    )
    assert count(said, edges(0, 10), T + 99 * MINUTE).errors.tolist() == [3]
    assert spells(said, T) == [
        Spell(start_ms=T + MINUTE, end_ms=T + 3 * MINUTE, error="stuck"),
        Spell(start_ms=T + 3 * MINUTE, end_ms=T + 4 * MINUTE, error="cold"),
        Spell(start_ms=T + 5 * MINUTE, end_ms=None, error="stuck"),
    ]


def test_only_the_newest_errors_are_listed() -> None:
    said = reports(
        *((minute, 0.0, True) for minute in range(4 * MAX_SPELLS)),
        error=dict.fromkeys(range(0, 4 * MAX_SPELLS, 2), "stuck"),
    )
    listed = spells(said, T)
    assert len(listed) == MAX_SPELLS
    assert listed[-1].start_ms == T + (4 * MAX_SPELLS - 2) * MINUTE


def test_of_a_device_that_never_reported_there_is_nothing() -> None:
    counts = count(NO_REPORTS, edges(0, 10, 20), T + 99 * MINUTE)
    assert counts.known_s.tolist() == [0, 0]
    assert counts.on_cycles.tolist() == [0, 0]
    assert draw(NO_REPORTS, T, T + MINUTE, known_until_ms=T, points=5) == ([], False)


def test_few_reports_are_drawn_as_they_are() -> None:
    said = reports((-5, 100, True), (10, None, False), target=80)
    line, summed_up = draw(said, T, T + 60 * MINUTE, known_until_ms=T + 99 * MINUTE, points=10)
    assert line == [(T, 100.0, 80.0, 1.0), (T + 10 * MINUTE, None, 80.0, 0.0)]
    assert not summed_up


def test_many_reports_are_drawn_as_means_over_the_time_that_each_held() -> None:
    said = reports(*((minute, 100.0 * (minute % 4 == 0), True) for minute in range(1000)))
    line, summed_up = draw(said, T, T + 1000 * MINUTE, known_until_ms=T + 1000 * MINUTE, points=10)
    assert summed_up
    assert len(line) <= 10
    # The first and the last stretch are cut short.
    assert [actual for _, actual, _, _ in line[1:-1]] == pytest.approx([25.0] * 8, abs=1)


@st.composite
def _said(drawn: st.DrawFn) -> Reports:
    level = st.one_of(st.none(), st.sampled_from([0.0, 40.0, 100.0]))
    rows = drawn(st.lists(st.tuples(st.integers(-10, 200), level, st.booleans()), max_size=60))
    return reports(*sorted(rows, key=lambda row: row[0]))


@given(said=_said(), cuts=st.sets(st.integers(1, 199), max_size=8), known=st.integers(-20, 220))
def test_stretches_add_up_to_the_whole(said: Reports, cuts: set[int], known: int) -> None:
    until = T + known * MINUTE
    whole = count(said, edges(0, 200), until)
    parts = count(said, edges(0, *sorted(cuts), 200), until)
    for name in ("runtime_s", "load_s", "known_s", "on_cycles", "errors"):
        assert getattr(parts, name).sum() == pytest.approx(getattr(whole, name)[0])
    assert 0 <= whole.load_s[0] <= whole.runtime_s[0] <= whole.known_s[0] + 1e-6


@given(said=_said(), points=st.integers(2, 30))
def test_a_line_has_no_more_points_than_wanted_and_only_levels_that_were_said(
    said: Reports, points: int
) -> None:
    line, _ = draw(said, T, T + 200 * MINUTE, known_until_ms=T + 200 * MINUTE, points=points)
    assert len(line) <= points
    assert [t_ms for t_ms, _, _, _ in line] == sorted(t_ms for t_ms, _, _, _ in line)
    for _, actual, _, online in line:
        assert actual is None or 0 <= actual <= 100 + 1e-6
        assert 0 <= online <= 1 + 1e-6
        assert not math.isnan(online)
