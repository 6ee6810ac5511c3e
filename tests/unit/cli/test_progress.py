"""How far something is, as a person at a terminal sees it."""

import sys
from datetime import UTC, datetime

import pytest

from tokkatot.cli.progress import Progress, counted
from tokkatot.kit.clock import ManualClock

CLOCK = ManualClock(datetime(2026, 11, 22, tzinfo=UTC))


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch) -> Progress:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    return counted("searched", CLOCK)


def test_a_few_long_rounds_are_each_told(
    tell: Progress, capsys: pytest.CaptureFixture[str]
) -> None:
    for done in range(1, 4):
        CLOCK.advance(20.0)
        tell(done, 3)
    told = capsys.readouterr().err
    assert told == "\rsearched 1 of 3\rsearched 2 of 3\rsearched 3 of 3\n"


def test_many_short_ones_are_told_once_a_second_and_at_the_end(
    tell: Progress, capsys: pytest.CaptureFixture[str]
) -> None:
    for done in range(1, 101):
        CLOCK.advance(0.05)
        tell(done, 100)
    told = capsys.readouterr().err
    assert told.endswith("\rsearched 100 of 100\n")
    assert 4 <= told.count("searched") <= 7


def test_what_stops_early_leaves_its_line(
    tell: Progress, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(1, 3)
    tell.stop()
    tell.stop()
    assert capsys.readouterr().err == "\rsearched 1 of 3\n"


def test_nobody_is_told_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    tell = counted("searched", CLOCK)
    tell(3, 3)
    tell.stop()
    assert not capsys.readouterr().err
