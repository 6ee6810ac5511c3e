"""Learning by evolution: better than where it began, and what was stopped goes on."""

from pathlib import Path

import pytest

from tests.support import seasons
from tokkatot.climate.plan import PlanRefused, read_plan, read_weathers
from tokkatot.climate.train.evolving import CHECKPOINT, Evolver

# The first of them to run compiles, unless the machine code is kept from before: all on one worker.
pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("kernel")]


class Stopped(Exception):
    """Somebody pressed Ctrl-C."""


def silently(_done: int, _total: int) -> None:
    """Tell nobody."""


def evolver(folder: Path, house: str = "tunnel", *, more: str = "", change: str = "") -> Evolver:
    path = seasons.write_plan(folder, house, more=more, learning=seasons.EVOLUTION)
    if change:
        name = change.split(" = ", maxsplit=1)[0]
        lines = path.read_text().splitlines()
        path.write_text(
            "\n".join(change if line.startswith(f"{name} = ") else line for line in lines)
        )
    plan = read_plan(path)
    return Evolver(plan, [series for _, series in read_weathers(plan.learn_from, folder)])


@pytest.mark.parametrize("house", ["tunnel", "greenhouse", "lettuce", "tomato_benchmark"])
def test_a_small_run_does_better_in_seasons_that_it_did_not_try(tmp_path: Path, house: str) -> None:
    one = evolver(tmp_path, house)
    began = one.best_worth
    one.learn(tmp_path / "run", silently)
    assert one.best_worth > began
    assert one.judged(one.best) == one.best_worth
    assert one.decisions == (7 * 6 + 4) * one.batch.steps


def test_what_began_best_is_kept_where_nothing_does_better(tmp_path: Path) -> None:
    one = evolver(tmp_path)
    began, one.best_worth = one.best.tolist(), 1000.0
    one.learn(tmp_path / "run", silently)
    assert (one.best.tolist(), one.best_worth) == (began, 1000.0)


@pytest.mark.parametrize("last", [3, 4, 6])
def test_a_run_that_was_stopped_ends_as_one_that_was_not(tmp_path: Path, last: int) -> None:
    whole = evolver(tmp_path, change="hidden = 3")
    told: list[tuple[int, int]] = []
    whole.learn(tmp_path / "whole", lambda *part: told.append(part))
    assert told == [(done, 7) for done in range(1, 8)]

    def stop(done: int, _total: int) -> None:
        if done == last:
            raise Stopped

    with pytest.raises(Stopped):
        evolver(tmp_path).learn(tmp_path / "parts", stop)
    again = evolver(tmp_path)
    again.learn(tmp_path / "parts", silently)
    assert (again.best.tolist(), again.best_worth) == (whole.best.tolist(), whole.best_worth)
    assert again.done == whole.done == 7


def test_another_seed_learns_otherwise(tmp_path: Path) -> None:
    one, other = evolver(tmp_path), evolver(tmp_path, change="seed = 4")
    one.learn(tmp_path / "one", silently)
    other.learn(tmp_path / "other", silently)
    assert one.best.tolist() != other.best.tolist()


def test_coarser_steps_are_only_those_that_are_learned_from(tmp_path: Path) -> None:
    fine = evolver(tmp_path, "tomato_benchmark")
    coarse = evolver(tmp_path, "tomato_benchmark", change="spread = 0.1\nsubsteps = 2")
    assert coarse.best_worth == fine.best_worth
    fine.learn(tmp_path / "fine", silently)
    coarse.learn(tmp_path / "coarse", silently)
    assert coarse.best.tolist() != fine.best.tolist()


def test_a_run_of_another_plan_is_not_gone_on_with(tmp_path: Path) -> None:
    one = evolver(tmp_path)
    (tmp_path / "run").mkdir()
    one.keep(tmp_path / "run" / CHECKPOINT)
    other = evolver(tmp_path, change="generations = 8")
    with pytest.raises(PlanRefused, match="another plan"):
        other.learn(tmp_path / "run", silently)


def test_a_plan_with_too_few_seasons_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanRefused, match="3 seasons, of which 1 are kept: too few"):
        evolver(tmp_path, change="seasons = 3")
