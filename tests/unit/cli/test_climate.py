"""`tokkatot climate`: what it prints, and what it refuses."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tokkatot.cli.climate import app

HEADER = "time_s,radiation_w_m2,temperature_c,humidity_pct"


@pytest.fixture
def weather(tmp_path: Path) -> Path:
    path = tmp_path / "weather.csv"
    hours = range(72)
    lines = [f"{3600 * hour},{300 if 6 <= hour % 24 < 18 else 0},9,80" for hour in hours]
    path.write_text("\n".join((HEADER, *lines)))
    return path


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["simulate", *arguments])
    return result.exit_code, result.output


def test_a_season_is_printed_day_by_day(weather: Path) -> None:
    code, text = run(str(weather), "--days", "2")
    header, first, second = text.splitlines()
    assert code == 0
    assert header.startswith("day,dry_weight_g_m2")
    assert first.startswith("1,")
    assert float(second.split(",")[1]) > float(first.split(",")[1])
    heat_1, heat_2 = float(first.split(",")[3]), float(second.split(",")[3])
    assert 0 < heat_1 < heat_2


def test_a_day_of_hours_is_a_day(tmp_path: Path, weather: Path) -> None:
    day = tmp_path / "day.csv"
    day.write_text("\n".join(weather.read_text().splitlines()[:25]))
    for house in ("lettuce", "tomato", "tunnel"):
        code, text = run(str(day), "--days", "1", "--house", house)
        assert (code, len(text.splitlines())) == (0, 2)


def test_a_spreadsheets_mark_is_no_part_of_a_file(weather: Path) -> None:
    weather.write_text(weather.read_text(), encoding="utf-8-sig")
    assert run(str(weather), "--days", "1")[0] == 0


def test_a_season_ends_with_its_weather(weather: Path) -> None:
    code, text = run(str(weather), "--days", "3", "--start-day", "1")
    assert code == 1
    assert text.count("\n") >= 3
    assert "the weather lasts 72.0 h" in text


def test_a_file_without_header_needs_to_be_told_of(tmp_path: Path) -> None:
    path = tmp_path / "wur.csv"
    path.write_text("\n".join(f"{300 * row},100,8,70,2,420" for row in range(600)))
    assert run(str(path), "--days", "1", "--wur")[0] == 0
    assert "there is no column time_s" in run(str(path), "--days", "1")[1]


@pytest.mark.parametrize("name", ["none.csv", "none.epw"])
def test_a_file_that_is_no_weather_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    assert name in run(str(tmp_path / name))[1]
    (tmp_path / name).write_text("nothing")
    code, text = run(str(tmp_path / name))
    assert code == 1
    assert "line" in text


@pytest.mark.parametrize(
    ("house", "grows"),
    [("tomato", "lamps_kwh_m2"), ("tunnel", "bird_kg"), ("open", "bird_kg"), ("hens", "feed_kg")],
)
def test_every_house_tells_its_days(weather: Path, house: str, grows: str) -> None:
    code, text = run(str(weather), "--days", "2", "--house", house)
    header, first, second = text.splitlines()
    column = header.split(",").index(grows)
    assert code == 0
    assert float(second.split(",")[column]) > float(first.split(",")[column]) > 0


def test_another_year_of_a_climate_is_drawn_by_its_number(tmp_path: Path, weather: Path) -> None:
    year = tmp_path / "year.csv"
    cold = (day * 7 % 11 for day in range(365))
    hours = ((24 * day + hour, warm) for day, warm in enumerate(cold) for hour in range(24))
    year.write_text("\n".join((HEADER, *(f"{3600 * hour},0,{warm},80" for hour, warm in hours))))
    as_it_was = run(str(year), "--days", "3", "--house", "tunnel")
    made = [run(str(year), "--days", "3", "--house", "tunnel", "--made-up", n) for n in "112"]
    assert as_it_was[0] == made[0][0] == 0
    assert made[0] == made[1]
    assert len({as_it_was[1], made[0][1], made[2][1]}) == 3
    code, text = run(str(weather), "--made-up", "1")
    assert code == 1
    assert "weather.csv: making up weather needs a whole year" in text
