"""What the cloud takes of a batch."""

from dataclasses import replace
from itertools import pairwise

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from tokkatot.wire.cursor import (
    MAX_RAW_CHARS,
    Cursor,
    Receipt,
    Verdict,
    ack,
    open_cursor,
    receive,
)
from tokkatot.wire.messages import (
    Ack,
    EventRow,
    GapRow,
    ReadingRow,
    ReadingsUp,
    Row,
    StreamPosition,
    Up,
    decode_up,
    encode,
)
from tokkatot.wire.streams import NOT_KEPT


def reading(seq: int) -> ReadingRow:
    return ReadingRow(seq, "r", "device", "temperature", 1_000 + seq, 20.5, 0)


def event(seq: int) -> EventRow:
    return EventRow(seq, "e", 1_000 + seq, "test", {})


def sent(first: int, rows: list[Row | bytes], stream: str = "readings") -> Up | ReadingsUp:
    """Return a batch as the cloud decodes it; bytes stand for a row that is no row."""
    raws = [msgspec.Raw(row if isinstance(row, bytes) else encode(row)) for row in rows]
    body = {"v": 1, "session": "s", "stream": stream, "epoch": "e", "from": first, "rows": raws}
    return decode_up(msgspec.json.encode(body))


def taken(receipt: Receipt) -> list[int]:
    rows = [*receipt.readings, *receipt.rows, *receipt.refused, *receipt.own_gaps]
    return sorted(row.seq for row in rows)


@pytest.mark.parametrize(
    ("stored", "first", "count", "verdict", "rows", "through"),
    [
        (0, 1, 3, Verdict.STORE, [1, 2, 3], 3),
        (3, 4, 3, Verdict.STORE, [4, 5, 6], 6),
        (4, 4, 3, Verdict.STORE, [5, 6], 6),
        (6, 4, 3, Verdict.ACK_AGAIN, [], 6),
        (9, 4, 3, Verdict.ACK_AGAIN, [], 9),
        (2, 4, 3, Verdict.ASK_FOR_EARLIER, [], 2),
    ],
)
@pytest.mark.parametrize("make", [reading, event], ids=["readings", "other rows"])
def test_each_row_is_taken_once_and_the_answer_is_what_is_stored(
    stored: int, first: int, count: int, verdict: Verdict, rows: list[int], through: int, make: type
) -> None:
    batch = sent(first, [make(seq) for seq in range(first, first + count)])

    receipt = receive(Cursor(epoch="e", seq=stored), batch)

    assert (receipt.verdict, taken(receipt)) == (verdict, rows)
    assert ack(receipt, batch) == Ack(
        session="s", stream="readings", epoch="e", acked_through=through
    )


def test_a_batch_of_good_readings_is_decoded_whole() -> None:
    assert isinstance(sent(1, [reading(1), reading(2)]), ReadingsUp)
    assert isinstance(sent(1, [reading(1), event(2)]), Up)
    assert isinstance(sent(1, [event(1)], "events"), Up)


@pytest.mark.parametrize(
    "bad",
    [
        b'[2,"r","device","temperature",1,"hot",0]',
        b'[2,"r","device","temperature",1,1e999,0]',
        b'[2,"r"]',
        b'[2,"?",1]',
        b"{}",
        b"null",
        b'"' + b"x" * 5_000 + b'"',
        encode(reading(7)),
        encode(GapRow(9, "g", 1, 3, 9, NOT_KEPT)),
        encode(GapRow(9, "g", 1, 1, 8, NOT_KEPT)),
    ],
)
def test_a_bad_row_is_kept_aside_and_spoils_no_other(bad: bytes) -> None:
    batch = sent(1, [reading(1), bad, reading(3), event(4)])

    receipt = receive(Cursor(epoch="e"), batch)

    assert [row.seq for row in receipt.readings] == [1, 3]
    assert [row.seq for row in receipt.rows] == [4]
    (refused,) = receipt.refused
    assert refused.seq == 2
    assert refused.raw == bad.decode()[:MAX_RAW_CHARS]
    assert ack(receipt, batch).quarantined == 1
    assert receipt.cursor.seq == 4


def test_numbers_that_are_not_consecutive_are_kept_aside_on_the_fast_way_too() -> None:
    receipt = receive(Cursor(epoch="e"), sent(1, [reading(1), reading(1), reading(3)]))

    assert [row.seq for row in receipt.readings] == [1, 3]
    assert [row.seq for row in receipt.refused] == [2]


def test_a_gap_row_stands_for_rows_that_will_never_come() -> None:
    gap = GapRow(900, "g", 1, 4, 900, NOT_KEPT)

    receipt = receive(Cursor(epoch="e", seq=3), sent(4, [gap, reading(901)]))

    assert list(receipt.own_gaps) == [gap]
    assert [row.seq for row in receipt.readings] == [901]
    assert receipt.cursor.seq == 901


def test_a_gap_that_is_declared_in_the_events_is_a_row_like_others() -> None:
    gap = GapRow(4, "g", 1, 4, 4, "disk_full")

    receipt = receive(Cursor(epoch="e", seq=3), sent(4, [gap], "events"))

    assert (list(receipt.rows), list(receipt.own_gaps)) == ([gap], [])


def test_what_was_recorded_before_a_change_of_epochs_is_joined() -> None:
    position = StreamPosition(epoch="e", next=51)

    first = open_cursor(None, position, newest_epoch=None)
    later = open_cursor(None, position, newest_epoch="another")
    known = Cursor(epoch="e", seq=20, join_through=7)

    assert first == Cursor(epoch="e")
    assert later == Cursor(epoch="e", join_through=50)
    assert open_cursor(known, position, newest_epoch="e") is known
    assert open_cursor(known, position, newest_epoch="another") == replace(known, join_through=50)
    assert receive(later, sent(1, [reading(1)])).join
    assert not receive(Cursor(epoch="e", seq=50, join_through=50), sent(51, [reading(51)])).join


@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.integers(1, 8), st.booleans()), min_size=1, max_size=40
    )
)
def test_whatever_comes_in_whatever_order_each_number_is_taken_once_and_in_order(
    batches: list[tuple[int, int, bool]],
) -> None:
    cursor = Cursor(epoch="e")
    numbers: list[int] = []
    for first, count, typed in batches:
        make = reading if typed else event
        receipt = receive(cursor, sent(first, [make(seq) for seq in range(first, first + count)]))
        numbers += taken(receipt)
        cursor = receipt.cursor

    assert all(after == before + 1 for before, after in pairwise([0, *numbers]))
    assert cursor.seq == (numbers[-1] if numbers else 0)
