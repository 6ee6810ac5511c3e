"""Every cell of the conflict table, and every guard, is held by a test that fails without it."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType

import pytest

from tests.support.draw_safety import PAGE
from tests.support.mutants import cheapest_first, in_place, is_killed, limits_of, mutants_of
from tests.unit.automation import test_arbitration as arbitration_tests
from tests.unit.automation import test_guards as guard_tests
from tests.unit.automation import test_interlocks as table_tests
from tests.unit.automation import test_perception as perception_tests
from tests.unit.automation import test_plausibility as plausibility_tests
from tests.unit.automation import test_regulation as regulation_tests
from tests.unit.automation import test_rules as rule_tests
from tests.unit.automation import test_safety as safety_tests
from tests.unit.automation import test_stillness as stillness_tests
from tests.unit.domain import test_devices as role_tests
from tokkatot.automation import (
    arbitration,
    guards,
    interlocks,
    perception,
    plan,
    plausibility,
    rules,
    stillness,
)
from tokkatot.automation.interlocks import TABLE, Effect, Interlock
from tokkatot.automation.plan import Trait
from tokkatot.domain import devices
from tokkatot.domain.devices import ACTUATORS, DeviceRole

GUARD_TESTS = (
    guard_tests,
    rule_tests,
    safety_tests,
    plausibility_tests,
    regulation_tests,
    table_tests,
    arbitration_tests,
)

GUARDING = (guards, plausibility, interlocks, rules, arbitration, perception, stillness)
KEPT_TESTS = (perception_tests, stillness_tests)

HARMLESS: dict[str, str] = {
    "arbitration:21 1 × 0.5": "a short cut for a single proposal: without it the same one wins",
    "arbitration:37 16 × 0.5": "how many answers are remembered",
    "arbitration:37 16 × 2.0": "the same",
}
"""What a mutant's name contains, and why nobody could tell it from the original."""


MADE = {
    "cells of the table": 162,
    "longest times on": 37,
    "limits": 52,
    "lines of guards": 94,
    "lines of plausibility": 34,
    "lines of interlocks": 7,
    "lines of rules": 32,
    "lines of arbitration": 9,
    "lines of perception": 59,
    "lines of stillness": 10,
}
"""How many mutants are made of what; the safety page says it too."""


def role_mutants() -> Iterator[tuple[DeviceRole, int | None]]:
    for role, spec in ACTUATORS.items():
        if spec.max_on_s is None:
            yield role, 3600
        else:
            yield from ((role, spec.max_on_s // 2), (role, spec.max_on_s * 2), (role, None))


def cell_mutants() -> Iterator[tuple[Interlock, Trait, Effect]]:
    for interlock in Interlock:
        for trait in Trait:
            for effect in Effect:
                if effect is not TABLE[interlock].get(trait, Effect.FREE):
                    yield interlock, trait, effect


def test_every_wrong_cell_of_the_table_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    tests = cheapest_first(table_tests)
    survivors: list[tuple[Interlock, Trait, Effect]] = []
    made = list(cell_mutants())
    for interlock, trait, effect in made:
        row = MappingProxyType({**TABLE[interlock], trait: effect})
        monkeypatch.setattr(interlocks, "TABLE", {**TABLE, interlock: row})
        if not is_killed(tests):
            survivors.append((interlock, trait, effect))
    assert len(made) == len(Interlock) * len(Trait) * (len(Effect) - 1)
    assert len(made) == MADE["cells of the table"]
    assert survivors == []


def test_every_swap_of_two_interlocks_that_disagree_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tests = cheapest_first(table_tests)
    survivors: list[tuple[Interlock, Interlock]] = []
    for first, second in pairwise(Interlock):
        order = list(Interlock)
        at = order.index(first)
        order[at], order[at + 1] = second, first
        monkeypatch.setattr(interlocks, "PRECEDENCE", order)
        disagree = any(
            {TABLE[first].get(trait), TABLE[second].get(trait)} - {None, TABLE[first].get(trait)}
            for trait in Trait
            if trait in TABLE[first] and trait in TABLE[second]
        )
        if disagree and not is_killed(tests):
            survivors.append((first, second))
    assert survivors == []


def test_every_wrong_longest_time_on_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    tests = cheapest_first(role_tests)
    made = list(role_mutants())
    survivors: list[tuple[DeviceRole, int | None]] = []
    for role, longest_s in made:
        spec = replace(ACTUATORS[role], max_on_s=longest_s)
        monkeypatch.setattr(devices, "ACTUATORS", {**ACTUATORS, role: spec})
        if not is_killed(tests):
            survivors.append((role, longest_s))
    assert len(made) == MADE["longest times on"]
    assert survivors == []


@pytest.mark.timeout(600)
def test_every_wrong_limit_is_noticed() -> None:
    tests = cheapest_first(*GUARD_TESTS)
    survivors: list[str] = []
    made = [one for module in (guards, plausibility, plan) for one in limits_of(module)]
    for mutant in made:
        with in_place(mutant):
            if not is_killed(tests):
                survivors.append(mutant.name)
    assert len(made) == MADE["limits"]
    assert survivors == []


def test_the_safety_page_says_how_many_mutants_were_made() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for what, count in MADE.items():
        assert f"| {what} | {count} |" in page


@pytest.mark.proof
@pytest.mark.parametrize("module", GUARDING)
def test_every_wrong_guard_is_noticed(module: object) -> None:
    assert isinstance(module, type(guards))
    tests = cheapest_first(*GUARD_TESTS, *KEPT_TESTS)
    survivors: list[str] = []
    made = list(mutants_of(module))
    for mutant in made:
        with in_place(mutant):
            if not is_killed(tests):
                survivors.append(mutant.name)
    assert len(made) == MADE[f"lines of {module.__name__.rpartition('.')[2]}"]
    assert [name for name in survivors if not any(part in name for part in HARMLESS)] == []
