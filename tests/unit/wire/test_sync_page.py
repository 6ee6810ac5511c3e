"""The page about the sync shows the tables as they are."""

from tests.support.draw_sync import PAGE, drawn


def test_the_diagrams_are_drawn_from_the_tables() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert drawn(page) == page, "draw it again: python -m tests.support.draw_sync"
