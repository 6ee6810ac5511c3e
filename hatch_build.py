"""Puts the built web app into the wheel, building it first where it is missing."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from types import ModuleType


class WebAppHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's type is not generic in use
    """Adds web/dist to the wheel as tokkatot/web_dist."""

    PLUGIN_NAME = "custom"

    # typing_extensions is no build dependency, so these can't say @override.
    def dependencies(self) -> list[str]:  # type: ignore[explicit-override]
        """Ask for Node as a wheel where the app must be built and the machine has none."""
        npm = _npm(self.root)
        return [npm.WHEEL] if self._must_build() and not npm.machine_has_node() else []

    def initialize(  # type: ignore[explicit-override]
        self, version: str, build_data: dict[str, Any]
    ) -> None:
        """Build the web app if need be; an editable install serves it from the checkout."""
        if self.target_name != "wheel" or version == "editable":
            return
        if self._must_build():
            npm = _npm(self.root)
            for arguments in (("ci",), ("run", "build")):
                if npm.run_npm(*arguments) != 0:
                    sys.exit(f"The web app can't be built: npm {' '.join(arguments)} failed.")
        build_data["force_include"][str(self._dist)] = "tokkatot/web_dist"

    @property
    def _dist(self) -> Path:
        return Path(self.root) / "web" / "dist"

    def _must_build(self) -> bool:
        return not (self._dist / "index.html").is_file()


def _npm(root: str) -> ModuleType:
    spec = spec_from_file_location("tokkatot_npm", Path(root) / "tools" / "npm.py")
    assert spec is not None, "the sdist holds tools/"
    assert spec.loader is not None, "a file has a loader"
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
