"""Whole farms in virtual time: every invariant holds, and every sabotage is caught."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from tokkatot.sim.run import simulate
from tokkatot.sim.sabotage import NONE, SABOTAGES

THREE_HOURS = 3 / 24


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(1, 21))
def test_a_farm_with_everything_that_goes_wrong_keeps_every_promise(seed: int) -> None:
    outcome = simulate(seed, days=THREE_HOURS, hubs=2 if seed % 5 == 0 else 1)

    assert outcome.violations == (), "\n".join(outcome.last)
    assert outcome.counts["agreed"] > 0
    assert outcome.counts["tap.here"] > 0
    assert outcome.readings > 0
    assert outcome.runs > 0


@pytest.mark.parametrize("name", list(SABOTAGES))
def test_a_mistake_that_is_made_on_purpose_is_caught(name: str) -> None:
    sabotage = SABOTAGES[name]

    outcome = simulate(sabotage.seed, days=sabotage.hours / 24, sabotage=sabotage)

    assert {violation.invariant for violation in outcome.violations} & {sabotage.shows}


@pytest.mark.parametrize("name", list(SABOTAGES))
def test_without_the_mistake_the_same_run_keeps_every_promise(name: str) -> None:
    sabotage = SABOTAGES[name]
    sound = replace(sabotage, patches=(), store=NONE.store, options=NONE.options)

    assert simulate(sabotage.seed, days=sabotage.hours / 24, sabotage=sound).violations == ()


@pytest.mark.proof
@pytest.mark.timeout(2 * 3600)
@pytest.mark.parametrize("month", range(1, 13))
def test_a_farm_keeps_every_promise_for_a_year(month: int) -> None:
    # Twelve farms of a month each, so that they may go side by side.
    outcome = simulate(1000 + month, days=365 / 12)

    assert outcome.violations == (), "\n".join(outcome.last)
    # In each of them something went on, and to its end: a day alone has more of each than that.
    assert outcome.simulated_s >= 365 / 12 * 86_400
    assert outcome.counts["agreed"] > 30
    assert outcome.counts["tap.here"] > 30
    assert outcome.readings > 30
    assert outcome.runs > 30


def test_the_same_seed_is_the_same_run_in_every_process() -> None:
    digests = {_digest(hash_seed) for hash_seed in ("0", "1")}

    assert len(digests) == 1


def _digest(hash_seed: str) -> str:
    command = (
        sys.executable,
        "-m",
        "tokkatot.cli.main",
        "simulate",
        "--seed",
        "3",
        "--days",
        "0.03",
    )
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},  # noqa: TID251 - a child inherits it
    )
    return done.stdout.splitlines()[-1]
