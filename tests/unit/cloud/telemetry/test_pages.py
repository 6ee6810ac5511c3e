"""Where the next page of raw readings starts."""

from datetime import UTC, datetime, timedelta

import pytest

from tokkatot.cloud.telemetry.history import RawAfter, RawReading, after_page, from_us, to_us

T = datetime(2026, 3, 1, 6, 0, 0, 123_456, tzinfo=UTC)


def reading(series_id: int, t: datetime) -> RawReading:
    return RawReading(series_id=series_id, t=t, value=1.0, quality=0)


def test_a_page_ends_at_its_last_time_and_counts_the_rows_that_share_it() -> None:
    page = [reading(1, T - timedelta(seconds=1)), reading(1, T), reading(2, T), reading(2, T)]
    assert after_page(page, None) == RawAfter(t_us=to_us(T), series_id=2, seen=2)


def test_rows_that_share_a_time_over_two_pages_are_counted_together() -> None:
    before = RawAfter(t_us=to_us(T), series_id=2, seen=2)
    assert after_page([reading(2, T)], before).seen == 3


def test_a_place_survives_being_written_and_read() -> None:
    place = RawAfter(t_us=to_us(T), series_id=2, seen=3)
    assert RawAfter.parse(str(place)) == place
    assert from_us(place.t_us) == T


@pytest.mark.parametrize("word", ["", "1.2", "a.b.c", "1.-2.3", "1.2.9999999999999"])
def test_a_word_that_is_no_place_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=r"place|invalid literal|unpack"):
        RawAfter.parse(word)
