"""What `tokkatot vision` refuses is told in one line, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from tokkatot.cli.running import PortTaken

_REFUSED = 2


def check_writable(path: Path) -> None:
    """Make sure before long work that what comes of it can be written.

    Raises:
        DataRefused: where there is no folder for it, or it is one itself.
    """
    from tokkatot.vision.data.photos import DataRefused

    if not path.parent.is_dir():
        raise DataRefused(f"There is no folder {path.parent}.")
    if path.is_dir():
        raise DataRefused(f"{path} is a folder; name a file.")


@contextmanager
def refusals() -> Iterator[None]:
    """Tell a person in one line what they can mend."""
    from tokkatot.vision.data.photos import DataRefused
    from tokkatot.vision.detect.ensemble import ModelRefused

    try:
        yield
    except (DataRefused, ModelRefused, PortTaken) as refusal:
        typer.echo(str(refusal), err=True)
        raise typer.Exit(_REFUSED) from None
