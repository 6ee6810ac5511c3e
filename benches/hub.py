"""The hub: how fast it decides and acts, what it survives, and how fast a farm can be simulated."""

from collections.abc import Sequence
from pathlib import Path

from benches.support import backlog, card, engine, safety, simulation, stops, trigger
from benches.support.servers import need_mosquitto
from benches.support.together import Figures, Together, run_together, say
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
    need_mosquitto()
    with Stack.start(folder / "cloud") as stack:
        yield from backlog.measure(stack, folder / "hub", say)


TOGETHER: Together = {
    ("engine_step_p99_ms",): _engine,
    ("simulated_speed_x",): _simulation,
    trigger.FIGURES: _trigger,
    ("local_stop_p99_ms",): _stops,
    safety.FIGURES: _safety,
    card.FIGURES: _card,
    backlog.FIGURES: _backlog,
}


def run(figures: Sequence[str], report: Report) -> None:
    """Measure the figures that are asked for; what can't be measured here is left out and told."""
    run_together(TOGETHER, UNITS, figures, report)
