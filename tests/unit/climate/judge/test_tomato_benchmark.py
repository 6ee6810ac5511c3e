"""The published tomato benchmark from outside: our controllers steer inside gl-gym, which pays."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benches.support.gl_gym import FOLDER, JUDGED, GlGym, banded, gl_gym, learned
from tokkatot.climate.control.tomato_benchmark import FOUND
from tokkatot.climate.judge.controllers import Banded
from tokkatot.climate.judge.judging import live, seasons
from tokkatot.climate.judge.searching import tuned_bands
from tokkatot.climate.plan import find_plan, read_plan, read_weathers
from tokkatot.climate.policy.card import find_policy
from tokkatot.climate.policy.running import Policy

NAMED = os.environ.get(FOLDER)  # noqa: TID251 - where a person wants it installed

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(3600),
    pytest.mark.xdist_group("kernel"),
    pytest.mark.skipif(NAMED is None, reason=f"{FOLDER} names no folder for gl-gym"),
]

RULES_EARN = {2010: -4.72, 2011: -1.58}
"""Its own rule base, by the published figures."""
PPO_EARNS = 4.1
"""As published, in the year that it was learned in."""


@pytest.fixture(scope="module")
def gym() -> Iterator[GlGym]:
    assert NAMED is not None
    with gl_gym(Path(NAMED)) as asked:
        yield asked


@pytest.mark.parametrize("year", JUDGED)
def test_its_own_rules_earn_what_was_published(gym: GlGym, year: int) -> None:
    assert gym.ruled(year, locked=False).profit_eur_m2 == pytest.approx(RULES_EARN[year], abs=0.005)


@pytest.mark.parametrize("locked", [False, True], ids=["free", "locked"])
@pytest.mark.parametrize("year", JUDGED)
def test_the_rules_that_were_found_earn_more_than_its_own_and_than_its_learner(
    gym: GlGym, year: int, locked: bool
) -> None:
    found, own = gym.steered(banded(FOUND), year, locked=locked), gym.ruled(year, locked=locked)
    assert found.profit_eur_m2 > max(own.profit_eur_m2, PPO_EARNS)
    assert found.penalty < gym.ruled(year, locked=False).penalty


@pytest.mark.parametrize("year", JUDGED)
def test_the_policy_that_evolved_earns_more_than_those_rules_with_fewer_penalties(
    gym: GlGym, year: int
) -> None:
    policy = Policy.load(find_policy(Path("tomato_benchmark")))
    came = gym.steered(learned(policy), year, locked=False)
    found = gym.steered(banded(FOUND), year, locked=False)
    assert came.profit_eur_m2 > found.profit_eur_m2 + 1.0
    assert came.penalty < found.penalty


def test_our_model_foretells_what_they_earn_there(gym: GlGym, tmp_path: Path) -> None:
    gym.weathers(tmp_path)
    plan = read_plan(find_plan(Path("tomato_benchmark")))
    for year, (_, series) in zip(JUDGED, read_weathers(plan.judge_on, tmp_path), strict=True):
        ours = live(plan, series, seasons(plan, series), Banded(FOUND)).figures["profit"]
        theirs = gym.steered(banded(FOUND), year, locked=False).profit_eur_m2
        # Ours are shown the weather of the step that comes, theirs of the one that went.
        assert ours[0] == pytest.approx(theirs, abs=0.2)


def test_what_the_search_finds_anew_earns_as_much(gym: GlGym, tmp_path: Path) -> None:
    gym.weathers(tmp_path)
    plan = read_plan(find_plan(Path("tomato_benchmark")))
    known = [series for _, series in read_weathers(plan.learn_from, tmp_path)]
    again = tuned_bands(plan, known, lambda _done, _total: None)
    earned = [gym.steered(banded(again), year, locked=False).profit_eur_m2 for year in JUDGED]
    assert min(earned) > PPO_EARNS
