"""Many readings as few points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tokkatot.cloud.telemetry.blocks import Columns
from tokkatot.cloud.telemetry.drawing import (
    Shape,
    bucket_ms,
    draw_readings,
    draw_summary,
    exactly,
    gaps,
    lttb,
    whole_ms,
)
from tokkatot.cloud.telemetry.summary import NOTHING, joined, summarise, widen

T = 1_790_000_000_000 - 1_790_000_000_000 % 3_600_000
HOUR = 3_600_000


def columns(
    value: list[float], *, step_ms: int = 1000, quality: list[int] | None = None
) -> Columns:
    count = len(value)
    return Columns(
        t_ms=T + np.arange(count, dtype=np.int64) * step_ms,
        value=np.array(value, np.float64),
        quality=np.array(quality or [0] * count, np.uint8),
    )


def test_a_bucket_tells_what_its_readings_were() -> None:
    summary = summarise(columns([1, 5, 3, 10], quality=[0, 2, 1, 0]), 3000)
    assert summary.t_ms.tolist() == [T, T + 3000]
    assert summary.mean_ms.tolist() == [T + 1000, T + 3000]
    assert summary.count.tolist() == [3, 1]
    assert summary.mean().tolist() == [3, 10]
    assert (summary.lowest.tolist(), summary.highest.tolist()) == ([1, 10], [5, 10])
    assert summary.last.tolist() == [3, 10]
    assert summary.quality.tolist() == [2, 0]


@given(
    st.lists(st.tuples(st.integers(0, 10 * HOUR), st.floats(-100, 100)), min_size=1, max_size=80)
)
def test_wide_buckets_are_the_same_from_readings_and_from_narrow_ones(
    readings: list[tuple[int, float]],
) -> None:
    readings.sort()
    block = Columns(
        t_ms=np.array([T + t for t, _ in readings], np.int64),
        value=np.array([value for _, value in readings]),
        quality=np.zeros(len(readings), np.uint8),
    )
    direct, stepped = summarise(block, 4 * HOUR), widen(summarise(block, HOUR), 4 * HOUR)
    assert direct.t_ms.tolist() == stepped.t_ms.tolist()
    assert direct.count.tolist() == stepped.count.tolist()
    assert direct.total == pytest.approx(stepped.total)
    for name in ("lowest", "highest", "last", "quality"):
        assert getattr(direct, name).tolist() == getattr(stepped, name).tolist()


def test_buckets_of_two_sources_become_one() -> None:
    early, late = summarise(columns([1, 2]), HOUR), summarise(columns([3]), HOUR)
    both = widen(joined([early, NOTHING, late]), HOUR)
    assert both.count.tolist() == [3]
    assert both.total.tolist() == [6]


def test_nothing_sums_up_to_nothing() -> None:
    assert len(summarise(columns([]), HOUR)) == 0
    assert len(joined([])) == 0


@given(
    length_ms=st.integers(1, 400 * 86_400_000),
    points=st.integers(1, 5000),
    start_ms=st.integers(0, 10**12),
)
def test_no_more_buckets_than_points_touch_a_time(
    length_ms: int, points: int, start_ms: int
) -> None:
    width_ms = bucket_ms(length_ms, points)
    touched = (start_ms + length_ms - 1) // width_ms - start_ms // width_ms + 1
    assert touched <= points


@pytest.mark.parametrize("shape", list(Shape))
@pytest.mark.parametrize("points", [3, 10, 99])
def test_a_chart_has_no_more_points_than_asked_for(shape: Shape, points: int) -> None:
    block = columns([float(n % 17) for n in range(1000)])
    drawn = draw_readings(block, 1_000_000, points=points, shape=shape)
    assert 2 <= len(drawn) <= points
    assert [t_ms for t_ms, _, _ in drawn] == sorted(t_ms for t_ms, _, _ in drawn)


def test_a_spike_is_seen_in_extremes_and_triangles_with_its_own_time() -> None:
    calm = [20.0] * 1000
    calm[503] = 45.0
    for shape in (Shape.EXTREMES, Shape.LTTB):
        drawn = draw_readings(columns(calm), 1_000_000, points=20, shape=shape)
        assert (T + 503_000, 45.0, 0) in drawn, shape


def test_the_worst_quality_of_a_bucket_stands_at_its_extremes() -> None:
    block = columns([1, 2, 3, 4], quality=[0, 0, 3, 0])
    drawn = draw_readings(block, 4000, points=4, shape=Shape.EXTREMES)
    assert {quality for _, _, quality in drawn} == {3}


def test_every_reading_is_a_point_where_they_are_few() -> None:
    assert exactly(columns([1.5, 2.5])) == [(T, 1.5, 0), (T + 1000, 2.5, 0)]


@pytest.mark.parametrize("shape", list(Shape))
def test_roll_ups_are_drawn_in_whole_ones(shape: Shape) -> None:
    hours = summarise(columns([float(n) for n in range(480)], step_ms=1_800_000), HOUR)
    wide_ms = whole_ms(240 * HOUR, width_s=3600, points=24, shape=shape)
    drawn = draw_summary(widen(hours, wide_ms), points=24, shape=shape)
    assert wide_ms % HOUR == 0
    assert 2 <= len(drawn) <= 24
    values = [value for _, value, _ in drawn]
    assert values == sorted(values)


def test_the_extremes_of_roll_ups_are_those_of_their_readings() -> None:
    hours = summarise(columns([1.0, 9.0, 2.0, 8.0], step_ms=1_800_000), HOUR)
    wide_ms = whole_ms(2 * HOUR, width_s=3600, points=2, shape=Shape.EXTREMES)
    drawn = draw_summary(widen(hours, wide_ms), points=2, shape=Shape.EXTREMES)
    assert [value for _, value, _ in drawn] == [1.0, 9.0]


def test_triangles_keep_the_first_and_the_last_reading() -> None:
    t_ms = np.arange(100, dtype=np.int64) * 1000
    chosen = lttb(t_ms, np.sin(t_ms / 9000), 12)
    assert (chosen[0], chosen[-1], len(chosen)) == (0, 99, 12)
    assert (np.diff(chosen) > 0).all()


def at(*minutes: float) -> NDArray[np.int64]:
    return np.array([T + round(minute * 60_000) for minute in minutes], np.int64)


def test_a_hole_in_a_steady_line_is_a_gap() -> None:
    t_ms = at(*range(30), *range(45, 60))
    assert gaps(t_ms, t_ms) == [(T + 29 * 60_000, T + 45 * 60_000)]


def test_the_pauses_of_a_slow_sensor_and_a_moment_of_silence_are_no_gaps() -> None:
    slow, moment = at(*range(0, 600, 30)), at(*range(20), *range(25, 40))
    assert gaps(slow, slow) == gaps(moment, moment) == []
    assert gaps(at(), at()) == gaps(at(1), at(1)) == []


def test_what_is_narrower_than_a_point_stands_for_is_no_gap() -> None:
    t_ms = at(*range(30), *range(45, 60))
    assert gaps(t_ms, t_ms, least_ms=17 * 60_000) == []


def test_an_hour_without_a_bucket_is_a_gap_from_edge_to_edge() -> None:
    begins = T + np.array([0, 1, 2, 4, 5], np.int64) * HOUR
    assert gaps(begins, begins + HOUR) == [(T + 3 * HOUR, T + 4 * HOUR)]


@given(
    steps=st.lists(st.integers(1, 10 * HOUR), min_size=1, max_size=60),
    least_ms=st.integers(0, HOUR),
)
def test_gaps_lie_apart_and_hold_no_reading(steps: list[int], least_ms: int) -> None:
    t_ms = T + np.cumsum(np.array(steps, np.int64))
    found = gaps(t_ms, t_ms, least_ms=least_ms)
    for start, end in found:
        assert end - start >= least_ms
        assert not ((t_ms > start) & (t_ms < end)).any()
    assert found == sorted(found)
