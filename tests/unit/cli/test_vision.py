"""What `tokkatot vision` refuses before it does anything, and how it tells what it judged."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.support.pictures import drawn, encoded, write_set
from tokkatot.cli.main import build
from tokkatot.vision.data.photos import read_photos
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


def test_of_a_split_only_what_it_holds_out_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, split = tmp_path / "set", tmp_path / "split.csv"
    write_set(folder, {"healthy": [drawn(1), drawn(2), drawn(3)], "salmonella": [drawn(4)]})
    (folder / "healthy/1.png").write_bytes(b"learned from: nobody may look at it")
    parts = ("healthy/0.png,test", "healthy/1.png,train", "healthy/2.png,validation")
    split.write_text("\n".join(("file,part", *parts, "salmonella/0.png,unseen")))
    monkeypatch.setattr(figures, "_IMPOSTORS", 8)

    result = called("evaluate", "--data", folder, "--split", split)

    counts = {line.split()[0]: int(line.split()[-1]) for line in result.stdout.splitlines()}
    assert "refused" not in result.stderr
    assert counts["accuracy"] == 2
    assert counts["healthy_alert_rate"] == counts["sick_alert_rate"] == 1
    assert counts["unseen_scene_accuracy"] == 1


@pytest.mark.parametrize(
    ("column", "part", "told"),
    [("group_id", "test", "group one"), ("scene_id", "unseen", "unseen scene one")],
)
def test_a_split_that_leaks_proves_nothing(
    tmp_path: Path, column: str, part: str, told: str
) -> None:
    folder, split = tmp_path / "set", tmp_path / "split.csv"
    write_set(folder, {"healthy": [drawn(1), drawn(2)]})
    rows = ("healthy/0.png,healthy,one", "healthy/1.png,healthy,one")
    (folder / "manifest.csv").write_text("\n".join((f"file,class,{column}", *rows)))
    split.write_text(f"file,part\nhealthy/0.png,train\nhealthy/1.png,{part}")

    result = called("evaluate", "--data", folder, "--split", split)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.endswith(f"stand apart: {told}.\n")


def test_what_stands_apart_among_what_was_learned_from_takes_nothing_from_a_judgement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, split = tmp_path / "set", tmp_path / "split.csv"
    write_set(folder, {"healthy": [drawn(1), drawn(2), drawn(3)]})
    rows = ("healthy/0.png,healthy,one", "healthy/1.png,healthy,one", "healthy/2.png,healthy,two")
    (folder / "manifest.csv").write_text("\n".join(("file,class,group_id", *rows)))
    parts = ("healthy/0.png,train", "healthy/1.png,validation", "healthy/2.png,test")
    split.write_text("\n".join(("file,part", *parts)))
    monkeypatch.setattr(figures, "_IMPOSTORS", 8)

    judged = called("evaluate", "--data", folder, "--split", split)

    assert (judged.exit_code, judged.stderr) == (0, "")
    assert called("data", "check", folder, "--split", split).exit_code == 1


def test_one_of_several_sets_is_judged_by_the_split_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, split = tmp_path / "marks", tmp_path / "split.csv"
    write_set(folder, {"healthy": [drawn(1), drawn(2)]})
    parts = ("marks/healthy/0.png,test", "marks/healthy/1.png,train", "set/healthy/0.png,train")
    split.write_text("\n".join(("file,part", *parts)))
    monkeypatch.setattr(figures, "_IMPOSTORS", 8)

    judged = called("evaluate", "--data", folder, "--split", split)

    counts = {line.split()[0]: int(line.split()[-1]) for line in judged.stdout.splitlines()}
    assert counts["accuracy"] == 1
    assert called("data", "check", folder, "--split", split).exit_code == 0


def test_a_report_for_a_folder_that_is_not_there_is_refused_before_anything_is_judged(
    tmp_path: Path,
) -> None:
    write_set(tmp_path / "set", {"healthy": [drawn(1)]})
    page = tmp_path / "none" / "report.html"

    result = called("evaluate", "--data", tmp_path / "set", "--report", page)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"There is no folder {page.parent}.\n"


def test_files_that_are_refused_cost_no_figure_and_neither_does_a_class_of_no_dropping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_set(
        tmp_path / "set",
        {
            "healthy": [drawn(1)],
            "salmonella": [drawn(3), drawn(4, width=60, height=60)],
            "no_dropping": [drawn(5), drawn(6).convert("L")],
        },
    )
    (tmp_path / "set/healthy/grey.jpg").write_bytes(encoded(drawn(2).convert("L")))
    cut_off = tmp_path / "set/newcastle/cut.jpg"
    cut_off.parent.mkdir()
    cut_off.write_bytes(encoded(drawn(7))[:-900])
    monkeypatch.setattr(figures, "_IMPOSTORS", 8)
    page = tmp_path / "report.html"

    result = called("evaluate", "--data", tmp_path / "set", "--report", page)

    counts = {line.split()[0]: int(line.split()[-1]) for line in result.stdout.splitlines()}
    assert result.exit_code == 0
    assert "4 of 7 files are refused as they are" in result.stderr
    assert "refused: newcastle/cut.jpg: " in result.stderr
    assert (counts["accuracy"], counts["good_refused"]) == (5, 5)
    assert counts["spoiled_refused"] == 2
    assert counts["non_dropping_refused"] == 8 + 2
    assert counts["untaught_non_dropping_refused"] == 8
    assert "Refused as it is: newcastle/cut.jpg" in page.read_text()


def test_a_folder_of_no_droppings_alone_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_set(tmp_path / "set", {"no_dropping": [drawn(1)]})
    monkeypatch.setattr(figures, "_IMPOSTORS", 8)
    page = tmp_path / "report.html"

    result = called("evaluate", "--data", tmp_path / "set", "--report", page)

    told = [line.split()[0] for line in result.stdout.splitlines()]
    assert told == ["non_dropping_refused", "untaught_non_dropping_refused"]


@pytest.mark.shared_data
def test_who_judges_what_was_learned_from_is_told_so(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = read_photos(shared_data / "vision").photos
    folder = tmp_path / "set"
    for photo in photos[::600]:
        path = folder / photo.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((shared_data / "vision" / photo.name).read_bytes())
    (folder / "healthy/other.png").write_bytes(encoded(drawn(1), "PNG"))
    monkeypatch.setattr(figures, "_IMPOSTORS", 8)

    result = called("evaluate", "--data", folder)

    told = re.search(r"(\d+) of 12 photographs are among those that", result.stderr)
    assert told is not None
    assert 4 <= int(told[1]) < 12


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
