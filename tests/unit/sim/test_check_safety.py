"""The checker of what keeps the animals safe finds what it is there to find, and nothing else."""

from collections.abc import Callable
from dataclasses import replace

from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.devices import OFF, ON
from tokkatot.domain.quantities import Quality, Quantity
from tokkatot.sim.check_safety import SafetyCheck
from tokkatot.sim.layout import SEASONS, first_document, lay_out
from tokkatot.sim.watch import Findings
from tokkatot.wire.messages import ReadingRow

LAYOUT = lay_out(1)
HELD = first_document(LAYOUT, SEASONS[0])
NEWER = replace(HELD, version=HELD.version + 1)
FIVE_MINUTES = 300


def found_while_pumping(shown: Callable[[int], float]) -> set[str]:
    """Return what is found of a pump that runs for some minutes while the tank shows this."""
    now_s = 0.0
    findings = Findings(now_s=lambda: now_s)
    check = SafetyCheck(
        findings, LAYOUT, (), is_held=lambda _device: False, is_card_silent=lambda: False
    )
    check.hub_started(HELD)
    check.asked(LAYOUT.pump.id, OFF)
    now_s = 60.0
    check.asked(LAYOUT.pump.id, ON)
    check.moved(LAYOUT.pump.id)
    for second in range(0, FIVE_MINUTES, 30):
        now_s = 61.0 + second
        row = ReadingRow(
            0, "r", str(LAYOUT.tank.id), Quantity.WATER_LEVEL, 0, shown(second), Quality.GOOD
        )
        check.heard([row])
        check.tick()
    return {violation.invariant for violation in findings.violations}


def test_a_pump_that_moves_no_water_is_found() -> None:
    assert "no pump runs dry" in found_while_pumping(lambda _second: 14.8)


def test_a_pump_that_fills_the_tank_is_no_finding() -> None:
    assert "no pump runs dry" not in found_while_pumping(lambda second: 10 + 0.02 * second)


def test_a_tank_that_rises_from_a_lower_level_than_was_told_first_is_filled() -> None:
    found = found_while_pumping(lambda second: 92.8 if second == 0 else 10 + 0.02 * second)
    assert "no pump runs dry" not in found


def found_of_a_heater(held: DesiredDocument, *, offered: DesiredDocument, took: bool) -> set[str]:
    """Return what is found of a heater that runs while a newer document is on its way."""
    now_s = 0.0
    findings = Findings(now_s=lambda: now_s)
    check = SafetyCheck(
        findings, LAYOUT, (), is_held=lambda _device: False, is_card_silent=lambda: False
    )
    check.hub_started(held)
    check.may_take(offered)
    if took:
        check.took(offered)
    now_s = 10.0
    check.asked(LAYOUT.fan.id, ON)
    check.asked(LAYOUT.heater.id, ON)
    now_s = 20.0
    check.tick()
    return {violation.invariant for violation in findings.violations}


def test_a_hub_may_work_by_a_newer_document_before_it_says_so() -> None:
    assert found_of_a_heater(stopped(HELD), offered=NEWER, took=False) == set()
    assert found_of_a_heater(HELD, offered=stopped(NEWER), took=False) == set()


def test_a_hub_works_by_the_document_that_it_has_named() -> None:
    assert found_of_a_heater(stopped(HELD), offered=NEWER, took=True) == set()
    found = found_of_a_heater(HELD, offered=stopped(NEWER), took=True)
    assert found == {"the software stop stops"}


def test_no_document_that_a_hub_may_work_by_lets_it_heat_beside_the_stop() -> None:
    found = found_of_a_heater(stopped(HELD), offered=stopped(NEWER), took=False)
    assert found == {"the software stop stops"}


def found_of_a_silent_start(silent_s: int, *, until_s: int, asked_s: int | None = None) -> set[str]:
    """Return what is found of a hub that begins in a stopped house on a card that answers late."""
    now_s = 0.0
    findings = Findings(now_s=lambda: now_s)
    check = SafetyCheck(
        findings,
        LAYOUT,
        (),
        is_held=lambda _device: False,
        is_card_silent=lambda: now_s < silent_s,
    )
    check.hub_started(stopped(HELD))
    for second in range(until_s):
        now_s = float(second)
        if second == asked_s:
            check.asked(LAYOUT.heater.id, ON)
        check.tick()
    return {violation.invariant for violation in findings.violations}


def test_a_hub_knows_no_device_before_its_card_answers() -> None:
    assert found_of_a_silent_start(10, until_s=13) == set()


def test_a_hub_whose_card_has_answered_keeps_the_air() -> None:
    assert found_of_a_silent_start(10, until_s=14) == {"the software stop keeps the air"}


def test_a_card_that_falls_silent_later_excuses_nothing() -> None:
    found = found_of_a_silent_start(10, until_s=9, asked_s=4)
    assert "the software stop stops" in found


def stopped(document: DesiredDocument) -> DesiredDocument:
    house = replace(document.houses[0], software_stop=True)
    return replace(document, houses=(house,))
