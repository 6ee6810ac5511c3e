"""What benchmarks do on a machine that has Python and nothing else: tell it, and go on."""

from pathlib import Path
from types import ModuleType

import pytest

from benches import alarms, hub, ingest, realtime, vision
from benches import slice as slice_
from benches.support import (
    backlog,
    dashboard,
    failing,
    killed,
    rung,
    safety,
    single,
    sockets,
    stops,
    told,
)
from benches.support.screen import BROWSED

MOSQUITTO, CHROMIUM, PHOTOS = "mosquitto:", "Chromium:", "the photographs"


@pytest.fixture(autouse=True)
def _bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("benches.support.servers._PATH", "/nowhere")
    monkeypatch.setattr(vision, "PHOTOS", tmp_path / "nowhere")
    for one in (safety, stops):
        monkeypatch.setattr(one, "free_port", lambda: 1883)


@pytest.mark.parametrize(
    ("bench", "figure", "lacks"),
    [
        (slice_, "stored_readings_per_s", MOSQUITTO),
        (slice_, "hub_rss_mb", MOSQUITTO),
        (alarms, told.MESSAGE, MOSQUITTO),
        (alarms, rung.RUNG, MOSQUITTO),
        (hub, "local_stop_p99_ms", MOSQUITTO),
        (hub, safety.BOOT, MOSQUITTO),
        (hub, backlog.DRAIN, MOSQUITTO),
        (ingest, killed.INGEST, MOSQUITTO),
        (ingest, single.SINGLE, MOSQUITTO),
        (realtime, sockets.SOCKETS, MOSQUITTO),
        (realtime, dashboard.API, MOSQUITTO),
        (vision, "accuracy", PHOTOS),
        (vision, vision.DECISION, PHOTOS),
        (vision, vision.PARITY, PHOTOS),
    ],
)
def test_a_figure_that_needs_what_lacks_is_left_out(
    bench: ModuleType, figure: str, lacks: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert figure in bench.FIGURES
    told_of: list[str] = []
    bench.run([figure], lambda name, *_: told_of.append(name))
    assert told_of == []
    assert f"{figure}: left out; it needs {lacks}" in capsys.readouterr().err


@pytest.mark.parametrize("figure", BROWSED)
def test_what_a_browser_measures_is_left_out_before_a_farm_is_started(
    figure: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(slice_, "need_mosquitto", lambda: "/usr/sbin/mosquitto")
    slice_.run([figure], lambda *_: None)
    assert f"{figure}: left out; it needs {CHROMIUM}" in capsys.readouterr().err


def test_without_what_learns_its_files_are_not_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(vision, "PHOTOS", tmp_path)
    monkeypatch.setattr(vision, "find_spec", lambda _name: None)
    vision.run([vision.PARITY], lambda *_: None)
    assert "left out; it needs the extra train" in capsys.readouterr().err


@pytest.mark.parametrize("bench", [alarms, slice_, vision])
def test_every_figure_has_one_set_up_that_measures_it(bench: ModuleType) -> None:
    measured = [figure for together in bench.TOGETHER for figure in together]
    assert sorted(measured) == sorted(bench.FIGURES)


def test_what_needs_nothing_is_measured_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[tuple[str, float, str]] = []
    monkeypatch.setattr(failing, "measure", lambda _say: iter([(failing.CALLED, 1.0)]))
    alarms.run([told.MESSAGE, failing.CALLED], lambda *row: found.append(row))
    assert found == [(failing.CALLED, 1.0, "alarms")]
