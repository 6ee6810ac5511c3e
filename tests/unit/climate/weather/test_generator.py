"""Made-up weather: of the same climate, in another order, and never what can't be."""

import itertools
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tokkatot.climate.physics.air import magnus_pa
from tokkatot.climate.weather.files import moment_of, read_epw
from tokkatot.climate.weather.generator import WeatherGenerator
from tokkatot.climate.weather.series import WeatherSeries

YANGON = (
    Path(__file__).parents[5]
    / "shared/data/climate/weather_epw/MMR_YA_Yangon.Intl.AP.480970_TMYx.epw"
)


@cache
def year() -> WeatherSeries:
    """Return a year with a summer, and with warm and cold spells of some days."""
    rng, spell, moments = np.random.default_rng(1), 0.0, []
    for day in range(365):
        spell = 0.8 * spell + rng.normal(0, 2)
        season = -np.cos(2 * np.pi * day / 365)
        clear = rng.uniform(0.4, 1.0)
        for hour in range(24):
            height = float(np.sin((hour - 6) / 12 * np.pi))
            row = {
                "temperature_c": 10 + 8 * season + spell + 4 * height,
                "humidity_pct": 75 - 15 * height,
                "radiation_w_m2": 500 * clear * max(height, 0.0) * (1.2 + season),
                "wind_m_s": abs(rng.normal(3, 1)),
            }
            moments.append(moment_of(row, 10.0))
    return WeatherSeries(period_s=3600.0, moments=moments)


def warmth(weather: WeatherSeries) -> np.ndarray:
    return np.array([moment.temperature_c for moment in weather.moments]).reshape(-1, 24)


def following(daily: np.ndarray) -> float:
    """Return how far days follow the day before, the season taken off."""
    season = np.convolve(np.pad(daily, 15, mode="wrap"), np.ones(31) / 31, mode="valid")
    off = daily - season
    return float(np.corrcoef(off[:-1], off[1:])[0, 1])


def test_a_made_up_year_is_of_the_same_climate() -> None:
    made = WeatherGenerator(year()).generate(np.random.default_rng(2), 365)
    ours, theirs = warmth(made), warmth(year())
    assert len(made.moments) == 365 * 24
    for month in range(12):
        days = slice(30 * month, 30 * month + 30)
        assert ours[days].mean() == pytest.approx(theirs[days].mean(), abs=2.5)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.7)
    assert ours.std() == pytest.approx(theirs.std(), rel=0.1)
    assert following(ours.mean(axis=1)) == pytest.approx(following(theirs.mean(axis=1)), abs=0.2)
    sun = [moment.radiation_w_m2 for moment in made.moments]
    assert np.mean(sun) == pytest.approx(
        np.mean([moment.radiation_w_m2 for moment in year().moments]), rel=0.05
    )


def test_it_is_no_replay_and_a_seed_makes_it_again() -> None:
    generator = WeatherGenerator(year())
    first = generator.generate(np.random.default_rng(3), 60, start_day=100)
    again = generator.generate(np.random.default_rng(3), 60, start_day=100)
    other = generator.generate(np.random.default_rng(4), 60, start_day=100)
    assert first.moments == again.moments
    assert first.moments != other.moments
    source = warmth(year())
    replayed = [
        bool(np.any(np.all(np.isclose(source[:, 12:], day[12:]), axis=1))) for day in warmth(first)
    ]
    successive = [
        int(np.argmin(np.abs(source[:, 12:] - day[12:]).sum(axis=1))) for day in warmth(first)
    ]
    assert all(replayed)
    assert sum(b - a == 1 for a, b in itertools.pairwise(successive)) < 10


def test_days_are_joined_without_a_leap_and_no_night_is_bright() -> None:
    made = WeatherGenerator(year()).generate(np.random.default_rng(5), 200)

    def leaps(weather: WeatherSeries) -> float:
        told = warmth(weather)
        return float(np.abs(told[1:, 0] - told[:-1, -1]).max())

    assert leaps(made) <= leaps(year()) + 1e-9
    assert all(moment.vapour_pa <= magnus_pa(moment.temperature_c) for moment in made.moments)
    assert all(moment.wind_m_s >= 0 for moment in made.moments)
    nights = [moment.radiation_w_m2 for index, moment in enumerate(made.moments) if index % 24 < 6]
    assert max(nights) == 0


def test_it_goes_on_over_the_turn_of_the_year() -> None:
    made = WeatherGenerator(year()).generate(np.random.default_rng(6), 60, start_day=340)
    assert warmth(made).mean() == pytest.approx(2, abs=3)


@pytest.mark.parametrize("hours", [364 * 24, 10])
def test_less_than_a_year_makes_no_climate(hours: int) -> None:
    part = WeatherSeries(period_s=3600.0, moments=year().moments[:hours])
    with pytest.raises(ValueError, match="a whole year"):
        WeatherGenerator(part)


def test_a_period_that_divides_no_day_is_refused() -> None:
    odd = WeatherSeries(period_s=5000.0, moments=list(year().moments))
    with pytest.raises(ValueError, match="in equal parts of a day"):
        WeatherGenerator(odd)


@pytest.mark.shared_data
def test_a_tropical_year_keeps_its_monsoon() -> None:
    with YANGON.open(encoding="utf-8", newline="") as lines:
        source = read_epw(lines)
    made = WeatherGenerator(source).generate(np.random.default_rng(7), 365)

    def damp(weather: WeatherSeries, days: Sequence[int]) -> float:
        hours = [weather.moments[24 * day + hour] for day in days for hour in range(24)]
        return float(np.mean([100 * m.vapour_pa / magnus_pa(m.temperature_c) for m in hours]))

    dry, wet = range(40, 70), range(190, 220)
    assert damp(made, dry) == pytest.approx(damp(source, dry), abs=6)
    assert damp(made, wet) == pytest.approx(damp(source, wet), abs=6)
    assert damp(made, wet) > damp(made, dry) + 15
