"""`tokkatot bench NAME`: measure, one JSON line a figure on standard output."""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

import tokkatot
from tokkatot.cli.running import end_as_by_ctrl_c

app = typer.Typer()

Report = Callable[[str, float, str], None]
"""Takes figure, value and unit."""


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="A file of the folder benches.")],
    figures: Annotated[
        list[str] | None, typer.Argument(help="Only these figures; all where none is named.")
    ] = None,
) -> None:
    """Run a benchmark of the source tree."""
    root = Path(tokkatot.__file__).parents[2]
    known = sorted(path.stem for path in (root / "benches").glob("[a-z]*.py"))
    if not known:
        sys.exit("Benchmarks are part of the source tree; this is an installed package.")
    if name not in known:
        sys.exit(f"There is no benchmark {name!r}; there are {', '.join(known)}.")
    sys.path.insert(0, str(root))
    benchmark = import_module(f"benches.{name}")
    available = benchmark.FIGURES
    for figure in figures or ():
        if figure not in available:
            sys.exit(f"{name} has no figure {figure!r}; it has {', '.join(available)}.")
    chosen = [figure for figure in available if not figures or figure in figures]

    def report(figure: str, value: float, unit: str) -> None:
        print(line(name, figure, value, unit), flush=True)

    # What it has started runs in sessions of its own, and would outlive it.
    end_as_by_ctrl_c()
    benchmark.run(chosen, report)


def line(name: str, figure: str, value: float, unit: str) -> str:
    """Return a figure as it is printed: to three places, a small one to four digits.

    Raises:
        ValueError: where the value is no number, which JSON has no word for.
    """
    rounded = round(value, 3) if abs(value) >= 1 else float(f"{value:.4g}")
    fields = {"bench": name, "figure": figure, "value": rounded, "unit": unit}
    return json.dumps(fields, allow_nan=False)
