"""Weather as a series: the nearest moment, and no weather beyond the end."""

from collections import Counter
from dataclasses import replace

import pytest

from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.weather.series import WeatherSeries

COLD = Outdoor(
    radiation_w_m2=0, temperature_c=1, vapour_pa=500, co2_mg_m3=800,
    wind_m_s=0, sky_c=-9, ground_c=8,
)  # fmt: skip
WARM = replace(COLD, temperature_c=21)


def test_the_nearest_moment_counts() -> None:
    series = WeatherSeries(period_s=300, moments=[COLD, WARM])
    assert series.at(149) is COLD
    assert series.at(150) is WARM
    assert series.duration_s == 600


def test_the_last_moment_counts_to_the_end_of_its_period() -> None:
    assert WeatherSeries(period_s=300, moments=[COLD, WARM]).at(599) is WARM


def test_each_hour_within_gives_as_many_quarters() -> None:
    hours = [replace(COLD, temperature_c=hour) for hour in range(6)]
    series = WeatherSeries(period_s=3600, moments=hours)
    told = Counter(series.at(900 * step).temperature_c for step in range(4 * len(hours)))
    assert told == {0: 2, 1: 4, 2: 4, 3: 4, 4: 4, 5: 6}


@pytest.mark.parametrize("elapsed_s", [-200.0, -1.0, 600.0])
def test_there_is_no_weather_outside_it(elapsed_s: float) -> None:
    with pytest.raises(ValueError, match=r"the weather lasts 0\.2 h"):
        WeatherSeries(period_s=300, moments=[COLD, WARM]).at(elapsed_s)


@pytest.mark.parametrize(("period_s", "moments"), [(0.0, [COLD]), (300.0, [])])
def test_weather_without_moments_or_time_is_none(period_s: float, moments: list[Outdoor]) -> None:
    with pytest.raises(ValueError, match="at least one moment"):
        WeatherSeries(period_s=period_s, moments=moments)
