"""Runs set-ups that measure several figures each, and leaves out what this machine lacks."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import getloadavg
from pathlib import Path

from benches.support.servers import Missing
from tokkatot.cli.bench import Report

Figures = Iterator[tuple[str, float]]
Measure = Callable[[Path, Sequence[str]], Figures]
Together = Mapping[tuple[str, ...], Measure]
"""Figures that are measured in the same set-up, with what measures them."""


def run_together(
    together: Together, units: Mapping[str, str], figures: Sequence[str], report: Report
) -> None:
    """Measure the figures that are asked for; what can't be measured here is left out and told."""
    for names, measure in together.items():
        wanted = [figure for figure in names if figure in figures]
        if not wanted:
            continue
        say(f"measuring {', '.join(wanted)}; load {getloadavg()[0]:.1f}")
        with tempfile.TemporaryDirectory(prefix="tokkatot-bench-") as name:
            try:
                for figure, value in measure(Path(name) / "run", wanted):
                    if figure in wanted:
                        report(figure, value, units[figure])
            except Missing as missing:
                say(f"{', '.join(wanted)}: left out; it needs {missing}")


def say(text: str) -> None:
    """Tell a person what goes on; standard output is for figures alone."""
    print(text, file=sys.stderr, flush=True)
