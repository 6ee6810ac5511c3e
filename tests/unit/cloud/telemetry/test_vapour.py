"""The vapour pressure deficit, computed from what a device measures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokkatot.climate.physics.air import vpd_kpa
from tokkatot.cloud.telemetry.blocks import EMPTY, Columns
from tokkatot.cloud.telemetry.history import NOTHING_LEFT, Rolled
from tokkatot.cloud.telemetry.summary import Numbers, summarise
from tokkatot.cloud.telemetry.vapour import APART_MS, deficit_kpa, of_readings, of_roll_ups

T = 1_790_000_000_000 - 1_790_000_000_000 % 86_400_000
HOUR = 3_600_000


def columns(*readings: tuple[int, float], quality: int = 0) -> Columns:
    """Return readings of (ms after T, value)."""
    return Columns(
        t_ms=np.array([T + t for t, _ in readings], np.int64),
        value=np.array([value for _, value in readings], np.float64),
        quality=np.full(len(readings), quality, np.uint8),
    )


def of(temperature: float, humidity: float) -> float:
    return float(deficit_kpa(np.array([temperature]), np.array([humidity]))[0])


@pytest.mark.parametrize(
    ("temperature_c", "saturation_kpa"),
    [(1, 0.657), (15, 1.705), (20, 2.338), (25, 3.168), (30, 4.243), (35, 5.623), (40, 7.376)],
)
def test_dry_air_lacks_the_saturation_pressure_of_the_papers_table(
    temperature_c: float, saturation_kpa: float
) -> None:
    # FAO paper 56, annex 2, table 2.3.
    assert of(temperature_c, 0) == pytest.approx(saturation_kpa, abs=0.001)
    assert of(temperature_c, 60) == pytest.approx(0.4 * saturation_kpa, abs=0.001)
    assert of(temperature_c, 100) == 0


@pytest.mark.parametrize("temperature_c", [5, 18, 26, 38])
def test_charts_and_the_twin_mean_the_same_deficit(temperature_c: float) -> None:
    assert of(temperature_c, 65) == pytest.approx(vpd_kpa(temperature_c, 65), rel=0.005)


def test_each_temperature_meets_the_humidity_that_is_nearest_to_it() -> None:
    found = of_readings(
        columns((0, 20), (60_000, 21), (120_000, 22)),
        columns((1, 50), (59_990, 60), (110_000, 70), quality=1),
    )
    assert (found.t_ms - T).tolist() == [0, 60_000, 120_000]
    assert found.value.tolist() == pytest.approx([of(20, 50), of(21, 60), of(22, 70)])
    assert found.quality.tolist() == [1, 1, 1]


def test_readings_that_lie_too_far_apart_have_no_deficit() -> None:
    found = of_readings(columns((0, 20), (HOUR, 20)), columns((APART_MS, 50)))
    assert (found.t_ms - T).tolist() == [0]
    assert len(of_readings(columns((0, 20)), EMPTY)) == len(of_readings(EMPTY, EMPTY)) == 0


def test_a_deficit_that_no_air_has_is_none() -> None:
    assert len(of_readings(columns((0, 80)), columns((0, 1)))) == 0


def _values(low: int, high: int) -> st.SearchStrategy[list[float]]:
    return st.lists(st.floats(low, high), min_size=60, max_size=60)


@given(temperature=_values(10, 40), humidity=_values(20, 95))
def test_the_deficit_of_an_hour_lies_between_its_bounds(
    temperature: list[float], humidity: list[float]
) -> None:
    warm = columns(*((n * 60_000, value) for n, value in enumerate(temperature)))
    damp = columns(*((n * 60_000, value) for n, value in enumerate(humidity)))
    exactly = of_readings(warm, damp).value
    rolled = of_roll_ups(
        Rolled(summary=summarise(warm, HOUR), width_ms=HOUR),
        Rolled(summary=summarise(damp, HOUR), width_ms=HOUR),
    ).summary
    assert rolled.t_ms.tolist() == [T]
    assert rolled.lowest[0] <= exactly.min() + 1e-9
    assert rolled.highest[0] >= exactly.max() - 1e-9
    assert rolled.last[0] == pytest.approx(exactly[-1])
    assert rolled.lowest[0] <= rolled.mean()[0] <= rolled.highest[0]


def test_the_mean_of_a_quiet_hour_is_near_that_of_its_readings() -> None:
    swing: Numbers = np.sin(np.arange(60) / 10)
    warm = columns(*((n * 60_000, 28 + swing[n]) for n in range(60)))
    damp = columns(*((n * 60_000, 70 - 3 * swing[n]) for n in range(60)))
    rolled = of_roll_ups(
        Rolled(summary=summarise(warm, HOUR), width_ms=HOUR),
        Rolled(summary=summarise(damp, HOUR), width_ms=HOUR),
    ).summary
    assert rolled.mean()[0] == pytest.approx(of_readings(warm, damp).value.mean(), rel=0.01)


def test_roll_ups_of_two_widths_meet_in_the_wider_and_only_where_both_are() -> None:
    warm = columns((0, 20), (HOUR, 22), (2 * HOUR, 24))
    damp = columns((0, 50), (2 * HOUR, 60))
    rolled = of_roll_ups(
        Rolled(summary=summarise(warm, 60_000), width_ms=60_000),
        Rolled(summary=summarise(damp, HOUR), width_ms=HOUR),
    )
    assert rolled.width_ms == HOUR
    assert rolled.summary.t_ms.tolist() == [T, T + 2 * HOUR]
    assert not len(of_roll_ups(NOTHING_LEFT, NOTHING_LEFT).summary)
