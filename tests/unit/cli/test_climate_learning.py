"""`tokkatot climate evaluate` and what learning refuses, at a terminal."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support import policies, seasons
from tokkatot.cli import climate_learning
from tokkatot.cli.climate import app
from tokkatot.climate.control.coop import StageRules
from tokkatot.climate.control.dials import COOP_DIALS, positions
from tokkatot.climate.judge.searching import SHIFTS
from tokkatot.climate.policy.card import House, inputs_of, read_policy

# The first of them to run compiles, unless the machine code is kept from before: all on one worker.
pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("kernel")]

REST = positions(StageRules(), COOP_DIALS)
HOLDS = policies.model([[0.0] * len(REST)] * len(inputs_of(House.COOP)), REST)

STEPS_A_DAY = 96

Told = dict[str, list[tuple[int, int]]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What a person at a terminal is told to be so far."""
    heard: Told = {}

    def counted(what: str) -> Callable[[int, int], None]:
        lines = heard.setdefault(what, [])
        return lambda done, total: lines.append((done, total))

    monkeypatch.setattr(climate_learning, "counted", counted)
    return heard


def lived(told: Told) -> set[str]:
    """Whose seasons were told step by step from the first to the last."""
    every = [(done, STEPS_A_DAY) for done in range(1, STEPS_A_DAY + 1)]
    return {what.removesuffix(": lived") for what, lines in told.items() if lines == every}


def test_a_policy_is_judged_beside_its_rivals_and_its_card_keeps_it(
    tmp_path: Path, told: Told
) -> None:
    plan = seasons.write_plan(tmp_path)
    folder = policies.write(tmp_path / "policy", HOLDS, policies.card(HOLDS))
    page = tmp_path / "page.html"
    done = CliRunner().invoke(
        app, ["evaluate", str(plan), "--policy", str(folder), "--report", str(page)]
    )
    assert done.exit_code == 0, done.output
    card, _ = read_policy(folder)
    (held_out,) = card.held_out
    assert (held_out.weather.name, held_out.seasons) == ("unseen", 2)
    worth = {one.controller: one for one in held_out.figures if one.name == "worth"}
    assert list(worth) == ["policy", "rules", "tuned", "planner"]
    # A policy that holds the rules' set-points does as the rules do.
    alike = worth["rules"].less_policy
    assert alike is not None
    assert alike.mean == pytest.approx(0.0, abs=1e-6)
    assert "<svg" in page.read_text()
    assert lived(told) == {f"unseen, {who}" for who in worth}


def test_the_benchmarks_tomatoes_have_rules_by_bands_and_such_as_were_found_as_rivals(
    tmp_path: Path,
) -> None:
    plan = seasons.write_plan(tmp_path, "tomato_benchmark")
    house = House.TOMATO_BENCHMARK
    closed = policies.model([[0.0] * 6] * len(inputs_of(house)), [0.0] * 6)
    folder = policies.write(tmp_path / "policy", closed, policies.card(closed, house))
    done = CliRunner().invoke(app, ["evaluate", str(plan), "--policy", str(folder)])
    assert done.exit_code == 0, done.output
    (held_out,) = read_policy(folder)[0].held_out
    figures = {(one.controller, one.name): one.value.mean for one in held_out.figures}
    assert {who for who, _ in figures} == {"policy", "rules", "tuned", "planner"}
    # The actuators begin half open and creep shut.
    assert 0.0 < figures["policy", "electricity"] < 0.1 < figures["rules", "electricity"]
    assert figures["policy", "profit"] > figures["policy", "worth"], "monsoon air is too damp"


def test_a_front_is_told_for_each_weighing_and_drawn(tmp_path: Path, told: Told) -> None:
    plan = seasons.write_plan(tmp_path)
    # Nothing but the front is searched for.
    plan.write_text(
        plan.read_text().replace("ahead_steps = 4", "ahead_steps = 0")
        + "front = [{ electricity_kwh = 0.2, stressed_m2_h = 1e-3 },"
        " { electricity_kwh = 2.0, stressed_m2_h = 1e-3 }]\n"
    )
    apart = tmp_path / "apart"
    apart.mkdir()
    plan = plan.rename(apart / "plan.toml")
    folder = policies.write(tmp_path / "policy", HOLDS, policies.card(HOLDS))
    page = tmp_path / "page.html"
    options = ["--policy", str(folder), "--report", str(page), "--weather", str(tmp_path)]
    done = CliRunner().invoke(app, ["evaluate", str(plan), *options])
    assert done.exit_code == 0, done.output
    lines = [line for line in done.output.splitlines() if "kWh/m2" in line and "stages" in line]
    assert len(lines) == 2
    assert all(line.startswith("unseen ") for line in lines)
    assert lived(told) >= {"unseen, front of the policy", "unseen, front of stages"}
    assert page.read_text().count("<circle") >= 2 + SHIFTS


@pytest.mark.parametrize("house", ["lettuce", "greenhouse"])
def test_no_front_is_told_of_what_has_no_birds(tmp_path: Path, house: str) -> None:
    plan = seasons.write_plan(tmp_path, house)
    plan.write_text(
        plan.read_text() + "front = [{ electricity_kwh = 0.2, stressed_m2_h = 1e-3 }]\n"
    )
    folder = policies.write(tmp_path / "policy", HOLDS, policies.card(HOLDS))
    done = CliRunner().invoke(app, ["evaluate", str(plan), "--policy", str(folder)])
    assert done.exit_code == 2
    assert "flock" in done.output


@pytest.mark.parametrize("command", ["train", "export", "evaluate"])
def test_a_plan_that_is_none_is_told_in_one_line(tmp_path: Path, command: str) -> None:
    absent = str(tmp_path / "absent.toml")
    options = {
        "train": ["--run", str(tmp_path)],
        "export": ["--run", str(tmp_path), "--out", str(tmp_path)],
        "evaluate": ["--policy", str(tmp_path)],
    }
    done = CliRunner().invoke(app, [command, absent, *options[command]])
    assert done.exit_code == 2
    assert len(done.output.strip().splitlines()) == 1


def test_what_evolves_is_learned_and_told_without_what_only_other_learners_need(
    tmp_path: Path, told: Told
) -> None:
    plan = seasons.write_plan(tmp_path, "tomato_benchmark", learning=seasons.EVOLUTION)
    run = ["--run", str(tmp_path / "run")]
    done = CliRunner().invoke(app, ["train", str(plan), *run])
    assert done.exit_code == 0, done.output
    assert told == {"learned": [(part, 7) for part in range(1, 8)]}
    assert done.output.splitlines()[-1] == f"{46 * STEPS_A_DAY} decisions were learned from."
    again = CliRunner().invoke(app, ["train", str(plan), *run])
    assert again.output == done.output
    assert len(told["learned"]) == 7


@pytest.mark.training
def test_what_evolved_is_frozen_once_there_is_a_run(tmp_path: Path) -> None:
    plan = seasons.write_plan(tmp_path, "tomato_benchmark", learning=seasons.EVOLUTION)
    run, out = ["--run", str(tmp_path / "run")], ["--out", str(tmp_path / "policy")]
    none = CliRunner().invoke(app, ["export", str(plan), *run, *out])
    assert none.exit_code == 2
    assert "holds no run" in none.output
    CliRunner().invoke(app, ["train", str(plan), *run])
    done = CliRunner().invoke(app, ["export", str(plan), *run, *out])
    assert done.exit_code == 0, done.output
    card, _ = read_policy(tmp_path / "policy")
    assert done.output.startswith(f"{card.version}: answers differ by ")
    assert card.learning.steps == 46 * STEPS_A_DAY
