"""Our lettuce beside the published one, which runs in a virtual environment of its own."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tokkatot.climate.env.batches import Lettuces
from tokkatot.climate.env.draws import LettuceDraw, Seasons
from tokkatot.climate.weather.files import WUR_COLUMNS, read_columns

SHARED = Path(__file__).parents[5] / "shared" / "data" / "climate" / "greenlight"
FOLDER = os.environ.get("TOKKATOT_BENCH_LETTUCE_GYM")  # noqa: TID251 - where a person installed it

pytestmark = [
    pytest.mark.proof,
    pytest.mark.shared_data,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("kernel"),
    pytest.mark.skipif(FOLDER is None, reason="TOKKATOT_BENCH_LETTUCE_GYM names no environment"),
]

PROGRAM = """
import json
from lettuce_greenhouse_gym import LettuceGreenhouseEnv
from lettuce_greenhouse_gym.baselines import GrowerHeuristic, run_episode
log = run_episode(LettuceGreenhouseEnv(), GrowerHeuristic(), seed=0)
print(json.dumps([float(log.total_return), log.x.tolist(), log.u.tolist()]))
"""


def batch() -> Lettuces:
    """Return the published season: the file begins on 10 January, it on 9 February."""
    with (SHARED / "outdoorWeatherWurGlas2014.csv").open() as lines:
        weather = read_columns(lines, WUR_COLUMNS)
    seasons = Seasons(weathers=[weather], days=40, step_s=1800.0, first_day=30, every_days=1000)
    lettuces = Lettuces(LettuceDraw(seasons=seasons), 1)
    lettuces.plant(0, lettuces.draw.drawn(np.random.default_rng(0)))
    return lettuces


def test_under_the_growers_controls_states_and_earnings_are_the_published_ones() -> None:
    assert FOLDER is not None
    done = subprocess.run(
        (Path(FOLDER) / "bin" / "python", "-c", PROGRAM),
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    earned, states, controls = json.loads(done.stdout.splitlines()[-1])
    ours, worth = batch(), 0.0
    units = np.array([1e-6, 1e-3, 1.0])
    for step, (before, moved) in enumerate(zip(states, controls, strict=False)):
        here = ours.states[0]
        assert list(here.item()) == pytest.approx(before, rel=1e-6), step
        worth += float(ours.worth(ours.live(np.array([moved]) * units))[0])
    assert ours.lived[0] == 1920
    assert worth == pytest.approx(earned, abs=1e-6)
    assert earned == pytest.approx(-4.35, abs=0.005), "what its grower earns, as published"
