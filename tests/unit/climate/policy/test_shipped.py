"""The policy that is shipped: learned by the shipped plan, judged elsewhere, found by its name."""

from pathlib import Path

import pytest

from tests.support import coop
from tokkatot.climate.control.coop import StageRules
from tokkatot.climate.control.dials import COOP_DIALS, positions, reachable
from tokkatot.climate.control.flock import FlockPrices, seen_in_coop
from tokkatot.climate.physics.poultry.houses import day_old, tunnel_house
from tokkatot.climate.plan import digest_of, evolution_of, find_plan, learning_of, read_plan
from tokkatot.climate.policy.card import House, find_policy, named, read_policy
from tokkatot.climate.policy.running import Policy

TUNNEL = Path("tunnel")
TOMATOES = Path("tomato_benchmark")
JUDGED = ["MMR_YA_Yangon.Intl.AP.480970_TMYx", "MYS_JH_Johor.AP.486790_TMYx",
          "SGP_Singapore.486980_IWEC"]  # fmt: skip


def test_a_folder_of_ones_own_goes_before_what_is_shipped(tmp_path: Path) -> None:
    own = tmp_path / "tunnel"
    own.mkdir()
    assert find_policy(own) == own
    assert find_policy(Path("nobody's")) == Path("nobody's")
    assert find_policy(TUNNEL) != TUNNEL


def test_a_folder_without_a_policy_hides_no_shipped_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    TUNNEL.mkdir()
    (TUNNEL / "checkpoint.pt").touch()
    assert find_policy(TUNNEL) != TUNNEL
    # One that lacks its card is still its owner's, and refused.
    (TUNNEL / "policy.onnx").touch()
    assert find_policy(TUNNEL) == TUNNEL


def test_it_was_learned_by_the_plan_that_is_shipped_and_judged_where_it_never_was() -> None:
    card, _ = read_policy(find_policy(TUNNEL))
    plan = read_plan(find_plan(TUNNEL))
    assert card.learning.configuration_sha256 == digest_of(plan)
    # Houses live on together to the end of a horizon.
    how = learning_of(plan)
    assert 0 <= card.learning.steps - how.steps < how.houses * how.horizon
    assert [one.weather.name for one in card.held_out] == JUDGED
    assert {one.seasons for one in card.held_out} == {plan.judging.seasons}
    learned = {one.sha256 for one in card.learning.weather}
    assert not learned & {one.weather.sha256 for one in card.held_out}
    assert card.parity < 1e-4
    assert "verified, not validated" in " ".join(card.limits)


def test_the_tomatoes_policy_evolved_by_the_shipped_plan_in_other_years() -> None:
    folder = find_policy(TOMATOES)
    card, model = read_policy(folder)
    plan = read_plan(find_plan(TOMATOES))
    assert card.learning.configuration_sha256 == digest_of(plan)
    how, steps = evolution_of(plan), 96 * plan.days
    tried = how.generations * how.candidates * how.seasons
    assert card.learning.steps == (tried + (how.checkpoints + 1) * how.kept_seasons) * steps
    assert [one.weather.name for one in card.held_out] == ["amsterdam-2010", "amsterdam-2011"]
    learned = {one.sha256 for one in card.learning.weather}
    assert not learned & {one.weather.sha256 for one in card.held_out}
    assert card.parity < 1e-4
    assert len(model) < 128 * 1024


@pytest.mark.parametrize("rival", ["rules", "tuned"])
def test_the_tomatoes_policy_earned_more_than_rules_on_what_it_never_saw(rival: str) -> None:
    card, _ = read_policy(find_policy(TOMATOES))
    figures = [one for held in card.held_out for one in held.figures if one.controller == rival]
    money = [one.less_policy for one in figures if one.name in {"worth", "profit"}]
    assert len(money) == 4
    assert all(one is not None and one.high < -0.5 for one in money)


@pytest.mark.parametrize("hour", [3.0, 14.0])
def test_it_answers_a_flock_with_set_points_that_one_step_reaches(hour: float) -> None:
    policy = Policy.load(find_policy(TUNNEL))
    rest = positions(StageRules(), COOP_DIALS)
    seen = seen_in_coop(day_old(18_000), coop.outdoor(40), tunnel_house(), FlockPrices())
    answer = policy.ask(named(House.COOP, seen, hour, rest))
    assert reachable(COOP_DIALS, rest, answer) == pytest.approx(answer, rel=1e-6)
