"""`tokkatot vision train`, `export` and `evaluate`, one after the other, on drawn pictures."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.support.pictures import drawn, write_set
from tokkatot.cli.main import build
from tokkatot.vision.evaluate import figures
from tokkatot.vision.findings import FINDINGS

pytestmark = [pytest.mark.training, pytest.mark.timeout(600)]

CONFIG = """
drawn_impostors = 16
threads = 1

[split]
seed = 1
validation = 0.2
test = 0.2
unseen = 0.0

[members.small]
kind = "network"
network = "small"
seed = 1
epochs = 2
batch = 8
rate = 1e-3
width = 4
precision = "float32"

[members.colours]
kind = "kernel"
seed = 2
landmarks = 12
variations = 1
"""


def called(*words: str | Path) -> Result:
    arguments = ["vision", *map(str, words)]
    return CliRunner().invoke(build(arguments), arguments)


def test_two_sets_are_learned_from_frozen_and_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_, marks, run, out = (tmp_path / name for name in ("set", "marks", "run", "models"))
    write_set(
        set_,
        {
            finding.value: [drawn(100 * place + n, width=112, height=112) for n in range(15)]
            for place, finding in enumerate(FINDINGS)
        },
    )
    write_set(marks, {"salmonella": [drawn(1000 + n) for n in range(5)]})
    config = tmp_path / "ensemble.toml"
    config.write_text(CONFIG)
    monkeypatch.setattr(figures, "_IMPOSTORS", 8)
    sets: tuple[str | Path, ...] = ("--data", set_, "--data", marks)
    learned_by = (*sets, "--weights", tmp_path, "--out", run, "--config", config)

    learned = called("train", *learned_by)
    again = called("train", *learned_by)
    frozen = called("export", "--run", run, *sets, "--out", out, "--config", config)
    alone = called("export", "--run", run, "--data", set_, "--out", out, "--config", config)
    by_ours = called("export", "--run", run, *sets, "--out", out)
    held_out = (*sets, "--split", run / "split.csv")
    judged = called("evaluate", *held_out, "--models", out, "--json")

    assert [line.split(",")[0] for line in learned.stderr.splitlines()[:4]] == [
        "small: round 1 of 2",
        "small: round 2 of 2",
        "colours: learns from 39 photographs and 16 drawn pictures",
        "colours: learned",
    ]
    assert [line.split(" ")[1] for line in learned.stderr.splitlines()[4:]] == ["temperature"] * 2
    assert again.stderr.splitlines() == learned.stderr.splitlines()[2:]
    assert frozen.exit_code == 0
    assert "the largest difference of an answer is" in frozen.stdout
    assert (alone.exit_code, by_ours.exit_code) == (2, 2)
    assert "another division" in alone.stderr
    assert "no finished learning by these settings" in by_ours.stderr
    told = {one["figure"] for one in map(json.loads, judged.stdout.splitlines())}
    assert {"accuracy", "ece", "spoiled_refused"} <= told
    assert "learned from" not in judged.stderr
    assert "learned from" in called("evaluate", *sets, "--models", out).stderr
