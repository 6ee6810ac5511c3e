"""The hub: how fast it decides, and how fast a farm can be simulated."""

import sys
from collections.abc import Sequence

from benches.support import engine, simulation
from tokkatot.cli.bench import Report

UNITS = {"engine_step_p99_ms": "ms", "simulated_speed_x": "times real time"}
FIGURES = tuple(UNITS)


def run(figures: Sequence[str], report: Report) -> None:
    """Measure the figures that are asked for."""
    if "engine_step_p99_ms" in figures:
        report("engine_step_p99_ms", engine.measure(say), UNITS["engine_step_p99_ms"])
    if "simulated_speed_x" in figures:
        report("simulated_speed_x", simulation.measure(say), UNITS["simulated_speed_x"])


def say(text: str) -> None:
    """Tell a person what goes on; standard output is for figures alone."""
    print(text, file=sys.stderr, flush=True)
