"""The alarms: how many people are called for, how soon they know, and what looking costs."""

from collections.abc import Sequence
from pathlib import Path

from benches.support import failing, rung, told, watching
from benches.support.servers import need_mosquitto
from benches.support.together import Figures, Together, run_together, say
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


def _failing(_folder: Path, _figures: Sequence[str]) -> Figures:
    return failing.measure(say)


def _watching(_folder: Path, _figures: Sequence[str]) -> Figures:
    return watching.measure(say)


def _told(folder: Path, _figures: Sequence[str]) -> Figures:
    need_mosquitto()
    with Stack.start(folder) as stack:
        yield told.MESSAGE, told.measure(stack, say)


def _rung(folder: Path, _figures: Sequence[str]) -> Figures:
    return rung.measure(folder, say)


TOGETHER: Together = {
    failing.FIGURES: _failing,
    watching.FIGURES: _watching,
    (told.MESSAGE,): _told,
    (rung.RUNG,): _rung,
}


def run(figures: Sequence[str], report: Report) -> None:
    """Measure the figures that are asked for; what can't be measured here is left out and told."""
    run_together(TOGETHER, UNITS, figures, report)
