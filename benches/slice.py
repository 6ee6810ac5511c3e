"""The first slice: a tap, a reading, a full stream, the hub's size, the app's size, the start."""

from collections.abc import Sequence
from pathlib import Path

from benches.support import ingest, runs, screen
from benches.support.servers import need_mosquitto
from benches.support.together import Figures, Together, run_together, say
from tests.support.stack import Stack
from tokkatot.cli.bench import Report

UNITS = {
    "tap_to_confirmed_p95_ms": "ms",
    "reading_to_screen_p95_ms": "ms",
    "hub_rss_mb": "MiB",
    "initial_js_css_gz_kb": "kB",
    "stored_readings_per_s": "1/s",
    "first_run_s": "s",
    "next_run_s": "s",
}
FIGURES = tuple(UNITS)


def _farm(folder: Path, figures: Sequence[str]) -> Figures:
    need_mosquitto()
    if set(figures) & set(screen.BROWSED):
        screen.need_chromium()
    with Stack.start(folder) as stack:
        yield from screen.measure(stack, figures, say=say)


def _streams(folder: Path, _figures: Sequence[str]) -> Figures:
    need_mosquitto()
    with Stack.start(folder) as stack:
        yield "stored_readings_per_s", ingest.measure(stack, say=say)


def _runs(folder: Path, _figures: Sequence[str]) -> Figures:
    return runs.measure(folder, say=say)


TOGETHER: Together = {FIGURES[:4]: _farm, FIGURES[4:5]: _streams, FIGURES[5:]: _runs}


def run(figures: Sequence[str], report: Report) -> None:
    """Measure the figures that are asked for; what can't be measured here is left out and told."""
    run_together(TOGETHER, UNITS, figures, report)
