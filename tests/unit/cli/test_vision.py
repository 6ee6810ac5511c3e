"""What `tokkatot vision` refuses before it does anything."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.support.pictures import drawn, write_set
from tokkatot.cli.main import build


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
