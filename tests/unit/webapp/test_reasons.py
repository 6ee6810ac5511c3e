"""The screen has words in each language for whatever the server gives as a reason."""

import re
from pathlib import Path

import pytest

from tokkatot.climate.calibrate.findings import Why
from tokkatot.climate.calibrate.knobs import COOP_KNOBS, GREENHOUSE_KNOBS

ROOT = Path(__file__).parents[3]
GIVEN = {
    code
    for path in (ROOT / "src/tokkatot/cloud/twins").glob("*.py")
    for code in re.findall(r'Reason\(\s*"(\w+)"', path.read_text())
}
CODES = {f"cannot.{code}" for code in {*Why, *GIVEN}}
PARTS = {f"part.{knob.name}" for knob in (*COOP_KNOBS, *GREENHOUSE_KNOBS)}

ENDED = {
    code
    for path in (ROOT / "src/tokkatot/automation").glob("*.py")
    for code in re.findall(r"turn\.(?:end|skip)\([^)]*?\"(\w+)\"", path.read_text())
}


@pytest.mark.parametrize("language", ["km", "en"])
def test_each_end_of_a_run_that_the_engine_names_has_words(language: str) -> None:
    text = (ROOT / f"web/src/messages/{language}/plan.ts").read_text()
    assert {"removed", "unknown_schedule"} < ENDED
    assert {code for code in ENDED if f"'run.because.{code}':" not in text} == set()
    told = (ROOT / "docs/reference/automation.md").read_text()
    assert {code for code in ENDED if f"`{code}`" not in told} == set()


@pytest.mark.parametrize("language", ["km", "en"])
def test_each_reason_and_each_parameter_has_words(language: str) -> None:
    text = (ROOT / f"web/src/messages/{language}/twin.ts").read_text()
    known = set(re.findall(r"^  '((?:cannot|part)\.\w+)':", text, re.MULTILINE))
    assert {"cannot.no_weather", "cannot.server_lacks"} < CODES
    assert known == CODES | PARTS | {"cannot.and"}


def test_each_reason_is_documented() -> None:
    told = (ROOT / "docs/reference/twins.md").read_text()
    assert [code for code in sorted({*Why, *GIVEN}) if f"| `{code}` |" not in told] == []
