"""Weather from files: what is read, what is made up where it lacks, and what is refused."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tokkatot.climate.physics.air import magnus_pa
from tokkatot.climate.weather.cells import FileRefused
from tokkatot.climate.weather.files import WUR_COLUMNS, read_columns, read_epw, read_file
from tokkatot.climate.weather.forecast import Climatology
from tokkatot.climate.weather.series import WeatherSeries
from tokkatot.domain.places import Place

SHARED = Path(__file__).parents[5] / "shared" / "data" / "climate" / "weather_epw"
HEADER = "time_s,radiation_w_m2,temperature_c,humidity_pct"


EPW = [
    "LOCATION,Town,-,KHM,made,0,11.55,104.92,7.0,12.0",
    *["header"] * 6,
    "DATA PERIODS,1,1,Data,Sunday,1/ 1,12/31",
]


def epw_line(
    temperature: str = "27.5", infrared: str = "420", humidity: str = "80", sun: str = "512"
) -> str:
    cells = ["2026", "1", "1", "1", "60", "?", temperature, "24", humidity, "101000", "0", "0"]
    cells += [infrared, sun, "0", "0", "0", "0", "0", "0", "90", "2.5"] + ["0"] * 13
    return ",".join(cells)


def test_columns_are_taken_by_their_names_in_any_order() -> None:
    lines = [
        "note,humidity_pct,time_s,temperature_c,wind_m_s,radiation_w_m2,co2_ppm,sky_c,ground_c"
    ]
    lines += ["a,50,0,20,3,100,500,5,12", "b,60,300,22,4,-1,510,6,12"]
    series = read_columns(lines)
    first, second = series.moments
    assert series.period_s == 300
    assert first.vapour_pa == pytest.approx(magnus_pa(20) / 2)
    assert (first.wind_m_s, first.sky_c, first.ground_c) == (3, 5, 12)
    assert first.co2_mg_m3 == pytest.approx(915, abs=1)
    assert second.radiation_w_m2 == 0


def test_what_lacks_is_taken_as_a_clear_still_day_of_today() -> None:
    first, _ = read_columns([HEADER, "0,0,10,50", "900,0,20,50"]).moments
    assert first.wind_m_s == 0
    assert first.ground_c == 15
    assert -15 < first.sky_c < 0
    assert first.co2_mg_m3 == pytest.approx(420 * 44.01 / 23.235, rel=1e-3)


def test_wageningens_files_have_no_header() -> None:
    series = read_columns(["0,0,7.5,74.1,10,437", "300,0,7.5,73.7,10,444.4"], WUR_COLUMNS)
    assert series.moments[0].wind_m_s == 10
    assert series.duration_s == 600


def test_an_energyplus_hour_knows_its_sky() -> None:
    series = read_epw([*EPW, epw_line(), epw_line(infrared="9999")])
    # A row tells the hour that ends: the first moment of a year is the last of its rows.
    clear, known = series.moments
    assert series.zone_h == 7.0
    assert series.period_s == 3600
    assert (known.temperature_c, known.radiation_w_m2, known.wind_m_s) == (27.5, 512, 2.5)
    assert known.sky_c == pytest.approx(20.22, abs=0.05)
    assert clear.sky_c < known.sky_c


@pytest.mark.parametrize(
    ("lines", "line", "reason"),
    [
        (["time_s,temperature_c"], 1, "no column radiation_w_m2"),
        ([], 1, "no column time_s"),
        ([HEADER, "0,0,10,50"], 2, "two moments"),
        ([HEADER, "0,0,10,50", "300,0,ten,50"], 3, "no number"),
        ([HEADER, "0,0,10,50", "300,0,nan,50"], 3, "nan"),
        ([HEADER, "0,0,10,50", "300,0,99,50"], 3, "not in -60 to 60"),
        ([HEADER, "0,0,10,50", "300,0,10"], 3, "3 values where 4"),
        ([HEADER, "0,0,10,50", "300,0,10,50", "900,0,10,50"], 3, "not evenly spaced"),
        ([HEADER, "0,0,10,50", "0,0,10,50"], 2, "not evenly spaced"),
    ],
)
def test_what_can_not_be_weather_is_refused_with_its_line(
    lines: list[str], line: int, reason: str
) -> None:
    with pytest.raises(FileRefused, match=reason) as refused:
        read_columns(lines)
    assert refused.value.line == line


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (EPW, "no hours"),
        ([*EPW, "1,2,3"], "no hour of an EnergyPlus file"),
        ([*EPW, epw_line(temperature="99.9")], "temperature_c 99.9"),
        ([*EPW, epw_line(humidity="999")], "humidity_pct 999"),
        (["header"] * 8 + [epw_line()], "line 1: its LOCATION tells no time zone"),
        (["LOCATION,Town,-,KHM,made,0,11,104,70", *EPW[1:], epw_line()], "line 1: zone_h 70"),
        ([*EPW[:7], "DATA PERIODS,1,4,Data", epw_line()], "line 8: .* one record an hour"),
        ([*EPW[:7], "header", epw_line()], "line 8: .* one record an hour"),
    ],
)
def test_an_energyplus_year_with_missing_values_is_refused(lines: list[str], reason: str) -> None:
    with pytest.raises(FileRefused, match=reason):
        read_epw(lines)


def test_a_mark_before_the_text_is_no_part_of_it(tmp_path: Path) -> None:
    text = f"{HEADER}\n0,0,10,50\n900,0,20,50"
    (tmp_path / "marked.csv").write_text(text, encoding="utf-8-sig")
    assert read_file(tmp_path / "marked.csv", "csv").duration_s == 1800
    year = "\n".join([*EPW, epw_line()])
    (tmp_path / "marked.epw").write_text(year, encoding="utf-8-sig")
    assert read_file(tmp_path / "marked.epw", "epw").zone_h == 7.0


def test_a_year_may_name_its_town_in_any_writing(tmp_path: Path) -> None:
    year = "\n".join([EPW[0].replace("Town", "Orl\xe9ans"), *EPW[1:], epw_line()])
    (tmp_path / "latin.epw").write_text(year, encoding="latin-1")
    assert read_file(tmp_path / "latin.epw", "epw").zone_h == 7.0


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "long.epw").write_bytes(b"\xff\x00" * 200_000)
    with pytest.raises(FileRefused, match="line 1: field larger than"):
        read_file(tmp_path / "long.epw", "epw")


def noon_h(sun: Sequence[float], period_h: float) -> float:
    """Return the hour about which the sun of whole days lies, over all of them."""
    hours = period_h * np.arange(len(sun)) % 24
    return float(np.sum(hours * np.array(sun)) / np.sum(sun))


def check_noon(weather: WeatherSeries, place: Place) -> None:
    """Look that the sun stands highest at noon, on the year's own clock and on the world's."""
    assert weather.zone_h is not None
    noon_utc_h = 12 - place.longitude / 15
    lived = [weather.at(900.0 * step).radiation_w_m2 for step in range(4 * 24 * 365)]
    assert noon_h(lived, 0.25) == pytest.approx(noon_utc_h + weather.zone_h, abs=0.2)
    usual, first = Climatology(weather, place), datetime(2026, 1, 1, tzinfo=UTC)
    days = (first + timedelta(days=day) for day in range(0, 365, 7))
    # From the farm's own midnight on, about.
    told = [
        usual.at(int((day + timedelta(hours=hour - 7)).timestamp() * 1000)).radiation_w_m2
        for day in days
        for hour in range(24)
    ]
    assert noon_h(told, 1.0) - 7 == pytest.approx(noon_utc_h, abs=0.2)


@pytest.mark.parametrize(("longitude", "zone_h"), [(104.92, 7.0), (96.1, 6.5), (103.98, 8.0)])
def test_the_sun_of_a_year_stands_highest_at_noon(longitude: float, zone_h: float) -> None:
    hours = []
    for row in range(24):
        # A row's mean is that of the hour before its own, on the file's clock.
        sunny = row + 0.5 - zone_h + longitude / 15
        hours.append(f"{800 * max(np.sin((sunny - 6) / 12 * np.pi), 0.0):.6g}")
    place = f"LOCATION,Town,-,KHM,made,0,11.55,{longitude},{zone_h},12.0"
    year = read_epw([place, *EPW[1:], *[epw_line(sun=sun) for _ in range(365) for sun in hours]])
    check_noon(year, Place(latitude=11.55, longitude=longitude))


def test_the_air_of_a_row_is_that_of_the_hour_that_it_ends_with() -> None:
    rows = [epw_line(temperature=str(hour)) for hour in range(1, 25)]
    series = read_epw([*EPW, *rows])
    assert [moment.temperature_c for moment in series.moments] == [24, *range(1, 24)]


@pytest.mark.shared_data
@pytest.mark.parametrize("path", sorted(SHARED.glob("*.epw")), ids=lambda path: path.stem)
def test_the_sun_of_a_tropical_year_stands_highest_at_noon(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as lines:
        series = read_epw(lines)
    latitude, longitude = map(float, path.read_text().split(",", 8)[6:8])
    check_noon(series, Place(latitude=latitude, longitude=longitude))


@pytest.mark.shared_data
@pytest.mark.parametrize("path", sorted(SHARED.glob("*.epw")), ids=lambda path: path.stem)
def test_the_tropical_years_are_whole_and_warm(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as lines:
        series = read_epw(lines)
    mean_c = sum(moment.temperature_c for moment in series.moments) / len(series.moments)
    assert len(series.moments) == 8760
    assert 24 < mean_c < 30
    assert all(moment.sky_c < moment.temperature_c + 5 for moment in series.moments)


def test_below_freezing_humidity_is_told_over_water() -> None:
    cold, _ = read_columns([HEADER, "0,0,-10,100", "900,0,-10,100"]).moments
    # Smithsonian Meteorological Tables: 2.863 hPa over water, 2.597 over ice.
    assert cold.vapour_pa == pytest.approx(286.3, rel=5e-3)
