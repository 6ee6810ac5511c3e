"""Readings into the store: full batches, single messages, and a rival's recorder."""

from collections.abc import Sequence
from pathlib import Path

from benches.support import killed, recorder, single
from benches.support.together import Figures, Together, run_together, say
from tokkatot.cli.bench import Report

UNITS = {killed.INGEST: "1/s", single.SINGLE: "1/s", recorder.HOME_ASSISTANT: "1/s"}
FIGURES = tuple(UNITS)


def _ingest(folder: Path, _figures: Sequence[str]) -> Figures:
    return killed.measure(folder, say)


def _single(folder: Path, _figures: Sequence[str]) -> Figures:
    return single.measure(folder, say)


def _recorder(folder: Path, _figures: Sequence[str]) -> Figures:
    return recorder.measure(folder, say)


TOGETHER: Together = {
    (killed.INGEST,): _ingest,
    (single.SINGLE,): _single,
    (recorder.HOME_ASSISTANT,): _recorder,
}


def run(figures: Sequence[str], report: Report) -> None:
    """Measure the figures that are asked for; what can't be measured here is left out and told."""
    run_together(TOGETHER, UNITS, figures, report)
