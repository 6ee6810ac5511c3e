"""The hub: how fast it decides and acts, what it survives, and how fast a farm can be simulated."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import getloadavg
from pathlib import Path

from benches.support import backlog, card, engine, safety, simulation, stops, trigger
from benches.support.servers import Missing
from tests.support.stack import Stack
from tokkatot.cli.bench import Report

UNITS = {
    "engine_step_p99_ms": "ms",
    "simulated_speed_x": "times real time",
    trigger.HUB: "ms",
    trigger.BROKER: "ms",
    trigger.NODE_RED: "ms",
    trigger.HOME_ASSISTANT: "ms",
    "local_stop_p99_ms": "ms",
    safety.BOOT: "s",
    safety.STALE: "s",
    safety.MEMORY: "MiB",
    card.FILES: "MB",
    card.DISK: "MB",
    backlog.DRAIN: "s",
    backlog.LIVE: "s",
}
FIGURES = tuple(UNITS)

Figures = Iterator[tuple[str, float]]
Measure = Callable[[Path, Sequence[str]], Figures]


def _engine(_folder: Path, _figures: Sequence[str]) -> Figures:
    yield "engine_step_p99_ms", engine.measure(say)


def _simulation(_folder: Path, _figures: Sequence[str]) -> Figures:
    yield "simulated_speed_x", simulation.measure(say)


def _trigger(folder: Path, figures: Sequence[str]) -> Figures:
    return trigger.measure(folder, figures, say)


def _stops(folder: Path, _figures: Sequence[str]) -> Figures:
    yield "local_stop_p99_ms", stops.measure(folder, say)


def _safety(folder: Path, figures: Sequence[str]) -> Figures:
    return safety.measure(folder, figures, say)


def _card(folder: Path, _figures: Sequence[str]) -> Figures:
    return card.measure(folder, say)


def _backlog(folder: Path, _figures: Sequence[str]) -> Figures:
    with Stack.start(folder / "cloud") as stack:
        yield from backlog.measure(stack, folder / "hub", say)


TOGETHER: Mapping[tuple[str, ...], Measure] = {
    ("engine_step_p99_ms",): _engine,
    ("simulated_speed_x",): _simulation,
    trigger.FIGURES: _trigger,
    ("local_stop_p99_ms",): _stops,
    safety.FIGURES: _safety,
    card.FIGURES: _card,
    backlog.FIGURES: _backlog,
}
"""Figures that are measured in the same set-up, with what measures them."""


def run(figures: Sequence[str], report: Report) -> None:
    """Measure the figures that are asked for; what can't be measured here is left out and told."""
    for together, measure in TOGETHER.items():
        wanted = [figure for figure in together if figure in figures]
        if not wanted:
            continue
        say(f"measuring {', '.join(wanted)}; load {getloadavg()[0]:.1f}")
        with tempfile.TemporaryDirectory(prefix="tokkatot-bench-") as name:
            try:
                for figure, value in measure(Path(name) / "run", wanted):
                    if figure in wanted:
                        report(figure, value, UNITS[figure])
            except Missing as missing:
                say(f"{', '.join(wanted)}: left out; it needs {missing}")


def say(text: str) -> None:
    """Tell a person what goes on; standard output is for figures alone."""
    print(text, file=sys.stderr, flush=True)
