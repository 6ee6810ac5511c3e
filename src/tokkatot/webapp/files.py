"""Where the built web app lies."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def find_web_app() -> Path | None:
    """Return the folder with index.html: in the installed package, or built in the checkout."""
    for folder in (_PACKAGE / "web_dist", _PACKAGE.parents[1] / "web" / "dist"):
        if (folder / "index.html").is_file():
            return folder
    return None
