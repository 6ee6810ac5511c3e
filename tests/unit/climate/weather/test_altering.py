"""Altered weather: warmer, of wider days and drier than it was measured, and still weather."""

import numpy as np
import pytest

from tests.support import coop
from tokkatot.climate.physics.air import magnus_pa
from tokkatot.climate.weather.altering import altered
from tokkatot.climate.weather.series import WeatherSeries

MEKONG = WeatherSeries(period_s=3600.0, moments=[coop.outdoor(4 * hour) for hour in range(24 * 6)])


def told(series: WeatherSeries, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([getattr(moment, name) for moment in series.moments])


def test_weather_that_nobody_alters_stays_as_it_is() -> None:
    same = altered(MEKONG, warmer_k=0.0, swing=1.0, vapour=1.0)
    assert told(same, "temperature_c") == pytest.approx(told(MEKONG, "temperature_c"))
    assert told(same, "vapour_pa") == pytest.approx(told(MEKONG, "vapour_pa"))


def test_days_swing_wider_about_the_same_mean_and_all_of_it_is_warmer() -> None:
    was, now = MEKONG, altered(MEKONG, warmer_k=2.0, swing=2.0, vapour=0.5)
    before, after = (told(one, "temperature_c")[24:-24] for one in (was, now))
    assert after.mean() == pytest.approx(before.mean() + 2.0, abs=0.1)
    assert np.ptp(after[:24]) == pytest.approx(2.0 * np.ptp(before[:24]), rel=0.1)
    assert told(now, "vapour_pa") == pytest.approx(0.5 * told(was, "vapour_pa"))
    assert told(now, "radiation_w_m2").tolist() == told(was, "radiation_w_m2").tolist()
    assert told(now, "ground_c") == pytest.approx(told(was, "ground_c") + 2.0)
    clear = told(was, "temperature_c") - told(was, "sky_c")
    assert told(now, "temperature_c") - told(now, "sky_c") == pytest.approx(clear)


def test_air_holds_no_more_than_it_can() -> None:
    damp = altered(MEKONG, warmer_k=-10.0, swing=1.0, vapour=1.2)
    full = np.array([magnus_pa(one) for one in told(damp, "temperature_c")])
    assert (told(damp, "vapour_pa") <= full).all()
    assert (told(damp, "vapour_pa") == full).any(), "nights are full of dew"


def test_a_series_of_one_moment_has_no_swing() -> None:
    one = WeatherSeries(period_s=3600.0, moments=MEKONG.moments[:1])
    assert altered(one, warmer_k=1.0, swing=3.0, vapour=1.0).at(0).temperature_c == pytest.approx(
        one.at(0).temperature_c + 1.0
    )
