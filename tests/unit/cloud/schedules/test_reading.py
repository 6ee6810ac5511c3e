"""JSON of people into schedules and rules, with the field that is wrong."""

from typing import Any

import pytest

from tokkatot.cloud.platform.problems import Invalid
from tokkatot.cloud.schedules.reading import read
from tokkatot.domain.rules import Condition
from tokkatot.domain.schedules import Step

STEP = {"device_id": "0190b5a0-0000-7000-8000-000000000001", "run_s": 5}
CONDITION = {"quantity": "temperature", "comparison": "above", "threshold": 30}


def refusal(raw: Any, kind: type) -> tuple[str, str, str]:
    with pytest.raises(Invalid) as refused:
        read(raw, kind, "body")
    (error,) = refused.value.errors
    return error.field, error.code, error.detail


def test_what_is_right_is_read() -> None:
    steps = read([STEP, STEP | {"run_s": 7}], tuple[Step, ...], "body")
    assert [step.run_s for step in steps] == [5, 7]


@pytest.mark.parametrize(
    ("raw", "field", "code"),
    [
        ([STEP, {"run_s": 5}], "body.1.device_id", "missing"),
        ([STEP, STEP | {"run_s": "x"}], "body.1.run_s", "invalid"),
        ([STEP, STEP | {"run_s": 0}], "body.1.run_s", "invalid"),
        ([STEP, STEP | {"pause_s": 1}], "body.1.pause_s", "extra_forbidden"),
        ([STEP, STEP | {"run_s": float("inf")}], "body", "not_json"),
        ([STEP, STEP | {"device_id": "\ud800"}], "body", "not_json"),
        ({"steps": [STEP]}, "body", "invalid"),
        ("words", "body", "invalid"),
    ],
)
def test_what_is_wrong_is_named(raw: Any, field: str, code: str) -> None:
    assert refusal(raw, tuple[Step, ...])[:2] == (field, code)


def test_a_number_out_of_range_is_told_with_its_range() -> None:
    field, _, detail = refusal(CONDITION | {"threshold": 99}, Condition)
    assert (field, detail) == (
        "body.threshold",
        "Threshold of temperature (°C) must lie in -40..85.",
    )


def test_a_nest_without_a_bottom_is_refused() -> None:
    raw: list[Any] = []
    for _ in range(100_000):
        raw = [raw]
    assert refusal(raw, tuple[Step, ...])[1] == "not_json"
