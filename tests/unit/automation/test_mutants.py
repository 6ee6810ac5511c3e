"""Every cell of the conflict table, and every guard, is held by a test that fails without it."""

from collections.abc import Iterator
from itertools import pairwise
from types import MappingProxyType

import pytest

from tests.support.mutants import calls_in, in_place, is_killed, mutants_of
from tests.unit.automation import test_guards as guard_tests
from tests.unit.automation import test_interlocks as table_tests
from tests.unit.automation import test_plausibility as plausibility_tests
from tests.unit.automation import test_regulation as regulation_tests
from tests.unit.automation import test_rules as rule_tests
from tests.unit.automation import test_safety as safety_tests
from tokkatot.automation import guards, interlocks, plausibility, rules
from tokkatot.automation.interlocks import TABLE, Effect, Interlock
from tokkatot.automation.plan import Trait

GUARD_TESTS = (
    guard_tests,
    rule_tests,
    safety_tests,
    plausibility_tests,
    regulation_tests,
    table_tests,
)

HARMLESS: dict[str, str] = {}
"""What a mutant's name contains, and why nobody could tell it from the original."""


def cell_mutants() -> Iterator[tuple[Interlock, Trait, Effect]]:
    for interlock in Interlock:
        for trait in Trait:
            for effect in Effect:
                if effect is not TABLE[interlock].get(trait, Effect.FREE):
                    yield interlock, trait, effect


def test_every_wrong_cell_of_the_table_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    tests = calls_in(table_tests)
    assert not is_killed(tests)
    survivors: list[tuple[Interlock, Trait, Effect]] = []
    made = list(cell_mutants())
    for interlock, trait, effect in made:
        row = MappingProxyType({**TABLE[interlock], trait: effect})
        monkeypatch.setattr(interlocks, "TABLE", {**TABLE, interlock: row})
        if not is_killed(tests):
            survivors.append((interlock, trait, effect))
    assert len(made) == len(Interlock) * len(Trait) * (len(Effect) - 1)
    assert survivors == []


def test_every_swap_of_two_interlocks_that_disagree_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tests = calls_in(table_tests)
    assert not is_killed(tests)
    survivors: list[tuple[Interlock, Interlock]] = []
    for first, second in pairwise(Interlock):
        order = list(Interlock)
        at = order.index(first)
        order[at], order[at + 1] = second, first
        monkeypatch.setattr(interlocks, "Interlock", order)
        disagree = any(
            {TABLE[first].get(trait), TABLE[second].get(trait)} - {None, TABLE[first].get(trait)}
            for trait in Trait
            if trait in TABLE[first] and trait in TABLE[second]
        )
        if disagree and not is_killed(tests):
            survivors.append((first, second))
    assert survivors == []


@pytest.mark.proof
@pytest.mark.parametrize("module", [guards, plausibility, interlocks, rules])
def test_every_wrong_guard_is_noticed(module: object) -> None:
    assert isinstance(module, type(guards))
    tests = [test for tested in GUARD_TESTS for test in calls_in(tested)]
    assert not is_killed(tests)
    survivors: list[str] = []
    made = 0
    for mutant in mutants_of(module):
        made += 1
        with in_place(mutant):
            if not is_killed(tests):
                survivors.append(mutant.name)
    assert made
    assert [name for name in survivors if not any(part in name for part in HARMLESS)] == []
