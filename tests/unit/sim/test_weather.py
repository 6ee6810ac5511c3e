"""The weather follows the local day and the season of the place."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokkatot.climate.physics.air import relative_humidity_pct
from tokkatot.sim.chance import Chance
from tokkatot.sim.weather import KANDAL, Place, Weather, clear_sky_w_m2, sunrise_sunset

PHNOM_PENH = ZoneInfo("Asia/Phnom_Penh")
instants = st.integers(1_577_836_800, 2_208_988_800).map(
    lambda t_s: datetime.fromtimestamp(t_s, UTC)
)


@given(instants, st.integers(0, 2**32))
def test_the_weather_of_kandal_stays_within_what_was_ever_measured(
    utc: datetime, seed: int
) -> None:
    outdoors = Weather(KANDAL, Chance(seed)).at(utc)
    assert 12.8 <= outdoors.temperature_c <= 42.6  # the records of Cambodia
    assert 0.0 <= outdoors.radiation_w_m2 <= 1100.0
    assert 20.0 <= relative_humidity_pct(outdoors.temperature_c, outdoors.vapour_pa) <= 100.001
    assert outdoors.sky_c < outdoors.temperature_c


@given(instants, st.integers(0, 2**32))
def test_the_same_seed_and_instant_give_the_same_weather(utc: datetime, seed: int) -> None:
    assert Weather(KANDAL, Chance(seed)).at(utc) == Weather(KANDAL, Chance(seed)).at(utc)


@given(instants, st.integers(0, 2**32))
def test_the_temperature_does_not_jump(utc: datetime, seed: int) -> None:
    weather = Weather(KANDAL, Chance(seed))
    before, after = weather.at(utc), weather.at(utc + timedelta(minutes=1))
    assert abs(after.temperature_c - before.temperature_c) < 0.1


def test_the_afternoon_is_warmer_than_the_dawn_and_the_night_is_dark() -> None:
    weather = Weather(KANDAL, Chance(1))
    dawn = weather.at(datetime(2026, 3, 10, 6, 0, tzinfo=PHNOM_PENH))
    afternoon = weather.at(datetime(2026, 3, 10, 14, 30, tzinfo=PHNOM_PENH))
    midnight = weather.at(datetime(2026, 3, 10, 0, 0, tzinfo=PHNOM_PENH))
    assert afternoon.temperature_c > dawn.temperature_c + 7
    assert midnight.radiation_w_m2 == 0.0


@pytest.mark.parametrize(
    ("day", "rises", "sets"),
    [  # Almanac times of Phnom Penh, which count refraction and the sun's edge (3 to 4 minutes).
        (date(2026, 3, 20), "06:04", "18:10"),
        (date(2026, 6, 21), "05:37", "18:23"),
        (date(2026, 12, 21), "06:14", "17:40"),
    ],
)
def test_the_sun_rises_and_sets_within_ten_minutes_of_the_almanac(
    day: date, rises: str, sets: str
) -> None:
    for instant, expected in zip(sunrise_sunset(KANDAL, day), (rises, sets), strict=True):
        local = instant.astimezone(PHNOM_PENH)
        hour, minute = map(int, expected.split(":"))
        assert local.date() == day
        assert abs(local.hour * 60 + local.minute - hour * 60 - minute) <= 10


def test_the_sun_stands_still_in_the_sky_nowhere_before_sunrise() -> None:
    rises, sets = sunrise_sunset(KANDAL, date(2026, 8, 1))
    assert clear_sky_w_m2(KANDAL, rises - timedelta(minutes=5)) == 0.0
    assert clear_sky_w_m2(KANDAL, rises + (sets - rises) / 2) > 900.0
    assert clear_sky_w_m2(KANDAL, sets + timedelta(minutes=5)) == 0.0


def test_a_place_beyond_the_polar_circle_is_refused() -> None:
    with pytest.raises(ValueError, match="latitude_deg"):
        Place(latitude_deg=70, longitude_deg=0, mean_max_c=(0,) * 12, mean_min_c=(0,) * 12)
