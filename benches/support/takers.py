"""How many readings a second other stores take, straight from their clients, without a broker."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter

import psycopg

from benches.support.charts import Lines, influx, victoria
from benches.support.servers import Missing
from tokkatot.cloud.platform.postgres import EmbeddedPostgres

PLAIN = "plain_postgresql_readings_per_s"
INFLUX = "influxdb_readings_per_s"
VICTORIA = "victoriametrics_readings_per_s"
FIGURES = (PLAIN, INFLUX, VICTORIA)

WRITERS = 16
"""So many batches are on their way at once."""
BATCH = 500
BATCHES = {PLAIN: 640, INFLUX: 2560, VICTORIA: 2560}
SERIES = 5
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_CONNECT_S = 10

Take = Callable[[int], None]
"""Writes the batch of a number and returns once it is acknowledged."""


def measure(
    folder: Path, figures: Sequence[str], say: Callable[[str], None]
) -> Iterator[tuple[str, float]]:
    """Write batches of the size that our hubs send; who is not installed here is left out."""
    for figure in figures:
        try:
            with _STORES[figure](folder / figure, BATCHES[figure]) as take:
                took_s = _seconds(take, BATCHES[figure])
        except Missing as missing:
            say(f"{figure}: left out; it needs {missing}")
            continue
        say(f"{BATCHES[figure] * BATCH} readings are taken after {took_s:.1f} s")
        yield figure, BATCHES[figure] * BATCH / took_s


def _seconds(take: Take, count: int) -> float:
    """Return how long so many batches take, some of them side by side."""
    with ThreadPoolExecutor(WRITERS) as writers:
        began_s = perf_counter()
        for _ in writers.map(take, range(count)):
            pass
        return perf_counter() - began_s


@contextmanager
def _by_lines(
    run: Callable[[Path], AbstractContextManager[Lines]], folder: Path, count: int
) -> Iterator[Take]:
    with run(folder) as store:
        bodies = [_lines(number) for number in range(count)]
        yield lambda number: store.write(bodies[number])


@contextmanager
def _plain(folder: Path, _count: int) -> Iterator[Take]:
    """Insert a row a reading, each once: by a unique index of series and time."""
    folder.mkdir(parents=True)
    server = EmbeddedPostgres(folder / "postgres", log_path=folder / "log")
    with asyncio.Runner() as runner, ExitStack() as stack:
        url = runner.run(server.start())
        stack.callback(lambda: runner.run(server.stop()))
        with psycopg.connect(url, connect_timeout=_CONNECT_S) as connection:
            connection.execute(
                "CREATE TABLE plain (series_id int, t timestamptz, value float8,"
                " quality smallint, PRIMARY KEY (series_id, t))"
            )
        free: SimpleQueue[psycopg.Connection] = SimpleQueue()
        for _ in range(WRITERS):
            free.put(stack.enter_context(psycopg.connect(url, connect_timeout=_CONNECT_S)))
        yield partial(_insert, free)


def _insert(free: SimpleQueue[psycopg.Connection], number: int) -> None:
    connection = free.get(timeout=_CONNECT_S)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO plain VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [
                (series, _BEGIN + timedelta(milliseconds=t_ms), value, 0)
                for series, t_ms, value in readings_of_batch(number)
            ],
        )
    connection.commit()
    free.put(connection)


def _lines(number: int) -> bytes:
    begin_ms = round(_BEGIN.timestamp() * 1000)
    return "\n".join(
        f"readings,s={series} v={value} {begin_ms + t_ms}"
        for series, t_ms, value in readings_of_batch(number)
    ).encode()


def readings_of_batch(number: int) -> Iterator[tuple[int, int, float]]:
    """Yield the series, ms and value of each reading of a batch; a writer has its own series."""
    hub, of_hub = number % WRITERS, number // WRITERS
    for index in range(of_hub * BATCH, (of_hub + 1) * BATCH):
        yield hub * SERIES + index % SERIES, index // SERIES * 100, 20.0 + index % 977 / 100


_STORES: Mapping[str, Callable[[Path, int], AbstractContextManager[Take]]] = {
    PLAIN: _plain,
    INFLUX: partial(_by_lines, influx),
    VICTORIA: partial(_by_lines, victoria),
}
