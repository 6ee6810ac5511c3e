"""Set-points that an autopilot lends: bounded, for twenty minutes, and below every interlock."""

from math import inf, nan

import pytest

from tests.support.engine import HOUSE, Bench
from tokkatot.automation.inputs import Loan
from tokkatot.automation.lending import lend, turned
from tokkatot.automation.state import Lent
from tokkatot.domain.autopilot import LARGEST_SHIFT_K, LENT_FOR_S
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind, SetPoints

FAN, HEATER = DeviceRole.FAN, DeviceRole.HEATER
POINTS = DEFAULT_SETPOINTS[HouseKind.COOP]


def borrowing(
    celsius: float, shift_k: float, *, fan_share: float = 1.0, made: Bench | None = None
) -> Bench:
    """Return a coop at a temperature to which somebody has just lent."""
    made = made or Bench()
    made.temperature_c = celsius
    made.run(400, every_s=10)
    made.step(loans=(Loan(house_id=HOUSE, shift_k=shift_k, fan_share=fan_share),))
    made.run(400, every_s=10)
    return made


def test_a_house_is_heated_to_what_was_lent() -> None:
    assert borrowing(23.5, 0.0).level(HEATER) == OFF
    assert borrowing(23.5, 2.0).level(HEATER) == ON


def test_a_house_is_aired_from_what_was_lent() -> None:
    assert borrowing(29.0, 0.0).decision(FAN).winner.reason == "rest"
    assert borrowing(29.0, -2.0).decision(FAN).winner.reason == "temperature_high"


def test_what_nobody_renews_lapses_after_twenty_minutes() -> None:
    made = borrowing(23.5, 2.0)
    made.run(LENT_FOR_S - 410, every_s=10)
    assert made.level(HEATER) == ON
    made.run(400, every_s=10)
    assert made.state.lent == {}
    assert made.level(HEATER) == OFF


def test_a_loan_that_is_renewed_lasts() -> None:
    made = borrowing(23.5, 2.0)
    for _ in range(6):
        made.run(300, every_s=10)
        made.step(loans=(Loan(house_id=HOUSE, shift_k=2.0),))
    assert made.level(HEATER) == ON


def test_a_loan_of_nothing_gives_the_house_back_at_once() -> None:
    made = borrowing(23.5, 2.0)
    made.step(loans=(Loan(house_id=HOUSE, shift_k=0.0),))
    assert made.state.lent == {}


@pytest.mark.parametrize("shift_k", [nan, inf, -inf])
def test_what_is_no_number_is_no_loan(shift_k: float) -> None:
    before = {HOUSE: Lent(shift_k=1.0, until_s=100.0)}
    assert lend(before, [Loan(house_id=HOUSE, shift_k=shift_k)], 5.0) == {}


@pytest.mark.parametrize(("asked", "given"), [(40.0, LARGEST_SHIFT_K), (-40.0, -LARGEST_SHIFT_K)])
def test_nobody_lends_more_than_three_kelvins(asked: float, given: float) -> None:
    lent = lend({}, [Loan(house_id=HOUSE, shift_k=asked)], 5.0)
    assert lent == {HOUSE: Lent(shift_k=given, until_s=5.0 + LENT_FOR_S)}


def test_the_hard_limit_stays_and_ends_what_is_lent() -> None:
    held = turned(POINTS, Lent(shift_k=3.0, until_s=0.0))
    assert held.temperature_hard_max_c == POINTS.temperature_hard_max_c
    narrow = SetPoints(temperature_min_c=20, temperature_max_c=30, temperature_hard_max_c=32)
    assert turned(narrow, Lent(shift_k=3.0, until_s=0.0)) == narrow


def test_over_the_hard_limit_all_fans_run_whatever_is_lent() -> None:
    made = borrowing(36.0, 3.0)
    assert made.level(FAN) == ON
    assert made.level(HEATER) == OFF
