"""Stores of readings that are asked for the same charts: ours, and those of others beside it."""

import asyncio
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from time import perf_counter, sleep
from typing import Protocol
from uuid import UUID

import httpx
import numpy as np
import psycopg
from psycopg import sql
from typing_extensions import override

from benches.support.sensors import DAY_MS, END, SENSORS, day_of_all
from benches.support.servers import Missing, running
from tests.support.processes import free_port
from tests.support.servers import running_influx
from tokkatot.cloud.platform.database import Database
from tokkatot.cloud.telemetry import history
from tokkatot.cloud.telemetry.blocks import Columns, pack
from tokkatot.cloud.telemetry.bundles import PackedDay, begin_of, write_bundle
from tokkatot.cloud.telemetry.drawing import Shape
from tokkatot.cloud.telemetry.history import SeriesKey
from tokkatot.cloud.telemetry.postgres import PostgresReadingStore
from tokkatot.cloud.telemetry.rollups import keep_usual
from tokkatot.cloud.telemetry.store import Span
from tokkatot.kit.clock import SystemClock, from_ms
from tokkatot.kit.ids import IdSource

POINTS = 500
_CONNECT_S = 10
_HTTP_S = 120.0
_LINES = 20_000
_SETTLED_S = 5.0
_SETTLED_WITHIN_S = 300.0


class Charts(Protocol):
    """A store that is filled by days and draws charts."""

    def fill(self, days: range, *, step_ms: int) -> None:
        """Write days, counted back from the end, and leave nothing to be done later."""
        ...

    def draw(self, sensor: int, start_ms: int, end_ms: int) -> int:
        """Return how many points a chart of `POINTS` averages has."""
        ...

    def size_bytes(self) -> int:
        """Return what the readings take on the disk, indexes included."""
        ...


class Lines(Charts, Protocol):
    """A store that also takes line protocol."""

    def write(self, lines: bytes) -> None:
        """Return once it says that it has them; from any thread."""
        ...


class Ours(Charts):
    """The store of this program in a database."""

    def __init__(self, url: str, runner: asyncio.Runner) -> None:
        self._url = url
        self._runner = runner
        clock = SystemClock()
        self._database = Database.open(url, clock=clock, ids=IdSource(clock))

    def close(self) -> None:
        """Close the connections."""
        self._runner.run(self._database.close())

    @override
    def fill(self, days: range, *, step_ms: int) -> None:
        self._runner.run(self._fill(days, step_ms))

    async def _fill(self, days: range, step_ms: int) -> None:
        async with await psycopg.AsyncConnection.connect(
            self._url, connect_timeout=_CONNECT_S
        ) as connection:
            await connection.execute("SET session_replication_role = replica")
            for series_id in range(1, SENSORS + 1):
                await connection.execute(
                    "INSERT INTO series (id, farm_id, house_id, device_id, quantity)"
                    " OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s, 'temperature')"
                    " ON CONFLICT DO NOTHING",
                    (series_id, *(UUID(int=series_id),) * 3),
                )
            for begins, stretch in groupby(days, lambda back: begin_of(_day(back))):
                await _keep_stretch(connection, begins, stretch, step_ms=step_ms)
                await connection.commit()
            await connection.set_autocommit(True)
            for table in ("packed_readings", "bundled_readings", "rollups"):
                await connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))

    @override
    def draw(self, sensor: int, start_ms: int, end_ms: int) -> int:
        return self._runner.run(self._draw(sensor, start_ms, end_ms))

    async def _draw(self, sensor: int, start_ms: int, end_ms: int) -> int:
        key = SeriesKey(id=sensor, device_id=UUID(int=1), quantity="temperature")
        span = Span(start=from_ms(start_ms), end=from_ms(end_ms))
        async with self._database.transaction() as tx:
            readings = PostgresReadingStore(self._database).within(tx)
            (drawn,) = await history.draw(readings, [key], span, points=POINTS, shape=Shape.AVERAGE)
        return len(drawn.points)

    @override
    def size_bytes(self) -> int:
        return sum(
            _table_bytes(self._url, table) for table in ("packed_readings", "bundled_readings")
        )


class Plain(Charts):
    """A row a reading in PostgreSQL, with an index by series and time."""

    def __init__(self, url: str) -> None:
        self._url = url
        with psycopg.connect(url, connect_timeout=_CONNECT_S) as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS plain (series_id int NOT NULL,"
                " t timestamptz NOT NULL, value float8 NOT NULL)"
            )
            connection.execute("CREATE INDEX IF NOT EXISTS by_time ON plain (series_id, t)")

    @override
    def fill(self, days: range, *, step_ms: int) -> None:
        with psycopg.connect(self._url, autocommit=True, connect_timeout=_CONNECT_S) as connection:
            # What was filled half-way would hold its days twice.
            connection.execute("TRUNCATE plain")
            for back in days:
                with connection.cursor() as cursor, cursor.copy("COPY plain FROM STDIN") as copy:
                    for sensor, columns in day_of_all(back, step_ms=step_ms):
                        copy.write(_rows(sensor, columns))
            connection.execute("VACUUM ANALYZE plain")

    @override
    def draw(self, sensor: int, start_ms: int, end_ms: int) -> int:
        with psycopg.connect(self._url, connect_timeout=_CONNECT_S) as connection:
            return len(
                connection.execute(
                    "SELECT avg(value), min(t) FROM plain WHERE series_id = %s"
                    " AND t >= to_timestamp(%s / 1000.0) AND t < to_timestamp(%s / 1000.0)"
                    " GROUP BY floor(extract(epoch FROM t) * 1000 / %s)",
                    (sensor, start_ms, end_ms, _step_ms(start_ms, end_ms)),
                ).fetchall()
            )

    @override
    def size_bytes(self) -> int:
        return _table_bytes(self._url, "plain")


class InfluxCharts(Lines):
    """A measurement with a tag and a field in InfluxDB."""

    def __init__(self, http: httpx.Client, folder: Path) -> None:
        self._folder = folder
        self._http = http
        self._post("/query", {"q": 'CREATE DATABASE "bench"'})

    @override
    def fill(self, days: range, *, step_ms: int) -> None:
        for back in days:
            for lines in _lines(back, step_ms=step_ms):
                self.write(lines)
        _until_settled(self._folder)

    @override
    def write(self, lines: bytes) -> None:
        self._post("/write", {"db": "bench", "precision": "ms"}, lines)

    @override
    def draw(self, sensor: int, start_ms: int, end_ms: int) -> int:
        answer = self._http.get(
            "/query",
            params={
                "db": "bench",
                "epoch": "ms",
                "q": f"SELECT mean(v) FROM readings WHERE s = '{sensor}'"  # noqa: S608 - numbers
                f" AND time >= {start_ms}ms AND time < {end_ms}ms"
                f" GROUP BY time({_step_ms(start_ms, end_ms)}ms) fill(none)",
            },
        )
        return len(answer.raise_for_status().json()["results"][0]["series"][0]["values"])

    @override
    def size_bytes(self) -> int:
        return _folder_bytes(self._folder / "data") + _folder_bytes(self._folder / "wal")

    def _post(self, path: str, parameters: dict[str, str], body: bytes | None = None) -> None:
        self._http.post(path, params=parameters, content=body).raise_for_status()


class VictoriaCharts(Lines):
    """A series a sensor in VictoriaMetrics, which also takes line protocol."""

    def __init__(self, http: httpx.Client, folder: Path) -> None:
        self._folder = folder
        self._http = http

    @override
    def fill(self, days: range, *, step_ms: int) -> None:
        for back in days:
            for lines in _lines(back, step_ms=step_ms):
                self.write(lines)
        self._http.get("/internal/force_flush").raise_for_status()
        self._http.get("/internal/force_merge").raise_for_status()
        _until_settled(self._folder)

    @override
    def write(self, lines: bytes) -> None:
        self._http.post("/write", params={"precision": "ms"}, content=lines).raise_for_status()

    @override
    def draw(self, sensor: int, start_ms: int, end_ms: int) -> int:
        step_ms = _step_ms(start_ms, end_ms)
        answer = self._http.get(
            "/api/v1/query_range",
            params={
                "query": f'avg_over_time(readings_v{{s="{sensor}"}}[{step_ms}ms])',
                "start": start_ms / 1000,
                "end": end_ms / 1000,
                "step": f"{step_ms}ms",
                "nocache": "1",
            },
        )
        return len(answer.raise_for_status().json()["data"]["result"][0]["values"])

    @override
    def size_bytes(self) -> int:
        return _folder_bytes(self._folder)


@contextmanager
def influx(folder: Path) -> Iterator[Lines]:
    """Run InfluxDB over a folder.

    Raises:
        Missing: where it is not installed.
    """
    if shutil.which("influxd") is None:
        raise Missing("InfluxDB: the package influxdb of your system")
    # Compacted as soon as nothing is written, where it would wait for four hours.
    with running_influx(folder, cold_s=2) as url, _client(url) as http:
        yield InfluxCharts(http, folder)


@contextmanager
def victoria(folder: Path) -> Iterator[Lines]:
    """Run VictoriaMetrics over a folder.

    Raises:
        Missing: where it is not installed.
    """
    program = shutil.which("victoria-metrics") or shutil.which("victoria-metrics-prod")
    if program is None:
        raise Missing("VictoriaMetrics: the package victoria-metrics of your system")
    folder.mkdir(parents=True, exist_ok=True)
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = (
        program,
        f"-storageDataPath={folder / 'store'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y",
    )
    with running(command, log_path=folder / "log"):
        _until_answers(f"{url}/health")
        with _client(url) as http:
            yield VictoriaCharts(http, folder / "store")


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=_HTTP_S)


async def _keep_stretch(
    connection: psycopg.AsyncConnection, begins: date, stretch: Iterable[int], *, step_ms: int
) -> None:
    """Write days as they lie in the end: in bundles, beside the roll-ups of each."""
    of_sensor: dict[int, list[PackedDay]] = defaultdict(list)
    for back in stretch:
        for sensor, columns in day_of_all(back, step_ms=step_ms):
            await keep_usual(connection, sensor, columns)
            of_sensor[sensor].append(
                PackedDay(day=_day(back), n=len(columns), imported=False, body=pack(columns))
            )
    for sensor, days in of_sensor.items():
        await write_bundle(connection, sensor, begins, days)


def _day(back: int) -> date:
    return (END - timedelta(days=back + 1)).date()


def _lines(back: int, *, step_ms: int) -> Iterator[bytes]:
    lines = [
        f"readings,s={sensor} v={value} {t_ms}"
        for sensor, columns in day_of_all(back, step_ms=step_ms)
        for t_ms, value in zip(columns.t_ms.tolist(), columns.value.tolist(), strict=True)
    ]
    for start in range(0, len(lines), _LINES):
        yield "\n".join(lines[start : start + _LINES]).encode()


def _rows(sensor: int, columns: Columns) -> str:
    instants = np.datetime_as_string(columns.t_ms.astype("datetime64[ms]"), timezone="UTC")
    return "".join(
        f"{sensor}\t{instant}\t{value}\n"
        for instant, value in zip(instants, columns.value.tolist(), strict=True)
    )


def _step_ms(start_ms: int, end_ms: int) -> int:
    return -(-(end_ms - start_ms) // (POINTS - 1))


def _table_bytes(url: str, table: str) -> int:
    with psycopg.connect(url, connect_timeout=_CONNECT_S) as connection:
        row = connection.execute("SELECT pg_total_relation_size(%s::regclass)", (table,)).fetchone()
    assert row is not None, "it is a table"
    return int(row[0])


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def _until_settled(folder: Path) -> None:
    """Return once a server has rewritten for good what it was given."""
    end_s = perf_counter() + _SETTLED_WITHIN_S
    size, same_s = -1, perf_counter()
    while perf_counter() - same_s < _SETTLED_S and perf_counter() < end_s:
        try:
            found = _folder_bytes(folder)
        except FileNotFoundError:  # Replaced while we looked.
            found = -1
        if found != size:
            size, same_s = found, perf_counter()
        sleep(0.5)


def _until_answers(url: str, within_s: float = 60.0) -> None:
    end_s = perf_counter() + within_s
    while True:
        try:
            httpx.get(url, timeout=2).raise_for_status()
        except httpx.HTTPError:
            if perf_counter() > end_s:
                raise
            sleep(0.05)
        else:
            return


def day_span_ms(days: int, back: float) -> tuple[int, int]:
    """Return where so many days begin and end that end so many days before the end."""
    end_ms = round(END.timestamp() * 1000 - back * DAY_MS)
    return end_ms - days * DAY_MS, end_ms
