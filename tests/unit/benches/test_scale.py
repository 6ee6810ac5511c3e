"""Which figures the benchmarks of the store and the screens have, and what the crowd reads."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType

import pytest
from typing_extensions import override

from benches import history, ingest, realtime
from benches.support.charts import Charts, day_span_ms, influx, victoria
from benches.support.crowd import Viewer
from benches.support.sensors import DAY_MS, END, day_of_all
from benches.support.servers import Missing
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
