"""Files of what a house went through: what is taken, what is held on, and what is refused."""

import numpy as np
import pytest

from tokkatot.climate.calibrate.recording import read_recording
from tokkatot.climate.physics.air import magnus_pa
from tokkatot.climate.physics.poultry.model import Controls
from tokkatot.climate.weather.cells import FileRefused

HEADER = "time_s,radiation_w_m2,outdoor_c,outdoor_humidity_pct,air_c,fans"
KNOWN = {"bird_kg": (0.02, 20.0)}


def test_columns_are_taken_by_their_names() -> None:
    recording = read_recording(
        [
            "note,fans,time_s,outdoor_c,radiation_w_m2,outdoor_humidity_pct,co2_ppm,air_c,bird_kg",
            "a,0.25,900,20,100,50,1500,27,1.2",
            "b,1,1800,22,110,60,,28,",
        ],
        Controls,
        KNOWN,
    )
    assert recording.period_s == 900
    assert list(recording.controls["fans"]) == [0.25, 1.0]
    assert list(recording.controls["inlets"]) == [0.1, 0.1]
    assert recording.weather["vapour_pa"][0] == pytest.approx(magnus_pa(20) / 2)
    assert recording.weather["ground_c"][0] == 21
    np.testing.assert_equal(
        recording.readings, np.array([[27, np.nan, 1500], [28, np.nan, np.nan]])
    )
    np.testing.assert_equal(recording.known["bird_kg"], np.array([1.2, np.nan]))


def test_days_are_counted_from_the_first_row() -> None:
    lines = [HEADER, *(f"{1800 * row},0,20,50,25,0.5" for row in range(100, 200))]
    days = read_recording(lines, Controls, KNOWN).days
    assert (days[0], days[47], days[48], days[99]) == (0, 0, 1, 2)


def test_what_an_actuator_last_did_holds_for_an_hour() -> None:
    lines = [HEADER, "0,0,20,50,25,0.5", "1800,0,20,50,25,", "3600,0,,50,25,", "5400,0,20,50,25,1"]
    recording = read_recording(lines, Controls, KNOWN)
    assert list(recording.controls["fans"]) == [0.5, 0.5, 0.5, 1.0]
    assert list(recording.weather["temperature_c"]) == [20, 20, 20, 20]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "line 1: there is no column time_s"),
        (["time_s,radiation_w_m2,outdoor_c,air_c,fans"], "no column outdoor_humidity_pct"),
        ([HEADER.replace("air_c", "air")], "line 1: there is no reading: air_c, humidity_pct"),
        ([HEADER.replace("fans", "fan")], "line 1: no column tells of an actuator"),
        ([HEADER + ",fans"], "line 1: two columns have one name"),
        ([HEADER, "0,0,20,50,25"], "line 2: 5 values where 6 are named"),
        ([HEADER, "0,0,20,50,25,1", "x,0,20,50,25,1"], "line 3: time_s 'x' is no number"),
        ([HEADER, "0,0,20,50,25,1", ",0,20,50,25,1"], "line 3: it has no time"),
        ([HEADER, "0,0,20,50,25,50"], "line 2: fans 50 is not in 0 to 1"),
        ([HEADER, "0,0,20,50,nan,1"], "line 2: air_c is nan"),
        ([HEADER, "0,0,20,50,25,1"], "a recording needs two moments"),
        ([HEADER, "0,0,20,50,25,1", "0,0,20,50,25,1"], "line 3: .* within an hour"),
        ([HEADER, "0,0,20,50,25,1", "7200,0,20,50,25,1"], "line 3: .* within an hour"),
        (
            [HEADER, "0,0,20,50,25,1", "900,0,20,50,25,1", "2700,0,20,50,25,1"],
            "line 4: its moments are not evenly spaced",
        ),
        ([HEADER, "0,0,20,50,25,", "900,0,20,50,25,1"], "line 2: fans has lacked"),
        (
            [HEADER, "0,0,20,50,25,1", *(f"{900 * row},0,,50,25,1" for row in range(1, 6))],
            "line 7: outdoor_c has lacked for more than an hour",
        ),
    ],
)
def test_a_broken_file_is_refused_at_its_line(lines: list[str], reason: str) -> None:
    with pytest.raises(FileRefused, match=reason):
        read_recording(lines, Controls, KNOWN)
