"""The sun's place against pvlib's, which is NREL's algorithm."""

from datetime import UTC, datetime, timedelta
from functools import cache

import pandas as pd
import pvlib
import pytest

from tokkatot.climate.physics.sun import extraterrestrial_w_m2, refraction_deg, sun_position
from tokkatot.domain.places import Place

PHNOM_PENH = Place(latitude=11.56, longitude=104.92)
BLEISWIJK = Place(latitude=52.03, longitude=4.53)
SYDNEY = Place(latitude=-33.87, longitude=151.21)
PLACES = [PHNOM_PENH, BLEISWIJK, SYDNEY]

MOMENTS = [
    datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day, minutes=67 * step)
    for year in (2010, 2026, 2040)
    for day in range(0, 365, 19)
    for step in range(22)
]


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@cache
def theirs(place: Place) -> pd.DataFrame:
    return pvlib.solarposition.get_solarposition(
        pd.DatetimeIndex(MOMENTS), place.latitude, place.longitude, method="nrel_numpy"
    )


@pytest.mark.parametrize("place", PLACES)
def test_the_sun_stands_where_pvlib_has_it(place: Place) -> None:
    ours = [sun_position(ms(moment), place) for moment in MOMENTS]
    found = theirs(place)
    higher = [abs(o.elevation_deg - e) for o, e in zip(ours, found["elevation"], strict=True)]
    # Near the zenith, and below one's feet, a small angle is a large azimuth.
    beside = [
        abs((o.azimuth_deg - a + 180) % 360 - 180)
        for o, a, e in zip(ours, found["azimuth"], found["elevation"], strict=True)
        if abs(e) < 80
    ]
    assert max(higher) < 0.02
    assert max(beside) < 0.1


def test_the_air_lifts_it_as_pvlib_says() -> None:
    found = theirs(BLEISWIJK)
    seen = found[found["elevation"] > 3]
    apart = [
        abs(elevation + refraction_deg(elevation) - apparent)
        for elevation, apparent in zip(seen["elevation"], seen["apparent_elevation"], strict=True)
    ]
    assert max(apart) < 0.02


def test_a_sun_on_the_horizon_is_lifted_by_its_own_width_and_a_high_one_not() -> None:
    assert refraction_deg(0) == pytest.approx(0.482, abs=0.001)
    assert refraction_deg(86) == 0
    assert refraction_deg(-6) < 0.1


@pytest.mark.parametrize("place", PLACES)
def test_above_the_air_there_is_as_much_of_it_as_pvlib_says(place: Place) -> None:
    normal = pvlib.irradiance.get_extra_radiation(
        pd.DatetimeIndex(MOMENTS), solar_constant=1361.0, method="nrel"
    )
    cosine = pvlib.tools.sind(theirs(place)["elevation"]).clip(lower=0)
    apart = [
        abs(extraterrestrial_w_m2(ms(moment), place) - expected)
        for moment, expected in zip(MOMENTS, normal * cosine, strict=True)
    ]
    assert max(apart) < 3
