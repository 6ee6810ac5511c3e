"""The wheel alone is the whole program; too long for every run."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.processes import free_port
from tests.support.stack import Stack

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]


def run(*command: str | Path, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The interpreter of an environment that holds the wheel and what it asks for."""
    build = (sys.executable, "-m", "build", "--no-isolation", "--wheel")
    run(*build, "--outdir", tmp_path / "dist", cwd=ROOT)
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    interpreter = tmp_path / "venv" / "bin" / "python"
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    run(interpreter, "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    return interpreter


def test_the_wheel_in_an_empty_environment_serves_the_app_and_the_demo(
    tmp_path: Path, python: Path
) -> None:
    with Stack.start(tmp_path / "run", http_port=free_port(), interpreter=python) as stack:
        page = httpx.get(stack.url, timeout=60)
        body = {"login": "012345678", "password": "tokkatot-demo"}
        farms = httpx.post(f"{stack.url}/v1/auth/login", json=body, timeout=60).json()["farms"]

    assert page.headers["content-type"].startswith("text/html")
    assert [farm["name"] for farm in farms] == ["Kandal Farm"]
