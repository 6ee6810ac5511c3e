"""What a house went through: weather, actuators and readings, from a file of named columns."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from tokkatot.climate.kernel import Records, records
from tokkatot.climate.physics.greenhouse import model as greenhouse
from tokkatot.climate.physics.poultry import model as coop
from tokkatot.climate.physics.units import DAY_S
from tokkatot.climate.weather.cells import FileRefused, Range, checked, numbered
from tokkatot.climate.weather.files import WEATHER_RANGES, moment_of

Actuators = type[greenhouse.Controls] | type[coop.Controls]

LONGEST_PERIOD_S = 3600.0
HELD_S = 3600.0
"""So long an actuator or the weather counts as what it last was, where its cell is empty."""

READINGS = ("air_c", "humidity_pct", "co2_ppm")
"""What a twin is held against; in every row of readings they stand in this order."""

_READ: Mapping[str, Range] = {
    "air_c": (-40.0, 85.0),
    "humidity_pct": (0.0, 100.0),
    "co2_ppm": (0.0, 20_000.0),
}
_WEATHER = {
    "radiation_w_m2": "radiation_w_m2",
    "outdoor_c": "temperature_c",
    "outdoor_humidity_pct": "humidity_pct",
    "wind_m_s": "wind_m_s",
    "outdoor_co2_ppm": "co2_ppm",
    "sky_c": "sky_c",
    "ground_c": "ground_c",
}
"""A column of the file, and what the weather calls it."""
_REQUIRED = ("time_s", "radiation_w_m2", "outdoor_c", "outdoor_humidity_pct")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Evenly spaced rows: what was read, and what weather and actuators did until the next."""

    period_s: float
    weather: Records
    controls: Records
    readings: NDArray[np.float64]
    """A row a moment in the order of `READINGS`; not a number where nothing was read."""
    known: Mapping[str, NDArray[np.float64]]
    """What somebody weighed or counted, by the names of the file."""

    @property
    def days(self) -> NDArray[np.int64]:
        """Return the day of each row, counted from the first."""
        elapsed_s = self.period_s * np.arange(len(self.readings))
        return (elapsed_s // DAY_S).astype(np.int64)


def read_recording(
    lines: Iterable[str], controls: Actuators, known: Mapping[str, Range]
) -> Recording:
    """Return a recording from named columns; the first line names them.

    Needed are `time_s`, `radiation_w_m2`, `outdoor_c`, `outdoor_humidity_pct`, one reading at least
    (`air_c`, `humidity_pct`, `co2_ppm`) and one actuator, 0 to 1, under its name in `controls`, the
    mean over the time until the next row. Other actuators rest. Of the weather `wind_m_s`,
    `outdoor_co2_ppm`, `sky_c` and `ground_c` may lack. An empty cell of a reading counts for
    nothing; one of weather or an actuator holds what was before for an hour at most.

    Raises:
        FileRefused: for a column that lacks, a value that can't be, a gap, or uneven steps of time.
    """
    source = numbered(lines)
    names = next(source, (1, []))[1]
    actuators = [name for name in controls._fields if name in names]
    _require(names, actuators)
    ranges = _ranges(actuators, known)
    held = [name for name in names if name in _WEATHER or name in actuators]
    rows = _filled([_row(line, names, cells, ranges) for line, cells in source if cells], held)
    period_s = _period_s(rows)
    mean_c = sum(row["outdoor_c"] for _, row in rows) / len(rows)
    sky = [{_WEATHER[name]: row[name] for name in names if name in _WEATHER} for _, row in rows]
    return Recording(
        period_s=period_s,
        weather=records([moment_of(weather, mean_c) for weather in sky]),
        controls=records([controls(**{name: row[name] for name in actuators}) for _, row in rows]),
        readings=np.array([[row.get(name, nan) for name in READINGS] for _, row in rows]),
        known={
            name: np.array([row.get(name, nan) for _, row in rows])
            for name in known
            if name in names
        },
    )


Row = tuple[int, dict[str, float]]
"""A line and what it holds."""


def _require(names: Sequence[str], actuators: Sequence[str]) -> None:
    for name in _REQUIRED:
        if name not in names:
            raise FileRefused(1, f"there is no column {name}")
    if len(set(names)) != len(names):
        raise FileRefused(1, "two columns have one name")
    if not set(READINGS) & set(names):
        raise FileRefused(1, f"there is no reading: {', '.join(READINGS)}")
    if not actuators:
        raise FileRefused(1, "no column tells of an actuator of this house")


def _ranges(actuators: Sequence[str], known: Mapping[str, Range]) -> Mapping[str, Range]:
    weather = {name: WEATHER_RANGES[called] for name, called in _WEATHER.items()}
    moved = dict.fromkeys(actuators, (0.0, 1.0))
    return {"time_s": WEATHER_RANGES["time_s"], **weather, **moved, **_READ, **known}


def _row(line: int, names: Sequence[str], cells: Sequence[str], ranges: Mapping[str, Range]) -> Row:
    if len(cells) != len(names):
        raise FileRefused(line, f"{len(cells)} values where {len(names)} are named")
    told = [(name, cell) for name, cell in zip(names, cells, strict=True) if cell.strip()]
    row = dict(checked(line, told, ranges))
    if "time_s" not in row:
        raise FileRefused(line, "it has no time")
    return line, row


def _filled(rows: Sequence[Row], held: Sequence[str]) -> Sequence[Row]:
    """Let what is held stand where its cell is empty."""
    told: dict[str, tuple[float, float]] = {}
    for line, row in rows:
        for name in held:
            if name in row:
                told[name] = row["time_s"], row[name]
                continue
            since_s, value = told.get(name, (-HELD_S, 0.0))
            if row["time_s"] - since_s > HELD_S or name not in told:
                raise FileRefused(line, f"{name} has lacked for more than an hour")
            row[name] = value
    return rows


def _period_s(rows: Sequence[Row]) -> float:
    if len(rows) < 2:
        raise FileRefused(len(rows) + 1, "a recording needs two moments at least")
    period_s = rows[1][1]["time_s"] - rows[0][1]["time_s"]
    if not 0 < period_s <= LONGEST_PERIOD_S:
        raise FileRefused(rows[1][0], "its moments must follow each other within an hour")
    for (_, before), (line, after) in itertools.pairwise(rows):
        if abs(after["time_s"] - before["time_s"] - period_s) > 1e-3:
            raise FileRefused(line, "its moments are not evenly spaced")
    return period_s
