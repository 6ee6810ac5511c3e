"""Readings into the store: full batches, single messages, and how many others take."""

from collections.abc import Sequence
from pathlib import Path

from benches.support import killed, recorder, single, takers
from benches.support.together import Figures, Together, run_together, say
from tokkatot.cli.bench import Report

FIGURES = (killed.INGEST, *takers.FIGURES, *recorder.FIGURES, single.SINGLE)
UNITS = dict.fromkeys(FIGURES, "1/s")


def _ingest(folder: Path, _figures: Sequence[str]) -> Figures:
    return killed.measure(folder, say)


def _single(folder: Path, _figures: Sequence[str]) -> Figures:
    return single.measure(folder, say)


def _takers(folder: Path, figures: Sequence[str]) -> Figures:
    return takers.measure(folder, figures, say)


def _recorder(folder: Path, figures: Sequence[str]) -> Figures:
    return recorder.measure(folder, figures, say)


TOGETHER: Together = {
    (killed.INGEST,): _ingest,
    takers.FIGURES: _takers,
    recorder.FIGURES: _recorder,
    (single.SINGLE,): _single,
}


def run(figures: Sequence[str], report: Report) -> None:
    """Measure the figures that are asked for; what can't be measured here is left out and told."""
    run_together(TOGETHER, UNITS, figures, report)
