"""Flocks and crops under their baseline rules, in weather that was."""

from itertools import islice
from pathlib import Path

import pytest

from tests.support.greenhouse import outdoor
from tokkatot.climate.control.coop import StageRules
from tokkatot.climate.control.greenhouse import TomatoRules
from tokkatot.climate.env.days import GreenhouseDay, coop_days, greenhouse_days
from tokkatot.climate.physics.air import dew_point_c, vapour_pa, vpd_kpa
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
from tokkatot.climate.physics.greenhouse.model import State
from tokkatot.climate.physics.poultry.houses import day_old, open_house, tunnel_house
from tokkatot.climate.physics.poultry.model import Parameters
from tokkatot.climate.weather.files import read_epw
from tokkatot.climate.weather.series import WeatherSeries

SHARED = Path(__file__).parents[5] / "shared" / "data" / "climate" / "weather_epw"


@pytest.mark.shared_data
@pytest.mark.parametrize(("house", "birds"), [(open_house(), 5000), (tunnel_house(), 18_000)])
def test_a_flock_comes_through_a_rainy_season_in_yangon(house: Parameters, birds: int) -> None:
    with next(SHARED.glob("MMR*.epw")).open(encoding="utf-8", newline="") as lines:
        weather = read_epw(lines)
    lived = coop_days(weather, day_old(birds), house, StageRules(), start_s=200 * 86_400)
    days = list(islice(lived, 14))
    last = days[-1]
    assert last.birds > 0.97 * birds
    assert last.bird_kg == pytest.approx(0.47, abs=0.06)
    # Directive 2007/43/EC asks for these of dense flocks.
    assert max(day.co2_max_ppm for day in days) < 3000
    assert max(day.ammonia_max_ppm for day in days) < 20
    assert max(day.air_max_c for day in days) < 40


def test_tomatoes_are_kept_warm_and_told_by_the_day() -> None:
    weather = WeatherSeries(period_s=900, moments=[outdoor(step) for step in range(288)])
    days = list(islice(greenhouse_days(weather, State(), bleiswijk_led(), TomatoRules()), 3))
    assert [day.day for day in days] == [1, 2, 3]
    assert all(18 < day.air_mean_c < 24 for day in days)
    assert days[2].heat_kwh_m2 > days[0].heat_kwh_m2 > 0
    # 116 W a m² for 18 hours, but for what a bright noon saves.
    assert 1.2 < days[0].lamps_kwh_m2 < 2.1


def test_what_makes_leaves_lose_water_is_told_of_the_air_and_of_the_leaf() -> None:
    weather = WeatherSeries(period_s=900, moments=[outdoor(step) for step in range(96)])
    state, rules = State(), TomatoRules()
    day = next(greenhouse_days(weather, state, bleiswijk_led(), rules))
    assert 0.1 < day.vpd_mean_kpa < 2.0
    # What the mean air would have; the day's swings add little.
    assert day.vpd_mean_kpa == pytest.approx(
        vpd_kpa(day.air_mean_c, day.humidity_mean_pct), rel=0.1
    )
    warmer_k = leaf_c_of(day) - day.air_mean_c
    assert abs(warmer_k) < 3.0, "leaves are nearly as warm as the air"
    assert warmer_k != 0.0


def leaf_c_of(day: GreenhouseDay) -> float:
    """Return how warm leaves are that see this deficit to the mean air."""
    vapour = vapour_pa(day.air_mean_c, day.humidity_mean_pct)
    return dew_point_c(vapour + 1000.0 * day.leaf_vpd_mean_kpa)


def test_no_day_is_longer_than_its_weather() -> None:
    weather = WeatherSeries(period_s=900, moments=[outdoor(step) for step in range(100)])
    with pytest.raises(ValueError, match="the weather lasts"):
        list(islice(greenhouse_days(weather, State(), bleiswijk_led(), TomatoRules()), 2))
