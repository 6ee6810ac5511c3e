"""The conflict table, cell by cell and pair by pair."""

from itertools import combinations

import pytest

from tokkatot.automation.interlocks import TABLE, Constrained, Effect, Interlock, constrain
from tokkatot.automation.plan import Trait
from tokkatot.domain.devices import OFF, ON

F, R, S, K = Effect.FREE, Effect.RUN, Effect.STOP, Effect.KEEP

# Written down a second time on purpose: a change of a cell has to be made twice.
TRAITS = (Trait.COOP_AIR, Trait.AIR, Trait.HEAT, Trait.WATER, Trait.MOTION, Trait.OTHER)
CELLS = {
    Interlock.HARD_LIMIT: (R, R, S, F, F, F),
    Interlock.SOFTWARE_STOP: (F, F, S, S, S, F),
    Interlock.SENSOR_STALE: (R, F, S, F, F, F),
    Interlock.COOL_DOWN: (F, S, S, S, S, S),
    Interlock.DRY_RUN: (F, F, F, S, F, F),
    Interlock.MINIMUM_OFF: (F, F, F, S, F, F),
    Interlock.STARTS: (R, S, S, S, S, S),
    Interlock.EXCLUDED: (F, F, S, S, S, S),
    Interlock.SETTLING: (K, K, K, K, K, K),
}
EVERY_CELL = [
    (interlock, trait, effect)
    for interlock, row in CELLS.items()
    for trait, effect in zip(TRAITS, row, strict=True)
]
LEVEL = {Effect.RUN: ON, Effect.STOP: OFF, Effect.KEEP: 40.0}


def expected(asked: float, interlock: Interlock, effect: Effect) -> Constrained:
    if effect is F or LEVEL[effect] == asked:
        return Constrained(level=asked)
    return Constrained(level=LEVEL[effect], cut_by=(interlock,))


def test_the_table_names_every_interlock_and_every_trait_is_tested() -> None:
    assert set(TABLE) == set(Interlock) == set(CELLS)
    assert set(TRAITS) == set(Trait)


@pytest.mark.parametrize("asked", [OFF, 50.0, ON])
@pytest.mark.parametrize(("interlock", "trait", "effect"), EVERY_CELL)
def test_a_cell_does_what_it_says(
    interlock: Interlock, trait: Trait, effect: Effect, asked: float
) -> None:
    left = constrain(asked, trait=trait, active={interlock}, kept=40.0)
    assert left == expected(asked, interlock, effect)


@pytest.mark.parametrize("asked", [OFF, 50.0, ON])
@pytest.mark.parametrize("trait", TRAITS)
@pytest.mark.parametrize(("first", "second"), list(combinations(Interlock, 2)))
def test_where_two_interlocks_disagree_the_earlier_one_decides(
    first: Interlock, second: Interlock, trait: Trait, asked: float
) -> None:
    index = TRAITS.index(trait)
    effects = [effect for effect in (CELLS[first][index], CELLS[second][index]) if effect is not F]
    wanted = LEVEL[effects[0]] if effects else asked

    left = constrain(asked, trait=trait, active={first, second}, kept=40.0)

    assert left.level == wanted
    assert bool(left.cut_by) == (wanted != asked)


@pytest.mark.parametrize("trait", TRAITS)
def test_without_an_active_interlock_nothing_is_changed(trait: Trait) -> None:
    assert constrain(50.0, trait=trait, active=frozenset(), kept=0.0) == Constrained(level=50.0)


def test_every_interlock_that_wanted_something_else_is_in_the_trace() -> None:
    left = constrain(
        ON,
        trait=Trait.WATER,
        active={Interlock.DRY_RUN, Interlock.SOFTWARE_STOP, Interlock.HARD_LIMIT},
        kept=ON,
    )
    assert left.cut_by == (Interlock.SOFTWARE_STOP, Interlock.DRY_RUN)


def test_nothing_ever_stops_the_air_of_a_coop() -> None:
    assert {row.get(Trait.COOP_AIR, F) for row in TABLE.values()} <= {F, R, K}
