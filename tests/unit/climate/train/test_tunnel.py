"""The front of heat stress against energy, learned anew and from the shipped file."""

from pathlib import Path

import numpy as np
import pytest

from tokkatot.climate.control.dials import COOP_DIALS
from tokkatot.climate.judge.controllers import Learned, Resting
from tokkatot.climate.judge.front import Fronts, compared_fronts
from tokkatot.climate.judge.judging import live, seasons
from tokkatot.climate.judge.searching import tuned_along, with_shifts
from tokkatot.climate.kernel import Floats
from tokkatot.climate.plan import Plan, find_plan, read_plan, read_weathers
from tokkatot.climate.policy.card import find_policy, read_policy
from tokkatot.climate.policy.running import Policy
from tokkatot.climate.weather.series import WeatherSeries

pytestmark = [
    pytest.mark.proof,
    pytest.mark.shared_data,
    pytest.mark.timeout(4 * 3600),
    pytest.mark.xdist_group("kernel"),
]

TUNNEL = Path("tunnel")


def silently(_done: int, _total: int) -> None:
    """Tell nobody."""


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_plan(find_plan(TUNNEL))


@pytest.fixture(scope="module")
def known(plan: Plan, shared_data: Path) -> list[WeatherSeries]:
    folder = shared_data / "climate" / "weather_epw"
    return [series for _, series in read_weathers(plan.learn_from, folder)]


@pytest.fixture(scope="module")
def stages(plan: Plan, known: list[WeatherSeries]) -> Floats:
    return with_shifts(tuned_along(plan, known, plan.judging.front, silently), COOP_DIALS)


def fronts(plan: Plan, shared_data: Path, policy: Policy, stages: Floats) -> dict[str, Fronts]:
    chance = np.random.default_rng(plan.seed)
    folder = shared_data / "climate" / "weather_epw"
    return {
        seen.name: compared_fronts(plan, series, Learned(policy), stages, chance)
        for seen, series in read_weathers(plan.judge_on, folder)
    }


def not_below(found: dict[str, Fronts]) -> list[str]:
    """Return where a policy does not surely save energy beside stages with as few hours."""
    return [
        f"{name}: {one.told()}"
        for name, both in found.items()
        for one in both.beside
        if one.saved.low <= 0.0
    ]


def fouled(found: dict[str, Fronts]) -> set[str]:
    """Return where air was beyond what is allowed."""
    return {name for name, both in found.items() if any(one.foul.mean > 0.0 for one in both.beside)}


def test_the_shipped_policy_leaves_the_stages_front_behind_everywhere(
    plan: Plan, shared_data: Path, stages: Floats
) -> None:
    found = fronts(plan, shared_data, Policy.load(find_policy(TUNNEL)), stages)
    assert len(found) == 3
    assert not_below(found) == []
    assert fouled(found) == set()


def test_its_card_tells_what_comes_of_it_under_the_rules_of_today(
    plan: Plan, shared_data: Path
) -> None:
    card, _ = read_policy(find_policy(TUNNEL))
    told = {
        (held.weather.name, figure.controller, figure.name): figure.value.mean
        for held in card.held_out
        for figure in held.figures
    }
    folder = shared_data / "climate" / "weather_epw"
    for seen, series in read_weathers(plan.judge_on, folder):
        starts = seasons(plan, series)
        for who in (Learned(Policy.load(find_policy(TUNNEL))), Resting()):
            name = "rules" if isinstance(who, Resting) else "policy"
            for figure, values in live(plan, series, starts, who).figures.items():
                card_says = told[seen.name, name, figure]
                assert values.mean() == pytest.approx(card_says, rel=0.01, abs=0.05), figure


@pytest.mark.training
def test_so_does_one_that_is_learned_anew(
    plan: Plan, known: list[WeatherSeries], shared_data: Path, stages: Floats, tmp_path: Path
) -> None:
    from tokkatot.climate.train.exporting import export  # noqa: PLC0415
    from tokkatot.climate.train.learning import Learner  # noqa: PLC0415

    learner = Learner(plan, known)
    learner.learn(tmp_path / "run", silently)
    export(learner, [], tmp_path / "policy")
    found = fronts(plan, shared_data, Policy.load(tmp_path / "policy"), stages)
    saved = [one.saved.mean for both in found.values() for one in both.beside]
    # Where energy is cheap and a place is hot, there is hardly anything to save.
    assert min(saved) > -0.01, saved
    assert np.mean(saved) > 0.03, saved
    assert fouled(found) == set()
