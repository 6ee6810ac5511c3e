"""Puts the built web app into the wheel, building it first where it is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebAppHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's type is not generic in use
    """Adds web/dist to the wheel as tokkatot/web_dist."""

    PLUGIN_NAME = "custom"

    # typing_extensions is no build dependency, so this can't say @override.
    def initialize(  # type: ignore[explicit-override]
        self, version: str, build_data: dict[str, Any]
    ) -> None:
        """Build the web app if need be; an editable install serves it from the checkout."""
        if self.target_name != "wheel" or version == "editable":
            return
        web = Path(self.root) / "web"
        dist = web / "dist"
        if not (dist / "index.html").is_file():
            npm = shutil.which("npm")
            if npm is None:
                sys.exit("The web app is not built and npm is missing: run `make web` first.")
            subprocess.run([npm, "ci"], cwd=web, check=True)
            subprocess.run([npm, "run", "build"], cwd=web, check=True)
        build_data["force_include"][str(dist)] = "tokkatot/web_dist"
