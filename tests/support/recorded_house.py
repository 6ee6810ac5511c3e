"""A greenhouse that was recorded for ten days, made by a twin whose parameters are known."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from tokkatot.climate.calibrate.recording import READINGS, Recording
from tokkatot.climate.calibrate.subjects import Subject
from tokkatot.climate.kernel import records
from tokkatot.climate.physics.greenhouse.model import Controls
from tokkatot.climate.weather.files import moment_of

A_DAY = 48
PERIOD_S = 1800.0
DAYS = 10
NOISE = (0.2, 1.0, 15.0)

Weather = dict[str, float]


def weather(rng: np.random.Generator, days: int = DAYS) -> Sequence[Weather]:
    rows = []
    for _ in range(days):
        clear, warm = rng.uniform(0.3, 1.0), rng.normal(8, 2)
        for step in range(A_DAY):
            height = float(np.sin((step / A_DAY - 0.25) * 2 * np.pi))
            rows.append(
                {
                    "radiation_w_m2": 600 * clear * max(height, 0.0),
                    "temperature_c": warm + 5 * height,
                    "humidity_pct": 75 - 15 * height,
                    "wind_m_s": abs(rng.normal(3, 1)),
                }
            )
    return rows


def steered(rows: Sequence[Weather]) -> Sequence[Controls]:
    return [
        Controls(
            heating=0.3 if row["radiation_w_m2"] < 50 else 0.0,
            roof_vents=0.2 if row["radiation_w_m2"] > 300 else 0.0,
            thermal_screen=1.0 if row["radiation_w_m2"] < 5 else 0.0,
            co2=0.5 if row["radiation_w_m2"] > 50 else 0.0,
        )
        for row in rows
    ]


def greenhouse_recording(
    subject: Subject,
    true: Mapping[str, float],
    *,
    days: int = DAYS,
    windy: bool = False,
    seed: int = 7,
    lasting: float = 0.0,
) -> Recording:
    """Return what a house with these parameters would have left, read by instruments that err.

    What lasts of an error is its part that is still there at the next moment.
    """
    rng = np.random.default_rng(seed)
    rows = weather(rng, days)
    if windy:
        rows = [{**row, "wind_m_s": 8.0} for row in rows]
    blank = Recording(
        period_s=PERIOD_S,
        weather=records([moment_of(row, 8.0) for row in rows]),
        controls=records(steered(rows)),
        readings=np.array([[18.0, 80.0, 500.0]] * len(rows)),
        known={},
    )
    knobs = [knob for knob in subject.knobs if knob.name in true]
    shown = subject.lived(blank, knobs, np.array([[true[knob.name] for knob in knobs]]))[0]
    return Recording(
        period_s=PERIOD_S,
        weather=blank.weather,
        controls=blank.controls,
        readings=shown + errors(rng, len(rows), lasting) * NOISE,
        known={},
    )


def errors(rng: np.random.Generator, moments: int, lasting: float) -> NDArray[np.float64]:
    fresh = rng.normal(0, 1, (moments, len(NOISE)))
    for index in range(1, moments):
        fresh[index] = lasting * fresh[index - 1] + (1 - lasting**2) ** 0.5 * fresh[index]
    return fresh


def written(recording: Recording) -> Iterator[str]:
    """Yield the lines of its file; of the weather what a station tells."""
    rows = weather(np.random.default_rng(7), len(recording.readings) // A_DAY)
    actuators = Controls._fields
    sky = "radiation_w_m2", "outdoor_c", "outdoor_humidity_pct", "wind_m_s", "ground_c"
    yield ",".join(("time_s", *sky, *READINGS, *actuators))
    for index, row in enumerate(rows):
        cells = [PERIOD_S * index, *row.values(), 8.0]
        read = [f"{value:.6g}" if isfinite(value) else "" for value in recording.readings[index]]
        moved = [float(recording.controls[name][index]) for name in actuators]
        yield ",".join([*(str(cell) for cell in cells), *read, *(str(part) for part in moved)])
