"""Whether the machine's clock is kept right, as its kernel sees it."""

import pytest

from tokkatot.cli.kernel_clock import is_clock_synchronised, says_synchronised

TIME_OK, TIME_WAIT, TIME_ERROR, FORBIDDEN = 0, 4, 5, -1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(TIME_OK, True), (TIME_WAIT, True), (TIME_ERROR, False), (FORBIDDEN, False)],
)
def test_only_a_kernel_that_says_so_makes_the_clock_right(answer: int, *, expected: bool) -> None:
    assert says_synchronised(lambda _: answer) is expected


def test_where_there_is_nobody_to_ask_the_clock_is_not_called_right() -> None:
    assert says_synchronised(None) is False


def test_this_machine_can_be_asked_and_asking_changes_nothing() -> None:
    assert is_clock_synchronised() == is_clock_synchronised()
