"""Which figures the benchmarks of the store and the screens have, and what the crowd reads."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from typing_extensions import override

from benches import history, ingest, realtime
from benches.support.charts import Charts, day_span_ms, influx, victoria
from benches.support.crowd import Viewer
from benches.support.sensors import DAY_MS, END, day_of_all
from benches.support.servers import Missing
from tokkatot.cloud.platform.postgres import EmbeddedPostgres
from tokkatot.kit.clock import SystemClock, to_ms


@pytest.mark.parametrize("bench", [ingest, realtime])
def test_every_figure_has_one_set_up_that_measures_it(bench: ModuleType) -> None:
    measured = [figure for together in bench.TOGETHER for figure in together]

    assert sorted(measured) == sorted(bench.FIGURES)


def test_each_rival_is_asked_for_the_same_figures() -> None:
    ours = {*history.OURS, history.BYTES}

    assert set(history.FIGURES) == ours | {history.GROWTH} | {
        f"{other}_{figure}" for other in history.OTHERS for figure in ours
    }


@pytest.mark.parametrize(("rival", "package"), [(influx, "influxdb"), (victoria, "victoria")])
def test_a_rival_that_is_not_installed_is_left_out_with_its_package(
    rival: Callable[[Path], AbstractContextManager[Charts]],
    package: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(Missing, match=package), rival(tmp_path):
        pass


@pytest.mark.parametrize("filled", [True, False])
def test_what_was_filled_half_way_is_thrown_away_before_its_server_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, filled: bool
) -> None:
    held: list[list[str]] = []

    @contextmanager
    def server(folder: Path) -> Iterator[Charts]:
        held.append([path.name for path in folder.glob("*")])
        yield Weighed()

    monkeypatch.setattr(history, "RIVALS", {"influxdb": server})
    (tmp_path / "influxdb-weighed").mkdir()
    (tmp_path / "influxdb-weighed" / "half").touch()
    if filled:
        (tmp_path / "influxdb-weighed.done").touch()
    wanted = [f"influxdb_{history.BYTES}"]
    (told,) = history._other(
        "influxdb", tmp_path, EmbeddedPostgres(tmp_path, log_path=tmp_path), wanted
    )
    assert told[0] == wanted[0]
    assert held == [["half"] if filled else []]


@pytest.mark.parametrize(
    ("wanted", "opened"),
    [
        ("influxdb_bytes_per_sealed_reading", []),
        (history.BYTES, ["weighed"]),
        (history.GROWTH, ["few", "many"]),
    ],
)
def test_of_ours_no_store_is_filled_that_nobody_asks_for(
    wanted: str, opened: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []

    def database(_postgres: object, name: str, *, migrated: bool) -> str:
        assert migrated
        found.append(name)
        return name

    monkeypatch.setattr(history, "_database", database)
    monkeypatch.setattr(history, "Ours", lambda _url, _runner: Weighed())
    monkeypatch.setattr(history, "_p95s_ms", lambda asked, *_: [1.0] * len(asked))
    with asyncio.Runner() as runner:
        list(
            history._ours(tmp_path, EmbeddedPostgres(tmp_path, log_path=tmp_path), runner, [wanted])
        )
    assert found == opened


class Weighed(Charts):
    """A store that is always as heavy."""

    @override
    def fill(self, days: range, *, step_ms: int) -> None:
        """Take them."""

    @override
    def draw(self, sensor: int, start_ms: int, end_ms: int) -> int:
        return 500

    @override
    def size_bytes(self) -> int:
        return 1000

    def close(self) -> None:
        """End."""


def test_the_sensors_have_a_beat_jitter_and_steps_of_a_tenth() -> None:
    days = dict(day_of_all(0, step_ms=30_000))

    first = days[1]
    assert len(days) == 20
    assert len(first) == DAY_MS // 30_000
    off_beat_ms = first.t_ms % 30_000
    assert 0 <= off_beat_ms.min() < off_beat_ms.max() <= 40
    assert (first.value == first.value.round(1)).all()
    assert first.t_ms[-1] < to_ms(END)


def test_a_span_ends_so_many_days_before_the_end() -> None:
    assert day_span_ms(30, 2.0) == (to_ms(END) - 32 * DAY_MS, to_ms(END) - 2 * DAY_MS)


async def test_the_crowd_reads_frames_that_come_in_pieces_and_notes_how_late_they_are() -> None:
    late_ms: deque[float] = deque()
    viewer = Viewer("token", "farm", late_ms, SystemClock())
    transport = Pipe()
    viewer.connection_made(transport)
    sent_ms = SystemClock().now_ms() - 500
    tick = b'{"type":"bench.tick","data":{"sent":%d}}' % sent_ms
    snapshot = b'{"type":"snapshot","data":"' + b"x" * 200 + b'"}'
    stream = b"".join(
        (
            b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
            bytes((0x81, 126)) + len(snapshot).to_bytes(2, "big") + snapshot,
            bytes((0x89, 2)) + b"hi",
            bytes((0x81, len(tick))) + tick,
        )
    )
    for start in range(0, len(stream), 7):
        viewer.data_received(stream[start : start + 7])
    await viewer.subscribed
    assert len(late_ms) == 1
    assert 500 <= late_ms[0] < 60_000
    assert transport.written[-1].endswith(b"\0\0\0\0hi")


class Pipe(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self.written.append(bytes(data))
