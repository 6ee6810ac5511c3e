"""What screens wait for: changes over thousands of sockets, and answers while many ask."""

from collections.abc import Sequence
from pathlib import Path

from benches.support import dashboard, sockets
from benches.support.together import Figures, Together, run_together, say
from tokkatot.cli.bench import Report

UNITS = {
    sockets.SOCKETS: "1",
    sockets.FANOUT: "ms",
    sockets.SIZE: "KiB",
    dashboard.API: "ms",
}
FIGURES = tuple(UNITS)


def _sockets(folder: Path, _figures: Sequence[str]) -> Figures:
    return sockets.measure(folder, say)


def _dashboard(folder: Path, _figures: Sequence[str]) -> Figures:
    return dashboard.measure(folder, say)


TOGETHER: Together = {sockets.FIGURES: _sockets, (dashboard.API,): _dashboard}


def run(figures: Sequence[str], report: Report) -> None:
    """Measure the figures that are asked for; what can't be measured here is left out and told."""
    run_together(TOGETHER, UNITS, figures, report)
