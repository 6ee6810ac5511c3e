"""Rows into packed readings, or refused with their reason."""

import pytest

from tokkatot.cloud.telemetry.catalogue import Catalogue, SeriesRef
from tokkatot.cloud.telemetry.intake import EARLIEST_MS, check, storable
from tokkatot.cloud.telemetry.partitions import day_of, partition_name
from tokkatot.cloud.telemetry.store import Arrivals
from tokkatot.domain.quantities import Refusal
from tokkatot.wire.messages import ReadingRow

NOW_MS = 1_790_000_000_000
KNOWN = Catalogue(
    version=1,
    series={("d", "temperature"): SeriesRef(id=7, minimum=-40, maximum=85)},
    unknown={("d", "mood"): Refusal.UNKNOWN_QUANTITY},
)


def row(value: float = 20.0, t_ms: int = NOW_MS, quantity: str = "temperature") -> ReadingRow:
    return ReadingRow(1, "r", "d", quantity, t_ms, value, 0)


def test_good_rows_are_gathered_by_series_in_their_order() -> None:
    checked = check([row(21.5), row(20.5, NOW_MS - 5)], KNOWN, latest_ms=NOW_MS)
    assert checked.arrivals == {7: Arrivals([NOW_MS, NOW_MS - 5], [21.5, 20.5], [0, 0])}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(85.1), Refusal.OUT_OF_RANGE),
        (row(float("nan")), Refusal.OUT_OF_RANGE),
        (row(float("inf")), Refusal.OUT_OF_RANGE),
        (row(t_ms=NOW_MS + 1), Refusal.BAD_TIME),
        (row(t_ms=EARLIEST_MS - 1), Refusal.BAD_TIME),
        (row(t_ms=-(2**62)), Refusal.BAD_TIME),
        (row(quantity="mood"), Refusal.UNKNOWN_QUANTITY),
        (row(quantity="vpd"), Refusal.UNKNOWN_DEVICE),
    ],
)
def test_a_row_that_is_no_reading_is_refused_and_the_rest_kept(
    bad: ReadingRow, reason: Refusal
) -> None:
    checked = check([row(), bad, row()], KNOWN, latest_ms=NOW_MS)
    assert [value.reason for value in checked.refused] == [reason]
    assert len(checked.arrivals[7]) == 2


def test_the_newest_reading_of_a_series_is_the_latest_in_time_not_in_order() -> None:
    checked = check([row(1.0), row(2.0, NOW_MS - 5), row(3.0)], KNOWN, latest_ms=NOW_MS)
    assert checked.arrivals[7].latest() == (NOW_MS, 3.0, 0)


def test_a_day_is_counted_in_utc() -> None:
    assert partition_name(day_of(1_577_836_800_000)) == "open_readings_20200101"
    assert partition_name(day_of(1_577_836_799_999)) == "open_readings_20191231"


def test_text_is_cut_and_cleaned_for_the_database() -> None:
    assert storable("a\x00b" * 100, limit=4) == "a\N{REPLACEMENT CHARACTER}ba"
