"""A cursor leads to the next page and nowhere else."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokkatot.cloud.platform.paging import PageRequest, decode_cursor, encode_cursor, page_of
from tokkatot.cloud.platform.problems import Invalid


@given(st.lists(st.text(max_size=30) | st.integers(-(2**60), 2**60), max_size=4))
def test_a_cursor_holds_its_key(parts: list[str | int]) -> None:
    assert decode_cursor(encode_cursor(parts)) == tuple(parts)


@given(st.text(max_size=80))
def test_any_other_word_is_refused_or_a_key(word: str) -> None:
    try:
        parts = decode_cursor(word)
    except Invalid:
        return
    assert all(isinstance(part, (str, int)) for part in parts)


def test_the_cursor_of_another_list_is_refused() -> None:
    request = PageRequest(limit=10, after=("2026-01-01", "x"))
    with pytest.raises(Invalid):
        request.after_of(UUID)


def test_the_last_page_has_no_cursor() -> None:
    request = PageRequest(limit=2, after=None)
    assert page_of([1, 2], request, lambda row: [row]) == ([1, 2], None)


def test_a_full_page_leads_on_from_its_last_row() -> None:
    request = PageRequest(limit=2, after=None)
    rows, cursor = page_of([1, 2, 3], request, lambda row: [row])
    assert rows == [1, 2]
    assert cursor is not None
    assert decode_cursor(cursor) == (2,)
