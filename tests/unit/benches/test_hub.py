"""Which figures `tokkatot bench hub` has, and what it does where one can't be measured."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from benches import hub
from benches.support import trigger
from benches.support.rivals import NODE_RED_FOLDER
from benches.support.servers import Missing, mosquitto


class Reported:
    """What was reported, in its order."""

    def __init__(self) -> None:
        self.figures: list[tuple[str, float, str]] = []

    def __call__(self, figure: str, value: float, unit: str) -> None:
        self.figures.append((figure, value, unit))


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """Set-ups in place of the real ones; the figures that each was asked for."""
    asked: list[Sequence[str]] = []

    def pair(folder: Path, figures: Sequence[str]) -> Iterator[tuple[str, float]]:
        assert not folder.exists()
        asked.append(figures)
        yield "a", 1.0
        yield "b", 2.0

    def lacking(_folder: Path, figures: Sequence[str]) -> Iterator[tuple[str, float]]:
        asked.append(figures)
        raise Missing("a broker")

    monkeypatch.setattr(hub, "TOGETHER", {("a", "b"): pair, ("c",): lacking})
    monkeypatch.setattr(hub, "UNITS", {"a": "ms", "b": "s", "c": "s"})
    return asked


def test_every_figure_has_one_set_up_that_measures_it() -> None:
    measured = [figure for together in hub.TOGETHER for figure in together]

    assert sorted(measured) == sorted(hub.FIGURES)


def test_only_what_is_asked_for_is_reported(measured: list[Sequence[str]]) -> None:
    report = Reported()

    hub.run(["b"], report)

    assert report.figures == [("b", 2.0, "s")]
    assert measured == [["b"]]


def test_what_is_not_installed_is_told_and_the_others_are_measured(
    measured: list[Sequence[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    report = Reported()

    hub.run(["c", "a"], report)

    assert report.figures == [("a", 1.0, "ms")]
    assert len(measured) == 2
    said = capsys.readouterr()
    assert "c: left out; it needs a broker" in said.err
    assert said.out == ""


def test_a_rival_alone_that_is_not_installed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def broker(_folder: Path) -> Iterator[int]:
        yield 1883

    monkeypatch.setattr(trigger, "mosquitto", broker)
    monkeypatch.setenv(NODE_RED_FOLDER, str(tmp_path))
    report = Reported()

    hub.run([trigger.NODE_RED], report)

    assert report.figures == []
    assert NODE_RED_FOLDER in capsys.readouterr().err


def test_a_machine_without_mosquitto_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benches.support.servers._PATH", str(tmp_path))

    with pytest.raises(Missing, match="mosquitto"), mosquitto(tmp_path):
        pass
