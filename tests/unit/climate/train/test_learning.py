"""Learning: what was stopped goes on exactly where it was; the file answers what was learned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support import seasons
from tokkatot.climate.env.many import ManyHouses
from tokkatot.climate.plan import PlanRefused, batch_of, read_plan, read_weathers
from tokkatot.climate.policy.card import House, read_policy
from tokkatot.climate.policy.running import Policy

if TYPE_CHECKING:
    from tokkatot.climate.train.learning import Learner

# The first of them to run compiles, unless the machine code is kept from before: all on one worker.
pytestmark = [
    pytest.mark.training,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("kernel"),
]


class Stopped(Exception):
    """Somebody pressed Ctrl-C."""


def silently(_done: int, _total: int) -> None:
    """Tell nobody."""


def learner(
    folder: Path, house: str = "tunnel", more: str = "", *, seed: int = 3, steps: int = 768
) -> Learner:
    from tokkatot.climate.train.learning import Learner  # noqa: PLC0415

    path = seasons.write_plan(folder, house, more=more)
    text = path.read_text().replace("seed = 3", f"seed = {seed}")
    path.write_text(text.replace("steps = 768", f"steps = {steps}"))
    plan = read_plan(path)
    return Learner(plan, [series for _, series in read_weathers(plan.learn_from, folder)])


def weights(one: Learner) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.concatenate(
        [value.detach().numpy().ravel() for value in one.model.policy.parameters()]
    )


def test_a_run_that_was_stopped_ends_as_one_that_was_not(tmp_path: Path) -> None:
    whole = learner(tmp_path)
    whole.learn(tmp_path / "whole", silently)

    def stop(done: int, _total: int) -> None:
        if done >= 640:
            raise Stopped

    with pytest.raises(Stopped):
        learner(tmp_path).learn(tmp_path / "parts", stop)
    again = learner(tmp_path)
    again.learn(tmp_path / "parts", silently)
    assert again.model.num_timesteps == whole.model.num_timesteps == 768
    assert weights(again).tolist() == weights(whole).tolist()


def test_each_decision_of_all_houses_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    learner(tmp_path, steps=250).learn(tmp_path / "run", lambda *part: told.append(part))
    assert told == [(4 * step, 250) for step in range(1, 63)] + [(250, 250)]


def test_the_last_improvement_never_unlearns(tmp_path: Path) -> None:
    one = learner(tmp_path, steps=700)
    one.learn(tmp_path / "run", silently)
    assert one.model.num_timesteps > one.how.steps
    assert one.model.policy.optimizer.param_groups[0]["lr"] >= 0.0


def test_a_seed_learns_the_same_twice_and_another_does_not(tmp_path: Path) -> None:
    runs = []
    for name in ("first", "second"):
        one = learner(tmp_path)
        one.learn(tmp_path / name, silently)
        runs.append(weights(one))
    assert runs[0].tolist() == runs[1].tolist()
    other = learner(tmp_path, seed=4)
    other.learn(tmp_path / "third", silently)
    assert weights(other).tolist() != runs[0].tolist()


def test_a_run_of_another_plan_is_not_gone_on_with(tmp_path: Path) -> None:
    from tokkatot.climate.train.learning import CHECKPOINT  # noqa: PLC0415

    one = learner(tmp_path)
    (tmp_path / "run").mkdir()
    one.keep(tmp_path / "run" / CHECKPOINT)
    other = learner(tmp_path, more="every_days = 2\n")
    with pytest.raises(PlanRefused, match="another plan"):
        other.learn(tmp_path / "run", silently)


@pytest.mark.parametrize(
    ("house", "kind"),
    [("tunnel", House.COOP), ("greenhouse", House.GREENHOUSE), ("lettuce", House.LETTUCE)],
)
def test_the_file_answers_what_was_learned(tmp_path: Path, house: str, kind: House) -> None:
    from tokkatot.climate.train.exporting import export, parity  # noqa: PLC0415

    one = learner(tmp_path, house)
    one.learn(tmp_path / "run", silently)
    seen = [told for told, _ in read_weathers(one.plan.learn_from, tmp_path)]
    card = export(one, seen, tmp_path / "policy")
    read, _ = read_policy(tmp_path / "policy")
    assert read == card
    assert (card.house, card.learning.steps) == (kind, 768)
    assert card.learning.weather[0].name == "known"
    assert parity(one, Policy.load(tmp_path / "policy")) == card.parity < 1e-4


def test_a_card_tells_what_its_plan_took_for_granted(tmp_path: Path) -> None:
    from tokkatot.climate.train.carding import limits_of  # noqa: PLC0415

    path = seasons.write_plan(tmp_path, more="heat_to_electricity = 0.5\n")
    measured = limits_of(read_plan(path))
    assert "It takes heat to cost 0.5 times electricity." in measured
    assert any("verified, not validated" in limit for limit in measured)
    path.write_text(path.read_text().replace('form = "csv"', 'form = "csv", swing = 2.0', 1))
    assert [one for one in limits_of(read_plan(path)) if one not in measured] == [
        "Part of the weather that it learned from was altered, not measured."
    ]
    path.write_text(path.read_text().replace("unsure = ", f"tariff = {[1.0] * 24}\nunsure = ", 1))
    assert any("tariff" in limit for limit in limits_of(read_plan(path)))
    assert not any("in euros" in limit for limit in measured)
    dear = "live_kg = 2.0\nflock_heat_kwh = 0.11\n"
    assert (
        "It takes things to cost, in euros, what its plan says: live_kg 2, flock_heat_kwh 0.11."
    ) in limits_of(read_plan(seasons.write_plan(tmp_path, more=dear)))
    tomatoes = limits_of(read_plan(seasons.write_plan(tmp_path, "greenhouse")))
    assert not any("poultry" in limit for limit in tomatoes)


def test_the_vector_of_houses_tells_what_was_seen_last_and_whether_it_was_cut(
    tmp_path: Path,
) -> None:
    from tokkatot.climate.train.vector import HousesVecEnv  # noqa: PLC0415

    plan = read_plan(seasons.write_plan(tmp_path, "lettuce"))
    series = [one for _, one in read_weathers(plan.learn_from, tmp_path)]
    env = HousesVecEnv(ManyHouses(batch_of(plan, series, 6), np.random.default_rng(1)))
    env.seed(1)
    first = env.reset()
    ended = {True: 0, False: 0}
    for _ in range(48):
        seen, rewards, over, told = env.step(np.zeros((6, 3)))
        assert rewards.dtype == np.float32
        for house in np.flatnonzero(over):
            last = told[house]["terminal_observation"]
            assert last[7] > seen[house][7] == 0.0
            ended[told[house]["TimeLimit.truncated"]] += 1
    assert ended == {True: 5, False: 1}, "one of them drew a whole season"
    env.seed(1)
    assert env.reset().tolist() == first.tolist()
