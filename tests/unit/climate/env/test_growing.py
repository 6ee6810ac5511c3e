"""Flocks and crops that grow on under their house's rules."""

from collections.abc import Sequence
from dataclasses import replace
from math import pi, sin

import pytest

from tokkatot.climate.env.growing import CHERRY_DRY_SHARE, fresh_kg, grown
from tokkatot.climate.env.what_if import CoopUnderRules, GreenhouseUnderRules, Stretch
from tokkatot.climate.physics.known import House, coop_of, greenhouse_of
from tokkatot.climate.weather.files import moment_of
from tokkatot.domain.houses import SetPoints

POINTS = SetPoints(temperature_min_c=18.0, temperature_max_c=26.0, temperature_hard_max_c=38.0)


def hours(count: int, mean_c: float) -> Sequence[Stretch]:
    found = []
    for hour in range(count):
        height = sin((hour - 6) / 12 * pi)
        row = {
            "temperature_c": mean_c + 4 * height,
            "humidity_pct": 60.0,
            "radiation_w_m2": 700 * max(height, 0.0),
            "wind_m_s": 1.5,
        }
        outdoor = moment_of(row, mean_c)
        found.append(Stretch(outdoor=outdoor, hour=float(hour % 24), points=POINTS))
    return found


def weighed(mean_c: float) -> Sequence[float]:
    built, flock = coop_of(House.TUNNEL, 10_000)
    house = CoopUnderRules(replace(flock, bird_kg=1.0, age_d=21.0), built)
    return grown(house, hours(48, mean_c), {0, 24, 48}, lambda _: None)


def test_birds_gain_each_day_and_less_in_the_heat() -> None:
    mild, hot = weighed(22.0), weighed(36.0)
    assert mild[0] == hot[0] == 1.0
    assert mild[0] < mild[1] < mild[2]
    # Ross 308 gain some 80 g a day then.
    assert mild[2] - mild[0] == pytest.approx(0.16, abs=0.04)
    assert hot[2] - hot[0] < 0.9 * (mild[2] - mild[0])


def test_ripe_plants_bear_from_day_to_day_and_young_ones_nothing() -> None:
    built, crop = greenhouse_of()
    ripe = replace(crop, fruit_mg_m2=300e3, sum_c_d=1200.0, buffer_mg_m2=10e3)
    borne = grown(
        GreenhouseUnderRules(ripe, built, fans_w=0.0), hours(8, 20.0), {0, 4, 8}, lambda _: None
    )
    assert borne[0] == 0.0
    assert borne[0] < borne[1] < borne[2]
    young = GreenhouseUnderRules(replace(crop), built, fans_w=0.0)
    assert grown(young, hours(4, 20.0), {4}, lambda _: None) == [0.0]


def test_dry_fruit_of_a_square_metre_is_fresh_fruit_of_a_house() -> None:
    assert fresh_kg(CHERRY_DRY_SHARE * 1000, 200.0, cherry=True) == pytest.approx(200.0)
    assert fresh_kg(5.5, 100.0, cherry=False) == pytest.approx(10.0)
