"""Where the next page of raw readings starts."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

import numpy as np
import pytest

from tokkatot.cloud.telemetry.blocks import Columns
from tokkatot.cloud.telemetry.history import (
    RawAfter,
    RawReading,
    SeriesKey,
    after_page,
    read_raw,
)
from tokkatot.cloud.telemetry.store import DAY_MS, Readings, Span
from tokkatot.kit.clock import from_ms

T = 1_790_000_000_123
KEY = SeriesKey(id=1, device_id=UUID(int=1), quantity="temperature")


class Sparse:
    """One series with one reading at noon of every other day."""

    def __init__(self, count: int) -> None:
        self.t_ms = (np.arange(count) * 2 + 1000) * DAY_MS + DAY_MS // 2

    async def read(self, series: Sequence[int], span: Span) -> dict[int, Columns]:
        count = len(self.t_ms)
        every = Columns(
            t_ms=self.t_ms, value=np.zeros(count), quality=np.zeros(count, dtype=np.uint8)
        )
        return {series_id: every.within(span.start_ms, span.end_ms) for series_id in series}

    async def next_day(self, series: Sequence[int], from_ms: int) -> int | None:
        assert series == [KEY.id]
        days = self.t_ms // DAY_MS
        later = days[days >= from_ms // DAY_MS]
        return int(later[0]) if len(later) else None


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


async def test_pages_hold_every_reading_however_many_days_they_are_of() -> None:
    sparse = Sparse(1200)
    readings = cast("Readings", sparse)  # all of it that a list needs
    span = Span(start=from_ms(0), end=from_ms(10_000 * DAY_MS))
    listed: list[int] = []
    after: RawAfter | None = None
    while rows := await read_raw(readings, [KEY], span, after=after, limit=501):
        page = rows[:500]
        listed += [row.t_ms for row in page]
        if len(rows) <= len(page):
            break
        after = after_page(page, after)
    assert listed == sparse.t_ms.tolist()
