"""The published lettuce benchmark, learned anew from five seeds by the plan that is shipped."""

import json
import os
import subprocess
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tokkatot.climate.judge.controllers import Learned
from tokkatot.climate.judge.judging import Lived, live, seasons
from tokkatot.climate.plan import find_plan, read_plan, read_weathers
from tokkatot.climate.policy.running import Policy

FOLDER = os.environ.get("TOKKATOT_BENCH_LETTUCE_GYM")  # noqa: TID251 - where a person installed it

pytestmark = [
    pytest.mark.proof,
    pytest.mark.training,
    pytest.mark.shared_data,
    pytest.mark.timeout(4 * 3600),  # two minutes of a processor for each seed
    pytest.mark.xdist_group("kernel"),
]

SEEDS = range(1, 6)
PUBLISHED = 2.89
"""What the best learner there earns (SAC, told the weather to come); PPO, told less, earns 2.36."""

PROGRAM = """
import json, sys
from lettuce_greenhouse_gym import LettuceGreenhouseEnv
env, earned = LettuceGreenhouseEnv(), 0.0
env.reset(seed=0)
for controls in json.load(sys.stdin):
    _, reward, over, _, _ = env.step(env.encode_control(controls))
    earned += reward
print(json.dumps([earned, over]))
"""


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> list[Lived]:
    """Learn from each seed, freeze it, and let the file steer the season."""
    from tokkatot.climate.train.exporting import export  # noqa: PLC0415
    from tokkatot.climate.train.learning import Learner  # noqa: PLC0415

    shipped = read_plan(find_plan(Path("lettuce")))
    ((seen, series),) = read_weathers(shipped.learn_from, shared_data / "climate" / "greenlight")
    came = []
    for seed in SEEDS:
        folder = tmp_path_factory.mktemp("seed")
        plan = msgspec.structs.replace(shipped, seed=seed)
        learner = Learner(plan, [series])
        learner.learn(folder / "run", lambda *_: None)
        export(learner, [seen], folder / "policy")
        policy = Learned(Policy.load(folder / "policy"))
        came.append(live(plan, series, seasons(plan, series), policy))
    return came


def test_each_of_five_seeds_earns_more_than_what_is_published_of_learners(
    lived: list[Lived],
) -> None:
    earned = [float(came.figures["worth"][0]) for came in lived]
    assert len(earned) == len(SEEDS)
    assert min(earned) > PUBLISHED, earned


@pytest.mark.skipif(FOLDER is None, reason="TOKKATOT_BENCH_LETTUCE_GYM names no environment")
def test_the_same_controls_earn_the_same_in_the_published_environment(lived: list[Lived]) -> None:
    assert FOLDER is not None
    units = np.array([1e6, 1e3, 1.0])
    for came in lived:
        done = subprocess.run(
            (Path(FOLDER) / "bin" / "python", "-c", PROGRAM),
            input=json.dumps((came.seen[:, -3:] * units).tolist()),
            capture_output=True, text=True, check=True, timeout=300,
        )  # fmt: skip
        earned, over = json.loads(done.stdout.splitlines()[-1])
        assert over
        assert earned == pytest.approx(came.figures["worth"][0], abs=1e-6)
