"""`tokkatot vision data` on small sets."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.support.pictures import drawn, write_set
from tokkatot.cli.main import build
from tokkatot.vision.data.photos import read_photos
from tokkatot.vision.data.splits import Part, read_split


def called(*words: str | Path) -> Result:
    arguments = ["vision", "data", *map(str, words)]
    return CliRunner().invoke(build(arguments), arguments)


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    root = tmp_path / "set"
    write_set(
        root,
        {
            "healthy": [drawn(seed) for seed in range(10)],
            "salmonella": [drawn(seed) for seed in range(20, 30)],
        },
    )
    return root


def test_a_sound_set_passes(sound: Path) -> None:
    result = called("check", sound)

    assert (result.exit_code, result.stdout) == (0, "20 photographs, 0 errors, 0 notes\n")


def test_a_set_with_a_conflict_fails_and_names_it(sound: Path) -> None:
    (sound / "salmonella" / "x.png").write_bytes((sound / "healthy" / "0.png").read_bytes())

    result = called("check", sound)

    assert result.exit_code == 1
    assert "conflict: healthy/0.png and salmonella/x.png" in result.stdout


@pytest.mark.parametrize("grouped", [False, True], ids=["copy", "group"])
def test_what_the_check_calls_a_conflict_is_not_divided(
    sound: Path, tmp_path: Path, grouped: bool
) -> None:
    name = "5.png" if grouped else "x.png"
    (sound / "salmonella" / "x.png").write_bytes((sound / "healthy" / "0.png").read_bytes())
    if grouped:
        names = [("healthy", "0.png", "g1"), ("salmonella", "5.png", "g1")]
        rows = [f"{label}/{file},{label},{group}" for label, file, group in names]
        (sound / "manifest.csv").write_text("\n".join(("file,class,group_id", *rows)))

    result = called("split", sound, "--out", tmp_path / "split.csv")

    assert result.exit_code == 2
    assert "healthy" in result.stderr
    assert f"salmonella/{name}" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "split.csv").exists()


def test_copies_of_one_label_are_divided_together(sound: Path, tmp_path: Path) -> None:
    (sound / "healthy" / "copy.png").write_bytes((sound / "healthy" / "0.png").read_bytes())
    out = tmp_path / "split.csv"

    result = called("split", sound, "--out", out)

    split = read_split(out, read_photos(sound).photos)
    assert result.exit_code == 0
    assert split["healthy/copy.png"] is split["healthy/0.png"]


def test_a_folder_that_is_not_there_is_told_before_anything_is_read(
    sound: Path, tmp_path: Path
) -> None:
    (sound / "healthy" / "broken.png").write_bytes(b"no picture")

    nowhere = called("split", sound, "--out", tmp_path / "none" / "split.csv")
    folder = called("split", sound, "--out", tmp_path)

    assert (nowhere.exit_code, folder.exit_code) == (2, 2)
    assert nowhere.stderr == f"There is no folder {tmp_path / 'none'}.\n"
    assert folder.stderr == f"{tmp_path} is a folder; name a file.\n"


def test_a_set_is_divided_and_the_split_passes_the_check(sound: Path, tmp_path: Path) -> None:
    out = tmp_path / "split.csv"

    divided = called("split", sound, "--out", out, "--test", "0.2", "--validation", "0.2")

    parts = list(read_split(out, read_photos(sound).photos).values())
    assert divided.exit_code == 0
    assert (parts.count(Part.TEST), parts.count(Part.VALIDATION)) == (4, 4)
    assert divided.stdout.splitlines()[-1].split() == ["all", "20", "0", "0", "12", "4", "4", "0"]
    assert called("check", sound, "--split", out).exit_code == 0


def test_sets_that_are_used_together_are_looked_at_together(sound: Path, tmp_path: Path) -> None:
    marks, out = tmp_path / "marks", tmp_path / "split.csv"
    write_set(marks, {"healthy": [drawn(40)], "salmonella": [drawn(41)]})

    divided = called("split", sound, marks, "--out", out)
    checked = called("check", sound, marks, "--split", out)
    (marks / "healthy" / "x.png").write_bytes((sound / "salmonella" / "0.png").read_bytes())
    contradicted = called("check", sound, marks)

    assert divided.stdout.splitlines()[-1].split()[:2] == ["all", "22"]
    assert checked.stdout == "22 photographs, 0 errors, 0 notes\n"
    assert "conflict: marks/healthy/x.png and set/salmonella/0.png" in contradicted.stdout


def test_a_split_that_leaks_fails(sound: Path, tmp_path: Path) -> None:
    (sound / "healthy" / "copy.png").write_bytes((sound / "healthy" / "0.png").read_bytes())
    out = tmp_path / "split.csv"
    names = [photo.name for photo in read_photos(sound).photos]
    lines = [f"{name},{'test' if name == 'healthy/copy.png' else 'train'}" for name in names]
    out.write_text("\n".join(("file,part", *lines)))

    result = called("check", sound, "--split", out)

    assert result.exit_code == 1
    assert "leak: healthy/0.png and healthy/copy.png stand apart" in result.stdout


def test_shares_that_leave_nothing_to_learn_from_are_refused(sound: Path, tmp_path: Path) -> None:
    result = called(
        "split", sound, "--out", tmp_path / "s.csv", "--test", "0.5", "--validation", "0.5"
    )

    assert result.exit_code == 2
    assert not (tmp_path / "s.csv").exists()


@pytest.mark.parametrize("command", ["check", "stats"])
def test_a_folder_that_is_not_there_is_refused_in_one_line(command: str, tmp_path: Path) -> None:
    result = called(command, tmp_path / "nowhere")

    assert result.exit_code == 2
    assert result.stderr.strip() == f"There is no folder {tmp_path / 'nowhere'}."
