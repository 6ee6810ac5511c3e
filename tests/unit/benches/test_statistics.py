"""One number from many."""

import pytest

from benches.support.statistics import p95, p99, spread


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 201)]

    assert (p95(values), p99(values)) == (190.0, 198.0)


def test_the_order_of_the_values_does_not_matter() -> None:
    assert p99([3.0, 1.0, 2.0] * 50) == p99(sorted([3.0, 1.0, 2.0] * 50))


def test_of_a_few_values_the_largest_stands_for_the_99th_percentile() -> None:
    assert p99([1.0, 7.0, 2.0]) == 7.0


def test_a_95th_percentile_of_a_few_is_not_told_at_all() -> None:
    with pytest.raises(AssertionError, match="maximum by another name"):
        p95([1.0] * 19)


def test_a_person_is_told_how_the_values_lie() -> None:
    assert spread([1.0, 2.0, 9.0], "ms") == "median 2.00 ms, p99 9.00, most 9.00, of 3"
