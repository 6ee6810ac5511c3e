"""The alarms: how many people are called for, how soon they know, and what looking costs."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benches.support import failing, rung, told, watching
from tests.support.stack import Stack
from tokkatot.cli.bench import Report

UNITS = {
    failing.CALLED: "alarms",
    failing.LISTED: "alarms",
    watching.OURS: "1/s",
    watching.NAIVE: "1/s",
    told.MESSAGE: "ms",
    rung.RUNG: "ms",
}
FIGURES = tuple(UNITS)


def run(figures: Sequence[str], report: Report) -> None:
    """Measure the figures that are asked for."""
    if set(figures) & set(failing.FIGURES):
        for figure, value in failing.measure(say):
            if figure in figures:
                report(figure, value, UNITS[figure])
    if set(figures) & set(watching.FIGURES):
        for figure, value in watching.measure(say):
            if figure in figures:
                report(figure, value, UNITS[figure])
    if told.MESSAGE in figures:
        with (
            tempfile.TemporaryDirectory(prefix="tokkatot-bench-") as folder,
            Stack.start(Path(folder) / "farm") as stack,
        ):
            report(told.MESSAGE, told.measure(stack, say), UNITS[told.MESSAGE])
    if rung.RUNG in figures:
        with tempfile.TemporaryDirectory(prefix="tokkatot-bench-") as folder:
            for figure, value in rung.measure(Path(folder) / "run", say):
                report(figure, value, UNITS[figure])


def say(text: str) -> None:
    """Tell a person what goes on; standard output is for figures alone."""
    print(text, file=sys.stderr, flush=True)
