"""Each figure is one line of JSON, and a wrong name is answered with the right ones."""

import json

import pytest

from tokkatot.cli.bench import bench, line


def test_a_figure_is_one_line_of_json() -> None:
    text = line("hub", "backlog_drain_s", 16.19557269, "s")

    assert "\n" not in text
    assert json.loads(text) == {
        "bench": "hub",
        "figure": "backlog_drain_s",
        "value": 16.196,
        "unit": "s",
    }


def test_what_is_no_number_is_no_figure() -> None:
    with pytest.raises(ValueError, match="JSON"):
        line("hub", "backlog_drain_s", float("nan"), "s")


def test_an_unknown_benchmark_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(SystemExit, match=r"there are .*hub.*slice"):
        bench("nothing")


def test_an_unknown_figure_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(SystemExit, match=r"it has .*local_stop_p99_ms"):
        bench("hub", ["nothing"])
