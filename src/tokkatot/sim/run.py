"""Runs the simulation of one seed to its end, or to the first invariant that does not hold."""

import gc
import os
import tempfile
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog

from tokkatot.sim.chance import Chance
from tokkatot.sim.sabotage import NONE, Sabotage
from tokkatot.sim.site import Site
from tokkatot.sim.trouble import Trouble
from tokkatot.sim.watch import Findings, Violation

TICK_S: Final = 1.0
IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder with a name of its own is made in it
"""Where Linux keeps files that no disk has: what is synced here waits for no real card."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run found."""

    seed: int
    simulated_s: float
    violations: tuple[Violation, ...]
    digest: str
    counts: Mapping[str, int]
    last: tuple[str, ...]
    readings: int
    runs: int
    orders: int


def simulate(seed: int, *, days: float, hubs: int = 1, sabotage: Sabotage | None = None) -> Outcome:
    """Let a farm live through so many days with everything that may go wrong."""
    chosen = sabotage or NONE
    with (
        tempfile.TemporaryDirectory(prefix="tokkatot-sim-", dir=_memory()) as folder,
        chosen.applied(),
        _seldom_collected(),
    ):
        site = Site(
            seed,
            folder=Path(folder),
            hubs=hubs,
            kind=chosen.house,
            store=chosen.store(),
            options=chosen.options,
        )
        with _errors_told(site.findings):
            try:
                trouble = Trouble(
                    site,
                    Chance(seed * 31 + 9),
                    kinds=chosen.trouble,
                    has_people=chosen.has_people,
                )
                _live(site, trouble, until_s=days * 86_400.0)
            finally:
                site.close()
        return Outcome(
            seed=seed,
            simulated_s=site.loop.time(),
            violations=tuple(site.findings.violations),
            digest=site.trace.digest(),
            counts=dict(site.trace.counts),
            last=tuple(site.trace.last()),
            readings=site.readings_seen,
            runs=sum(yard.schedules.heard_of for yard in site.yards),
            orders=sum(yard.desk.sent_count for yard in site.yards),
        )


def _live(site: Site, trouble: Trouble, *, until_s: float) -> None:
    task = site.loop.create_task(trouble.make(), name="trouble")
    site.loop.run_until(0.0)
    now_s = 0.0
    while now_s < until_s and not site.findings.violations:
        now_s = min(now_s + TICK_S, until_s)
        site.loop.run_until(now_s)
        site.tick()
        if task.done():
            task.result()
    task.cancel()


def _memory() -> Path | None:
    """Return where files wait for no disk; None where this machine has no such place for us."""
    return IN_MEMORY if os.access(IN_MEMORY, os.W_OK | os.X_OK) else None


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Look for circles of garbage seldom: a farm leaves few, and looking takes its time."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _errors_told(findings: Findings) -> Iterator[None]:
    """Take every error that the program logs for a mistake of the program; keep the rest quiet."""

    def tell(
        _logger: Any, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        if method in {"error", "exception", "critical"}:
            findings.broken("no program fails", f"{event}")
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.processors.format_exc_info, tell],
        wrapper_class=structlog.make_filtering_bound_logger(40),
    )
    try:
        yield
    finally:
        structlog.configure(**before)
