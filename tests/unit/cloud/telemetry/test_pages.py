"""Where the next page of raw readings starts."""

import pytest

from tokkatot.cloud.telemetry.history import RawAfter, RawReading, after_page

T = 1_790_000_000_123


def reading(series_id: int, t_ms: int) -> RawReading:
    return RawReading(series_id=series_id, t_ms=t_ms, value=1.0, quality=0)


def test_a_page_ends_at_its_last_time_and_counts_the_rows_that_share_it() -> None:
    page = [reading(1, T - 1000), reading(1, T), reading(2, T), reading(2, T)]
    assert after_page(page, None) == RawAfter(t_ms=T, series_id=2, seen=2)


def test_rows_that_share_a_time_over_two_pages_are_counted_together() -> None:
    before = RawAfter(t_ms=T, series_id=2, seen=2)
    assert after_page([reading(2, T)], before).seen == 3


def test_a_place_survives_being_written_and_read() -> None:
    place = RawAfter(t_ms=T, series_id=2, seen=3)
    assert RawAfter.parse(str(place)) == place


@pytest.mark.parametrize("word", ["", "1.2", "a.b.c", "1.-2.3", "1.2.9999999999999"])
def test_a_word_that_is_no_place_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r"place|invalid literal|unpack"):
        RawAfter.parse(word)
