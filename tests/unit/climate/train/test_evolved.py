"""What evolved as a file: it answers what the network answered, and its card says so."""

from pathlib import Path

import numpy as np
import pytest

from tests.support import seasons
from tokkatot.climate.judge.controllers import Learned
from tokkatot.climate.judge.judging import live
from tokkatot.climate.judge.judging import seasons as judged
from tokkatot.climate.plan import digest_of, read_plan, read_weathers
from tokkatot.climate.policy.card import House, read_policy
from tokkatot.climate.policy.running import Policy
from tokkatot.climate.train.evolving import Evolver

# The first of them to run compiles, unless the machine code is kept from before: all on one worker.
pytestmark = [
    pytest.mark.training,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("kernel"),
]


@pytest.mark.parametrize("hidden", [0, 3])
@pytest.mark.parametrize(
    ("house", "kind"),
    [("tunnel", House.COOP), ("tomato_benchmark", House.TOMATO_BENCHMARK)],
)
def test_the_file_answers_what_was_learned(
    tmp_path: Path, house: str, kind: House, hidden: int
) -> None:
    from tokkatot.climate.train.evolved import export, parity  # noqa: PLC0415

    learning = seasons.EVOLUTION + f"hidden = {hidden}\n"
    plan = read_plan(seasons.write_plan(tmp_path, house, learning=learning))
    ((seen, series),) = read_weathers(plan.learn_from, tmp_path)
    one = Evolver(plan, [series])
    one.learn(tmp_path / "run", lambda *_: None)
    card = export(one, [seen], tmp_path / "policy")
    read, _ = read_policy(tmp_path / "policy")
    assert read == card
    assert (card.house, card.learning.steps) == (kind, one.decisions)
    assert card.learning.configuration_sha256 == digest_of(plan)
    policy = Policy.load(tmp_path / "policy")
    assert parity(one, policy) == card.parity < 1e-4
    came = live(plan, series, judged(plan, series), Learned(policy))
    assert np.isfinite(came.figures["worth"]).all()


def test_what_has_no_operator_is_no_file() -> None:
    from tokkatot.climate.train.graph import written  # noqa: PLC0415

    with pytest.raises(KeyError, match="arctan"):
        written(np.arctan, 2)
