"""What `tokkatot simulate` says on the command line, and how it ends."""

import pytest
from typer.testing import CliRunner

from tokkatot.cli.simulate import app
from tokkatot.sim.sabotage import SABOTAGES

SHORT = "--days", "0.002"


def test_a_run_in_which_every_promise_was_kept_ends_well_and_with_its_trace() -> None:
    done = CliRunner().invoke(app, ["--seed", "3", *SHORT])

    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1].startswith("trace ")


def test_a_run_in_which_a_promise_was_broken_says_which_and_ends_badly() -> None:
    sabotage = SABOTAGES["ack-before-commit"]
    days, seed = str(sabotage.hours / 24), str(sabotage.seed)

    done = CliRunner().invoke(app, ["--seed", seed, "--days", days, "--sabotage", sabotage.name])

    assert done.exit_code == 1
    assert f": {sabotage.shows}: " in done.stdout
    assert done.stdout.splitlines()[-1].startswith("trace ")


def test_the_sabotages_are_listed_by_their_names() -> None:
    done = CliRunner().invoke(app, ["--list-sabotages"])

    assert done.exit_code == 0
    assert done.stdout.splitlines() == list(SABOTAGES)
    assert len(SABOTAGES) >= 12


@pytest.mark.parametrize("name", ["nonsense", ""])
def test_a_sabotage_that_does_not_exist_is_refused(name: str) -> None:
    assert CliRunner().invoke(app, ["--sabotage", name, *SHORT]).exit_code == 2
