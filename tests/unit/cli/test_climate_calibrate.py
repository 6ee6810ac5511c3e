"""`tokkatot climate calibrate`: what it finds, what it writes, and what it refuses."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support.recorded_house import greenhouse_recording, written
from tokkatot.cli.climate import app
from tokkatot.cli.climate_calibrate import calibrate
from tokkatot.climate.calibrate.subjects import GreenhouseSubject
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
from tokkatot.climate.physics.greenhouse.model import State
from tokkatot.climate.physics.known import House

pytestmark = pytest.mark.timeout(400)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    subject = GreenhouseSubject(bleiswijk_led(), State())
    path = tmp_path / "records.csv"
    lines = written(greenhouse_recording(subject, {"roof_par_through": 0.65}))
    # As spreadsheets write it, with a mark before its text.
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    return path


def test_a_fit_is_printed_and_its_card_is_lived_by(recorded: Path, tmp_path: Path) -> None:
    card, weather = tmp_path / "house.json", tmp_path / "weather.csv"
    code, text = run(
        "calibrate", str(recorded), "--house", "tomato", "--fit", "roof_par_through",
        "--out", str(card),
    )  # fmt: skip
    assert code == 0
    name, before, value, low, high = text.splitlines()[1].split(",")
    assert (name, before) == ("roof_par_through", "0.57")
    assert float(low) < 0.65 < float(high)
    assert float(value) == pytest.approx(0.65, abs=0.02)
    assert text.splitlines()[-1].startswith("held out after,2,0.")

    header = "time_s,radiation_w_m2,temperature_c,humidity_pct"
    weather.write_text("\n".join([header, *(f"{3600 * hour},300,9,80" for hour in range(48))]))
    simulated = "simulate", str(weather), "--house", "tomato", "--days", "1"
    as_built, as_fitted = run(*simulated), run(*simulated, "--fitted", str(card))
    assert as_built[0] == as_fitted[0] == 0
    warmth = [float(told[1].splitlines()[1].split(",")[1]) for told in (as_built, as_fitted)]
    assert warmth[1] > warmth[0] + 0.01


def test_a_terminal_is_told_how_far_a_fit_is(
    recorded: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    calibrate(recorded, House.TOMATO, ["roof_par_through"])
    told = capsys.readouterr().err
    assert told.startswith("\rlived 1 of 88")
    assert told.endswith("\rlived 88 of 88\n")
    with pytest.raises(SystemExit, match="don't tell lamp_w_m2"):
        calibrate(recorded, House.TOMATO, ["lamp_w_m2"])
    assert capsys.readouterr().err.endswith(" of 88\n")


def test_a_card_of_another_house_or_of_none_is_refused(recorded: Path, tmp_path: Path) -> None:
    card = tmp_path / "house.json"
    fit = "calibrate", str(recorded), "--house", "tomato", "--fit", "roof_par_through"
    assert run(*fit, "--out", str(card))[0] == 0
    weather = tmp_path / "weather.csv"
    weather.write_text("time_s,radiation_w_m2,temperature_c,humidity_pct\n0,0,9,80\n3600,0,9,80")
    simulated = "simulate", str(weather), "--fitted", str(card), "--house"
    other = run(*simulated, "hens")
    assert other[0] == 1
    assert "it was fitted to another kind of house: tomato" in other[1]
    card.write_text(card.read_text().replace('"value": 0.', '"value": 6.'))
    beyond = run(*simulated, "tomato")
    assert beyond[0] == 1
    assert "no house has roof_par_through 6." in beyond[1]
    card.write_text("{}")
    assert "house.json: " in run(*simulated, "tomato")[1]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--house", "lettuce"), "is not fitted"),
        (("--house", "tomato", "--fit", "lamp_w_m2"), "don't tell lamp_w_m2"),
    ],
)
def test_a_refusal_says_why(recorded: Path, arguments: tuple[str, ...], reason: str) -> None:
    code, text = run("calibrate", str(recorded), *arguments)
    assert code == 1
    assert reason in text


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    code, text = run("calibrate", str(tmp_path / "none.csv"), "--house", "tomato")
    assert code == 1
    assert "none.csv" in text
