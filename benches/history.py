"""How fast charts come out of 63 million readings and what one takes on disk, beside others."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from time import perf_counter

import numpy as np
import psycopg
from psycopg import sql

from benches.support.charts import Charts, Ours, Plain, day_span_ms, influx, victoria
from benches.support.sensors import DAY_MS, SENSORS
from benches.support.servers import Missing
from benches.support.statistics import p95, spread
from benches.support.together import say
from tokkatot.cli.bench import Report
from tokkatot.cloud.platform.migrate import upgrade
from tokkatot.cloud.platform.postgres import EmbeddedPostgres

FOLDER = "TOKKATOT_BENCH_STORE"
"""Names the folder where filled stores are kept."""

DAYS = 366
FEW_DAYS = 37
"""A tenth: growth compares what is asked of both."""
STEP_MS = 10_000
WEIGHED_DAYS = 30
WEIGHED_STEP_MS = 30_000
QUESTIONS = 400
RIVAL_QUESTIONS = 40
SPANS = {"24h": 1, "30d": 30, "1y": 365}
RIVALS: Mapping[str, Callable[[Path], AbstractContextManager[Charts]]] = {
    "influxdb": influx,
    "victoriametrics": victoria,
}
OTHERS = ("plain_postgresql", *RIVALS)

OURS = tuple(f"history_{name}_p95_ms" for name in SPANS)
GROWTH, BYTES = "growth_x", "bytes_per_sealed_reading"
FIGURES = (
    *OURS,
    GROWTH,
    BYTES,
    *(f"{other}_{figure}" for other in OTHERS for figure in (*OURS, BYTES)),
)


def run(figures: Sequence[str], report: Report) -> None:
    """Fill each store once, ask it for charts, and weigh a month of it."""
    folder = _folder()
    say(f"filled stores are kept in {folder}")
    with asyncio.Runner() as runner, _postgres(folder, runner) as postgres:
        for figure, value in _ours(folder, postgres, runner, figures):
            if figure in figures:
                report(figure, value, _unit(figure))
        for other in OTHERS:
            if not any(figure.startswith(other) for figure in figures):
                continue
            try:
                for figure, value in _other(other, folder, postgres, figures):
                    if figure in figures:
                        report(figure, value, _unit(figure))
            except Missing as missing:
                say(f"{other}: left out; it needs {missing}")


def _unit(figure: str) -> str:
    if figure.endswith(BYTES):
        return "B"
    return "1" if figure == GROWTH else "ms"


def _ours(
    folder: Path, postgres: EmbeddedPostgres, runner: asyncio.Runner, wanted: Sequence[str]
) -> Iterator[tuple[str, float]]:
    """Yield our figures; what nobody wants is not filled."""

    def opened(name: str) -> closing[Ours]:
        return closing(Ours(_database(postgres, name, migrated=True), runner))

    if {*OURS, GROWTH} & set(wanted):
        with opened("few") as few, opened("many") as many:
            _fill_once(folder / "few.done", few, range(FEW_DAYS), STEP_MS)
            _fill_once(folder / "many.done", many, range(DAYS), STEP_MS)
            grown: list[float] = []
            for name, days in SPANS.items():
                asked = [(many, DAYS)]
                if days < FEW_DAYS:
                    asked.append((few, FEW_DAYS))
                many_ms, *few_ms = _p95s_ms(asked, name, QUESTIONS)
                yield f"history_{name}_p95_ms", many_ms
                grown.extend(many_ms / p95_ms for p95_ms in few_ms)
            yield GROWTH, max(grown)
    if BYTES in wanted:
        with opened("weighed") as store:
            yield BYTES, _bytes_a_reading(folder / "weighed.done", store)


def _other(
    other: str, folder: Path, postgres: EmbeddedPostgres, wanted: Sequence[str]
) -> Iterator[tuple[str, float]]:
    """Yield the figures of a store; one of which only the weight is wanted is not filled."""
    if any(f"{other}_{figure}" in wanted for figure in OURS):
        with _opened(other, "many", folder, postgres) as (store, done):
            _fill_once(done, store, range(DAYS), STEP_MS)
            for span, figure in zip(SPANS, OURS, strict=True):
                (p95_ms,) = _p95s_ms([(store, DAYS)], span, RIVAL_QUESTIONS)
                yield f"{other}_{figure}", p95_ms
    if f"{other}_{BYTES}" in wanted:
        with _opened(other, "weighed", folder, postgres) as (store, done):
            yield f"{other}_{BYTES}", _bytes_a_reading(done, store)


@contextmanager
def _opened(
    other: str, name: str, folder: Path, postgres: EmbeddedPostgres
) -> Iterator[tuple[Charts, Path]]:
    if other not in RIVALS:
        url = _database(postgres, f"plain_{name}", migrated=False)
        yield Plain(url), folder / f"plain-{name}.done"
        return
    held, done = folder / f"{other}-{name}", folder / f"{other}-{name}.done"
    # What was filled half-way would hold its days twice.
    if not done.exists():
        shutil.rmtree(held, ignore_errors=True)
    with RIVALS[other](held) as store:
        yield store, done


def _bytes_a_reading(done: Path, store: Charts) -> float:
    _fill_once(done, store, range(WEIGHED_DAYS), WEIGHED_STEP_MS)
    return store.size_bytes() / (WEIGHED_DAYS * SENSORS * (DAY_MS // WEIGHED_STEP_MS))


def _fill_once(done: Path, store: Charts, days: range, step_ms: int) -> None:
    if done.exists():
        return
    say(f"filling {done.stem}: {len(days) * SENSORS * (DAY_MS // step_ms):,} readings")
    began_s = perf_counter()
    store.fill(days, step_ms=step_ms)
    say(f"filled after {perf_counter() - began_s:.0f} s")
    done.touch()


def _p95s_ms(asked: Sequence[tuple[Charts, int]], span: str, questions: int) -> list[float]:
    """Return how long a chart takes, of any sensor and at any place, of each store of so many days.

    They are asked in turns, so that whatever else the machine does falls on all of them alike.
    """
    days = SPANS[span]
    random = np.random.default_rng(days)
    took_ms: list[list[float]] = [[] for _ in asked]
    for _ in range(questions):
        sensor, place = int(random.integers(1, SENSORS + 1)), random.random()
        for (store, stored_days), its_ms in zip(asked, took_ms, strict=True):
            start_ms, end_ms = day_span_ms(days, place * (stored_days - days))
            began_s = perf_counter()
            points = store.draw(sensor, start_ms, end_ms)
            its_ms.append((perf_counter() - began_s) * 1000)
            assert points > 200, f"{points} points"
    for (store, stored_days), its_ms in zip(asked, took_ms, strict=True):
        say(f"{type(store).__name__} {span} of {stored_days} days: {spread(its_ms, 'ms')}")
    return [p95(its_ms) for its_ms in took_ms]


def _folder() -> Path:
    named = os.environ.get(FOLDER)  # noqa: TID251 - where a benchmark keeps its data
    folder = Path(named) if named else Path(__file__).parents[1] / "data" / "bench-history"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _postgres(folder: Path, runner: asyncio.Runner) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(
        folder / "postgres", log_path=folder / "postgres.log", options=("max_wal_size=8GB",)
    )
    runner.run(server.start())
    try:
        yield server
    finally:
        runner.run(server.stop())


def _database(postgres: EmbeddedPostgres, name: str, *, migrated: bool) -> str:
    url = postgres.url(name)
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        there = connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
        if there.fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    if migrated:
        upgrade(url)
    return url
