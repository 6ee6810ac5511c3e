"""What a person is told, by what they wish to hear of and by their clock."""

from datetime import time

import pytest

from tokkatot.cloud.alerts.subscribing import Heard, Wish, heard
from tokkatot.domain.alerts import AlertType, Severity

NOON, NIGHT, DAWN = time(12), time(23, 30), time(5, 59)
SLEEP = Wish(quiet_from=time(22), quiet_until=time(6))
WATER = AlertType.WATER_LOW


def test_who_wishes_nothing_is_told_everything() -> None:
    assert heard([], AlertType.ALARM_TEST, Severity.INFO, NIGHT) is Heard.ALOUD


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (Wish(types=frozenset({WATER})), Heard.ALOUD),
        (Wish(types=frozenset({AlertType.DATA_GAP})), Heard.NOT),
        (Wish(least=Severity.WARNING), Heard.ALOUD),
        (Wish(least=Severity.CRITICAL), Heard.NOT),
    ],
)
def test_a_wish_is_about_types_and_about_how_bad_it_is(wish: Wish, expected: Heard) -> None:
    assert heard([wish], WATER, Severity.WARNING, NOON) is expected


def test_one_wish_of_several_is_enough() -> None:
    wishes = [Wish(least=Severity.CRITICAL), Wish(types=frozenset({WATER}))]
    assert heard(wishes, WATER, Severity.INFO, NOON) is Heard.ALOUD


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        (NOON, Heard.ALOUD),
        (NIGHT, Heard.QUIETLY),
        (DAWN, Heard.QUIETLY),
        (time(6), Heard.ALOUD),
        (time(22), Heard.QUIETLY),
    ],
)
def test_quiet_hours_go_over_midnight(clock: time, expected: Heard) -> None:
    assert heard([SLEEP], WATER, Severity.WARNING, clock) is expected


def test_quiet_hours_within_a_day_are_those_hours() -> None:
    nap = Wish(quiet_from=time(12), quiet_until=time(14))
    assert heard([nap], WATER, Severity.WARNING, time(13)) is Heard.QUIETLY
    assert heard([nap], WATER, Severity.WARNING, NIGHT) is Heard.ALOUD


def test_what_is_urgent_knows_no_quiet_hours() -> None:
    assert heard([SLEEP], WATER, Severity.CRITICAL, NIGHT) is Heard.ALOUD


def test_a_wish_without_quiet_hours_is_heard_beside_one_that_has_them() -> None:
    assert heard([SLEEP, Wish()], WATER, Severity.WARNING, NIGHT) is Heard.ALOUD
