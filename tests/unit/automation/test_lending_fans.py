"""Fans that an autopilot lets rest between the limits of a coop, and who has them back at once."""

from dataclasses import replace
from math import nan
from uuid import UUID

import pytest
from msgspec import structs

from tests.support.engine import HOUSE, Bench
from tests.support.fans import FANS, HARD_C, MAXIMUM_C, MIDDLE_C, Coop
from tokkatot.automation.inputs import Contact, Loan, Order, Report
from tokkatot.automation.lending import TURN_S, count_running, lend, spared
from tokkatot.automation.plan import plan_of
from tokkatot.automation.state import Climate, Lent
from tokkatot.domain.autopilot import LEAST_FAN_SHARE, LENT_FOR_S
from tokkatot.domain.devices import OFF, ON, DeviceRole
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import CommandId, RuleId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Comparison, Condition, Stage, Staged, Threshold


@pytest.fixture
def coop() -> Coop:
    made = Coop()
    made.at(MIDDLE_C)
    assert made.turning == (True,) * 4
    return made


def test_between_the_limits_a_part_of_the_fans_runs(coop: Coop) -> None:
    coop.lend(0.25)
    coop.at(MIDDLE_C)
    assert sum(coop.turning) == 1
    resting = [fan for fan, turns in zip(FANS, coop.turning, strict=True) if not turns]
    assert {coop.reason(fan) for fan in resting} == {"fewer_fans"}


def test_they_take_turns_so_that_none_stands_in_for_long(coop: Coop) -> None:
    ran = []
    for _ in range(8):
        coop.lend(0.25)
        coop.run(TURN_S / 2, every_s=10)
        ran.append(coop.turning.index(True))
    assert sorted(ran) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_the_warmer_it_is_the_more_run_and_all_of_them_at_the_limit(coop: Coop) -> None:
    coop.lend(0.25)
    counts = []
    for celsius in (26.0, 27.5, 28.5, 29.5, MAXIMUM_C, 32.0):
        coop.at(celsius)
        coop.lend(0.25)
        counts.append(sum(coop.turning))
    assert counts == [1, 2, 3, 4, 4, 4]


def test_fewer_run_only_once_it_is_cooler_by_the_hysteresis(coop: Coop) -> None:
    coop.lend(0.25)
    coop.at(28.5)
    assert sum(coop.turning) == 3
    coop.at(27.1)
    assert sum(coop.turning) == 3
    coop.at(26.9)
    assert sum(coop.turning) == 2


def test_in_the_cold_all_of_them_rest_as_ever(coop: Coop) -> None:
    coop.lend(0.5)
    coop.at(21.0)
    assert coop.turning == (False,) * 4
    assert {coop.reason(fan) for fan in FANS} == {"keep_warm"}


def test_over_the_hard_limit_all_of_them_run(coop: Coop) -> None:
    coop.lend(0.25, shift_k=3.0)
    coop.at(HARD_C + 0.5)
    assert coop.turning == (True,) * 4


def test_where_no_thermometer_is_believed_all_of_them_run(coop: Coop) -> None:
    coop.lend(0.25)
    coop.at(MIDDLE_C)
    coop.temperature_c = None
    coop.run(120, every_s=10)
    assert coop.state.climates[HOUSE].fan_share == 1.0
    assert coop.turning == (True,) * 4


def test_what_nobody_renews_lapses_and_all_of_them_run_again(coop: Coop) -> None:
    coop.lend(0.25)
    coop.run(LENT_FOR_S - 10, every_s=10)
    assert sum(coop.turning) == 1
    coop.run(30, every_s=10)
    assert coop.state.lent == {}
    assert coop.turning == (True,) * 4


def test_a_loan_of_nothing_has_all_of_them_run_at_once(coop: Coop) -> None:
    coop.lend(0.25)
    coop.at(MIDDLE_C)
    coop.lend(1.0)
    coop.step()
    assert coop.turning == (True,) * 4


def test_a_fan_that_is_away_or_broken_is_none_of_those_that_run(coop: Coop) -> None:
    coop.lend(0.5)
    coop.at(MIDDLE_C)
    one, two = (at for at, turns in enumerate(coop.turning) if turns)
    coop.offline.add(FANS[one])
    coop.step(contacts=(Contact(device_id=FANS[one], online=False),))
    coop.step()
    # Asked to run all the same: it may hear, though nobody hears of it.
    assert (coop.turning[one], sum(coop.turning)) == (True, 3)
    coop.step(reports=(Report(device_id=FANS[two], level=OFF, error="overload"),))
    coop.step()
    assert coop.turning == (True, True, True, True)


def test_where_a_person_keeps_a_fan_off_another_runs_for_it(coop: Coop) -> None:
    coop.lend(0.25)
    coop.at(MIDDLE_C)
    turns = coop.turning.index(True)
    order = Order(command=CommandId(UUID(int=1)), device_id=FANS[turns], level=OFF, hold_s=300.0)
    coop.step(order)
    coop.step()
    assert (coop.turning[turns], sum(coop.turning)) == (False, 1)


def test_a_person_has_any_fan_at_once(coop: Coop) -> None:
    coop.lend(0.25)
    coop.at(MIDDLE_C)
    rests = coop.turning.index(False)
    order = Order(command=CommandId(UUID(int=1)), device_id=FANS[rests], level=ON, hold_s=300.0)
    coop.step(order)
    assert coop.turning[rests]


def test_a_rule_of_peoples_own_has_its_fans_whatever_is_lent(coop: Coop) -> None:
    stage = Stage(threshold=25.0, devices=FANS[1:3], level=ON)
    rule = Staged(
        id=RuleId(UUID(int=7)), name="Stage 1", quantity=Quantity.TEMPERATURE,
        comparison=Comparison.ABOVE, hysteresis=0.5, stages=(stage,),
    )  # fmt: skip
    house = replace(coop.document.houses[0], rules=(rule,))
    coop.plan = plan_of(replace(coop.document, houses=(house,)))
    coop.lend(0.25)
    coop.at(MIDDLE_C)
    assert coop.turning[1:3] == (True, True)
    assert sum(coop.turning) == 3


def test_a_fan_that_a_rule_keeps_off_is_none_of_those_that_run(coop: Coop) -> None:
    when = Condition(quantity=Quantity.TEMPERATURE, comparison=Comparison.ABOVE, threshold=20.0)
    rule = Threshold(id=RuleId(UUID(int=7)), name="Quiet", when=when, devices=FANS[:1], level=OFF)
    house = replace(coop.document.houses[0], rules=(rule,))
    coop.plan = plan_of(replace(coop.document, houses=(house,)))
    coop.lend(0.25)
    coop.at(MIDDLE_C)
    assert (coop.turning[0], sum(coop.turning)) == (False, 1)


def test_vents_stay_open_for_what_runs(coop: Coop) -> None:
    coop.lend(0.25)
    coop.at(MIDDLE_C)
    assert coop.level(DeviceRole.VENT) == ON


def test_no_fan_of_a_greenhouse_is_lent() -> None:
    made = Bench(kind=HouseKind.GREENHOUSE)
    made.temperature_c = 24.0
    made.run(120, every_s=10)
    made.step(loans=(Loan(house_id=HOUSE, shift_k=0.0, fan_share=0.1),))
    made.run(60, every_s=10)
    assert made.state.climates[HOUSE].fan_share < 1.0
    assert spared(made.plan.houses[0].actuators, Climate(fan_share=0.0), made.state, (), 0.0) == []
    assert made.decision(DeviceRole.FAN).winner.reason == "rest"


@pytest.mark.parametrize("beyond", ["shut", "venting", "over_hard_limit"])
def test_beyond_the_limits_it_asks_for_nothing(coop: Coop, beyond: str) -> None:
    actuators = coop.plan.houses[0].actuators
    few = Climate(fan_share=0.25)
    assert len(spared(actuators, few, coop.state, (), 0.0)) == 3
    assert spared(actuators, structs.replace(few, **{beyond: True}), coop.state, (), 0.0) == ()


def test_a_fan_that_says_it_does_not_turn_is_none_of_those_that_run(coop: Coop) -> None:
    coop.lend(0.25)
    coop.at(MIDDLE_C)
    turns = coop.turning.index(True)
    coop.stuck = {FANS[turns]}
    coop.run(40)
    assert (coop.turning[turns], sum(coop.turning)) == (True, 2)


def test_who_comes_and_goes_changes_nothing_for_the_others(coop: Coop) -> None:
    coop.lend(0.25)
    coop.at(MIDDLE_C)
    turns = coop.turning.index(True)
    for _ in range(6):
        for online in (False, True):
            coop.step(contacts=(Contact(device_id=FANS[turns - 1], online=online),))
            coop.run(20, every_s=10)
            assert coop.turning[turns]


@pytest.mark.parametrize(
    ("share", "fans", "count"),
    [(0.1, 1, 1), (0.1, 8, 1), (0.25, 8, 2), (0.26, 8, 3), (1.0, 8, 8), (0.5, 0, 0)],
)
def test_one_fan_of_some_always_runs(share: float, fans: int, count: int) -> None:
    assert count_running(share, fans) == count


@pytest.mark.parametrize(("asked", "given"), [(0.0, LEAST_FAN_SHARE), (-3.0, LEAST_FAN_SHARE)])
def test_nobody_lends_fewer_than_a_tenth(asked: float, given: float) -> None:
    lent = lend({}, [Loan(house_id=HOUSE, shift_k=0.0, fan_share=asked)], 5.0)
    assert lent == {HOUSE: Lent(shift_k=0.0, fan_share=given, until_s=5.0 + LENT_FOR_S)}


def test_a_share_that_is_no_number_is_no_loan() -> None:
    assert lend({}, [Loan(house_id=HOUSE, shift_k=1.0, fan_share=nan)], 5.0) == {}
