"""What `tokkatot vision` refuses is told in one line, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from tokkatot.cli.running import PortTaken

_REFUSED = 2


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
