"""The installer's page tells what the code does."""

from tests.support.draw_safety import PAGE, drawn


def test_the_tables_of_the_safety_page_are_those_of_the_code() -> None:
    assert drawn(PAGE.read_text()) == PAGE.read_text()
