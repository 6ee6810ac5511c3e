"""Weather from files: comma-separated columns by their names, and EnergyPlus years."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from tokkatot.climate.physics.air import SEA_LEVEL_PA, co2_mg_m3, magnus_pa
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.weather.cells import FileRefused, Range, checked, number, numbered
from tokkatot.climate.weather.series import WeatherSeries
from tokkatot.climate.weather.sky import sky_of_dew_point_c, sky_of_radiation_c

Form = Literal["epw", "csv", "wur"]
"""An EnergyPlus year, named columns, or Wageningen's without names."""

OUTDOOR_CO2_PPM = 420.0

WUR_COLUMNS = (
    "time_s",
    "radiation_w_m2",
    "temperature_c",
    "humidity_pct",
    "wind_m_s",
    "co2_ppm",
)
"""The order of Wageningen's files of measured weather, which have no header."""

_REQUIRED = ("time_s", "radiation_w_m2", "temperature_c", "humidity_pct")
WEATHER_RANGES: Mapping[str, Range] = {
    "time_s": (0.0, 1e10),
    "radiation_w_m2": (-20.0, 2000.0),
    "temperature_c": (-60.0, 60.0),
    "humidity_pct": (0.0, 110.0),
    "wind_m_s": (0.0, 90.0),
    "co2_ppm": (200.0, 2000.0),
    "sky_c": (-120.0, 60.0),
    "ground_c": (-60.0, 60.0),
}

_EPW_HEADER_LINES = 8
_EPW_ZONE, _EPW_AN_HOUR = 8, 2
"""Where in its lines the time zone and the records an hour stand."""
_EPW_HOUR_S = 3600.0
_EPW_MISSING_INFRARED = 9999.0


def read_file(path: Path, form: Form) -> WeatherSeries:
    """Return the weather of a file as people have it.

    Raises:
        FileRefused: where its lines are none of this form.
        OSError: where it can't be read.
        UnicodeDecodeError: where it is no text.
    """
    # Spreadsheets put a mark before their UTF-8; years name their towns in any writing.
    errors = "replace" if form == "epw" else "strict"
    with path.open(encoding="utf-8-sig", errors=errors, newline="") as lines:
        if form == "epw":
            return read_epw(lines)
        return read_columns(lines, WUR_COLUMNS if form == "wur" else None)


def read_columns(lines: Iterable[str], columns: Sequence[str] | None = None) -> WeatherSeries:
    """Return weather from named columns; where none are given, the first line names them.

    Needed are `time_s`, `radiation_w_m2`, `temperature_c` and `humidity_pct`. Without `wind_m_s` it
    is still, without `co2_ppm` the air is today's, without `sky_c` the sky is clear, and without
    `ground_c` the ground is as warm as the air on average.

    Raises:
        FileRefused: for a column that lacks, a value that can't be, or uneven steps of time.
    """
    source = numbered(lines)
    names = columns if columns is not None else next(source, (1, []))[1]
    absent = [name for name in _REQUIRED if name not in names]
    if absent:
        raise FileRefused(1, f"there is no column {absent[0]}")
    rows = [_row(line, names, cells) for line, cells in source if cells]
    if len(rows) < 2:
        raise FileRefused(len(rows) + 1, "weather needs two moments at least")
    period_s = rows[1]["time_s"] - rows[0]["time_s"]
    for line, (before, after) in enumerate(itertools.pairwise(rows), start=2):
        if period_s <= 0 or abs(after["time_s"] - before["time_s"] - period_s) > 1e-3:
            raise FileRefused(line, "its moments are not evenly spaced")
    mean_c = sum(row["temperature_c"] for row in rows) / len(rows)
    return WeatherSeries(period_s=period_s, moments=[moment_of(row, mean_c) for row in rows])


def read_epw(lines: Iterable[str]) -> WeatherSeries:
    """Return the hours of an EnergyPlus weather file (EnergyPlus, Auxiliary Programs, 2.9.1).

    Its first row tells the air at one o'clock and the sun's mean from midnight until then. So a
    moment has the air of the row before it, and its sun lies between the means of both rows; the
    year begins with the air that it ends with.

    Raises:
        FileRefused: where a line is not one of those, or a value can't be.
    """
    source = numbered(lines)
    zone_h = _epw_zone_h(itertools.islice(source, _EPW_HEADER_LINES))
    rows = [_epw_row(line, cells) for line, cells in source if cells]
    if not rows:
        raise FileRefused(_EPW_HEADER_LINES + 1, "there are no hours in it")
    mean_c = sum(row["temperature_c"] for row in rows) / len(rows)
    sun = [max(row["radiation_w_m2"], 0.0) for row in rows]
    return WeatherSeries(
        period_s=_EPW_HOUR_S,
        moments=[
            moment_of({**rows[at - 1], "radiation_w_m2": (sun[at - 1] + sun[at]) / 2}, mean_c)
            for at in range(len(rows))
        ],
        zone_h=zone_h,
    )


def _row(line: int, names: Sequence[str], cells: Sequence[str]) -> dict[str, float]:
    if len(cells) < len(names):
        raise FileRefused(line, f"{len(cells)} values where {len(names)} are named")
    return dict(checked(line, zip(names, cells, strict=False), WEATHER_RANGES))


def _epw_zone_h(header: Iterable[tuple[int, Sequence[str]]]) -> float:
    """Return how far the clock of an EnergyPlus file is ahead of UTC."""
    told = {cells[0].strip().upper(): (line, cells) for line, cells in header if cells}
    line, place = told.get("LOCATION", (1, ()))
    if len(place) <= _EPW_ZONE:
        raise FileRefused(line, "its LOCATION tells no time zone")
    ((_, zone_h),) = checked(line, [("zone_h", place[_EPW_ZONE])], {"zone_h": (-12.0, 14.0)})
    line, periods = told.get("DATA PERIODS", (_EPW_HEADER_LINES, ()))
    if len(periods) <= _EPW_AN_HOUR or number(line, "records an hour", periods[_EPW_AN_HOUR]) != 1:
        raise FileRefused(line, "its DATA PERIODS must have one record an hour")
    return zone_h


def _epw_row(line: int, cells: Sequence[str]) -> dict[str, float]:
    if len(cells) < 22:
        raise FileRefused(line, "it is no hour of an EnergyPlus file")
    named = {
        "temperature_c": cells[6],
        "humidity_pct": cells[8],
        "radiation_w_m2": cells[13],
        "wind_m_s": cells[21],
    }
    row = dict(checked(line, named.items(), WEATHER_RANGES))
    infrared = number(line, "horizontal infrared", cells[12])
    if 0 < infrared < _EPW_MISSING_INFRARED:
        row["sky_c"] = sky_of_radiation_c(infrared)
    return row


def moment_of(row: Mapping[str, float], mean_c: float) -> Outdoor:
    """Return the weather of a row; what lacks is taken as in `read_columns`."""
    temperature_c = row["temperature_c"]
    # Weather stations tell humidity over water, below freezing too (WMO-No. 8, annex 4.B); the
    # houses' models tell theirs by this curve.
    vapour = magnus_pa(temperature_c) * min(row["humidity_pct"], 100.0) / 100.0
    sky_c = row.get("sky_c")
    return Outdoor(
        radiation_w_m2=max(row["radiation_w_m2"], 0.0),
        temperature_c=temperature_c,
        vapour_pa=vapour,
        co2_mg_m3=co2_mg_m3(row.get("co2_ppm", OUTDOOR_CO2_PPM), temperature_c, SEA_LEVEL_PA),
        wind_m_s=row.get("wind_m_s", 0.0),
        sky_c=sky_of_dew_point_c(temperature_c, vapour) if sky_c is None else sky_c,
        ground_c=row.get("ground_c", mean_c),
    )
