"""What make does and in which order, with a stand-in for Python and all that it installs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.needs("make")

# Makes environments whose Python is this file again; what it is asked for is noted.
PYTHON = """#!/bin/sh
say() { echo "$@" >> "$NOTES"; }
case "$*" in
    *--machine-has-node*) exit 1 ;;
    "-m venv "*)
        say "makes $3"
        mkdir -p "$3/bin"
        cp "$0" "$3/bin/python"
        cp "$0" "$3/bin/pytest"
        touch "$3/pyvenv.cfg"
        [ ! -e fails ] || exit 1
        ;;
    "-c import pip") [ ! -e other ] || exit 1 ;;
    *" pip "*" install "*) say "begins $*"; sleep "$PIP_TAKES_S"; say "ends $*" ;;
esac
case "$0" in *pytest) say "pytest $*" ;; esac
"""


class Checkout:
    """A folder with what make reads, and notes of what it started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("Makefile", "pyproject.toml", "hatch_build.py"):
            shutil.copy(ROOT / name, folder / name)
        shutil.copytree(ROOT / "requirements", folder / "requirements")
        (folder / "tools").mkdir()
        (folder / "tools" / "npm.py").touch()
        (folder / "web").mkdir()
        for name in ("package.json", "package-lock.json", ".npmrc"):
            (folder / "web" / name).touch()
        (folder / "python").write_text(PYTHON)
        (folder / "python").chmod(0o755)

    def make(self, *arguments: str, pip_takes_s: float = 0.0) -> "subprocess.CompletedProcess[str]":
        """Run make without what a make around these tests told its children."""
        (self.folder / "notes").write_text("")
        return subprocess.run(
            ("make", "PYTHON=./python", *arguments),
            cwd=self.folder,
            env={
                "PATH": os.environ.get("PATH", os.defpath),  # noqa: TID251 - where make is
                "NOTES": str(self.folder / "notes"),
                "PIP_TAKES_S": str(pip_takes_s),
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    @property
    def notes(self) -> list[str]:
        """Lines of what was started since make was."""
        return (self.folder / "notes").read_text().splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_proof_runs_what_needs_the_packages_of_learning_too(checkout: Checkout) -> None:
    # No other target installs them, so a test of learning that this one leaves out runs nowhere.
    done = checkout.make("proof")
    assert done.returncode == 0, done.stderr
    assert checkout.notes[-1].startswith("pytest -m proof or training ")
    assert any("requirements/train.txt" in note for note in checkout.notes)


def test_one_pip_at_a_time_works_in_the_environment(checkout: Checkout) -> None:
    done = checkout.make("-j4", "proof", pip_takes_s=0.3)
    assert done.returncode == 0, done.stderr
    pips = [note.split(" ", 1) for note in checkout.notes if note.startswith(("begins", "ends"))]
    assert len(pips) >= 12
    for (begins, one), (ends, same) in zip(pips[::2], pips[1::2], strict=True):
        assert (begins, ends) == ("begins", "ends")
        assert one == same


def test_an_environment_that_could_not_be_made_is_not_left_half_way(checkout: Checkout) -> None:
    (checkout.folder / "fails").touch()
    done = checkout.make("setup")
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stderr
    assert not (checkout.folder / ".venv").exists()
    (checkout.folder / "fails").unlink()
    assert checkout.make("setup").returncode == 0


def test_what_is_set_up_is_not_set_up_again(checkout: Checkout) -> None:
    assert checkout.make("dev").returncode == 0
    assert checkout.make("dev").returncode == 0
    assert checkout.notes == []


def test_after_an_upgrade_of_python_everything_is_installed_for_the_new_one(
    checkout: Checkout,
) -> None:
    assert checkout.make("dev").returncode == 0
    # The packages belong to another Python than the one that the links lead to now.
    (checkout.folder / "other").touch()
    assert checkout.make("dev").returncode == 0
    assert checkout.notes[0] == "makes .venv"
    assert any("requirements/base.txt" in note for note in checkout.notes)
    assert any("requirements/dev.txt" in note for note in checkout.notes)
