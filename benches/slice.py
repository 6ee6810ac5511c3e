"""The first slice: a tap, a reading, a full stream, the hub's size, the app's size, the start."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benches.support import ingest, runs, screen
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
_ON_A_FARM = FIGURES[:4]


def run(figures: Sequence[str], report: Report) -> None:
    """Measure the figures that are asked for; those that need the same set-up share one."""
    with tempfile.TemporaryDirectory(prefix="tokkatot-bench-") as name:
        folder = Path(name)
        if set(figures) & set(_ON_A_FARM):
            say("starting the demo farm")
            with Stack.start(folder / "farm") as stack:
                for figure, value in screen.measure(stack, figures, say=say):
                    report(figure, value, UNITS[figure])
        if "stored_readings_per_s" in figures:
            say("filling streams")
            with Stack.start(folder / "streams") as stack:
                report("stored_readings_per_s", ingest.measure(stack, say=say), "1/s")
        if {"first_run_s", "next_run_s"} & set(figures):
            for figure, value in runs.measure(folder / "clone", say=say):
                if figure in figures:
                    report(figure, value, UNITS[figure])


def say(text: str) -> None:
    """Tell a person what goes on; standard output is for figures alone."""
    print(text, file=sys.stderr, flush=True)
