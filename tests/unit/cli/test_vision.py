"""What `tokkatot vision` refuses before it does anything, and how it tells what it judged."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.support.pictures import drawn, write_set
from tokkatot.cli.main import build
from tokkatot.vision.detect.ensemble import Ensemble
from tokkatot.vision.evaluate import figures


def called(*words: str | Path) -> Result:
    arguments = ["vision", *map(str, words)]
    return CliRunner().invoke(build(arguments), arguments)


@pytest.mark.parametrize("command", ["evaluate", "serve"])
def test_a_folder_without_models_is_refused_in_one_line(command: str, tmp_path: Path) -> None:
    write_set(tmp_path / "set", {"healthy": [drawn(1)]})
    data = ("--data", tmp_path / "set") if command == "evaluate" else ()

    result = called(command, *data, "--models", tmp_path)

    assert result.exit_code == 2
    assert result.stderr.startswith(f"There are no models in {tmp_path}")
    assert result.stderr.count("\n") == 1


def test_any_folder_by_class_is_judged_one_json_line_a_figure_with_a_page_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_set(tmp_path / "set", {"healthy": [drawn(1)], "salmonella": [drawn(2), drawn(3)]})
    monkeypatch.setattr(figures, "_IMPOSTORS", 8)
    page = tmp_path / "report.html"

    result = called("evaluate", "--data", tmp_path / "set", "--json", "--report", page)

    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert {name for one in told for name in one} == {"bench", "figure", "value", "unit"}
    assert {one["bench"] for one in told} == {"vision"}
    assert {"accuracy", "ece", "healthy_alert_rate", "centre_masked_alert_rate"} <= {
        one["figure"] for one in told
    }
    assert f"<title>Models {Ensemble.load().description.version}" in page.read_text()


@pytest.mark.training
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("members = 3", "members"),
        ("[split]\nseed = 1", "missing required field"),
        ("[members.a]\nkind = 'forest'", "forest"),
        ("= no toml", "Invalid"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_refused_with_its_field(
    text: str, told: str, tmp_path: Path
) -> None:
    write_set(tmp_path / "set", {"healthy": [drawn(1)]})
    config = tmp_path / "ensemble.toml"
    config.write_text("drawn_impostors = 1\n" + text)
    folders = ("--data", tmp_path / "set", "--out", tmp_path / "run", "--weights", tmp_path / "w")

    result = called("train", *folders, "--config", config)

    assert result.exit_code == 2
    assert str(config) in result.stderr
    assert told in result.stderr
    assert not (tmp_path / "run").exists()
