"""Houses under their hub's own rules, stretch by stretch."""

from dataclasses import replace

import pytest

from tests.support import coop
from tokkatot.automation.state import Climate as Standing
from tokkatot.climate.env.what_if import (
    STEP_S,
    CoopUnderRules,
    GreenhouseUnderRules,
    Lived,
    Story,
    Stretch,
    between,
    live_through,
    steer_held_greenhouse,
    warmer,
)
from tokkatot.climate.physics.air import magnus_pa
from tokkatot.climate.physics.greenhouse import houses as greenhouses
from tokkatot.climate.physics.greenhouse.model import State as GreenhouseState
from tokkatot.climate.physics.known import House, coop_of, greenhouse_of
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.poultry import houses as coops
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind, SetPoints

OUTDOOR = replace(coop.outdoor(0), temperature_c=19.0)
USUAL = DEFAULT_SETPOINTS[HouseKind.COOP]
WARM = replace(USUAL, temperature_min_c=28.0)
AN_HOUR = round(3600 / STEP_S)


def coop_in(air_c: float = 26.0) -> Lived:
    built, flock = coop_of(House.TUNNEL, 480)
    grown = replace(flock, age_d=28.0, bird_kg=1.6)
    house = coops.of_floor(built, 50.0)
    return CoopUnderRules(
        coops.settled(grown, air_c=air_c, humidity_pct=70.0, co2_ppm=1000.0), house
    )


def greenhouse_in(air_c: float = 24.0, *, fans_w: float = 1100.0) -> Lived:
    built, crop = greenhouse_of()
    state: GreenhouseState = greenhouses.settled(
        crop, air_c=air_c, humidity_pct=70.0, co2_ppm=420.0, ground_c=24.0
    )
    return GreenhouseUnderRules(state, greenhouses.of_floor(built, 200.0), fans_w=fans_w)


def lived(house: Lived, points: SetPoints, outdoor: Outdoor = OUTDOOR, steps: int = 36) -> Story:
    stretch = Stretch(outdoor=outdoor, hour=1.0, points=points)
    return live_through(house, [stretch] * steps, lambda _: None)


def test_warmer_set_points_take_more_heat_and_stress_the_birds_longer() -> None:
    usual, warm = lived(coop_in(), USUAL), lived(coop_in(), WARM)
    assert warm.spent.heat_kwh > usual.spent.heat_kwh
    assert sum(row.air_c for row in warm.rows) > sum(row.air_c for row in usual.rows)
    assert warm.heat_stress_h is not None
    assert warm.heat_stress_h > (usual.heat_stress_h or 0.0)


def test_hours_beyond_the_set_points_are_those_that_were_to_be_held() -> None:
    hot = replace(OUTDOOR, temperature_c=38.0)
    story = lived(coop_in(38.0), USUAL, hot, AN_HOUR)
    assert (story.hours_too_hot, story.hours_too_cold) == (1.0, 0.0)
    story = lived(greenhouse_in(5.0), USUAL, replace(OUTDOOR, temperature_c=-5.0), AN_HOUR)
    assert (story.hours_too_hot, story.hours_too_cold) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("standing", "heating", "air"),
    [
        (Standing(), 0.0, 0.0),
        (Standing(heating=True, shut=True), 1.0, 0.0),
        (Standing(venting=True), 0.0, 1.0),
        (Standing(heating=True, over_hard_limit=True), 0.0, 1.0),
    ],
)
def test_a_greenhouse_rests_shut_and_no_heat_passes_the_hard_limit(
    standing: Standing, heating: float, air: float
) -> None:
    controls = steer_held_greenhouse(standing)
    assert (controls.heating, controls.roof_vents, controls.fans) == (heating, air, air)


def test_what_fans_of_a_greenhouse_draw_is_their_rated_power() -> None:
    points = SetPoints(temperature_min_c=5.0, temperature_max_c=10.0, temperature_hard_max_c=12.0)
    story = lived(
        greenhouse_in(fans_w=1100.0), points, replace(OUTDOOR, temperature_c=24.0), AN_HOUR
    )
    assert story.spent.electricity_kwh == pytest.approx(1.1)
    assert story.heat_stress_h is None


def test_energy_is_told_by_the_hour_in_which_it_was_taken() -> None:
    points = SetPoints(temperature_min_c=5.0, temperature_max_c=10.0, temperature_hard_max_c=12.0)
    warm = replace(OUTDOOR, temperature_c=24.0)
    # From ten and two minutes to midnight on: the third of its stretches belongs to both days.
    hours = [(23.8 + number * STEP_S / 3600) % 24.0 for number in range(AN_HOUR)]
    stretches = [Stretch(outdoor=warm, hour=hour, points=points) for hour in hours]
    story = live_through(greenhouse_in(fans_w=1200.0), stretches, lambda _: None)
    drawn = [one.electricity_kwh for one in story.by_hour]
    assert {hour: kwh for hour, kwh in enumerate(drawn) if kwh} == {
        23: pytest.approx(0.2 * 1.2),
        0: pytest.approx(0.8 * 1.2),
    }
    cold = lived(coop_in(20.0), WARM, steps=AN_HOUR)
    assert cold.by_hour[1] == pytest.approx(cold.spent)
    assert cold.spent.heat_kwh > 0


def test_how_far_it_is_is_told_up_to_the_whole() -> None:
    told: list[float] = []
    stretch = Stretch(outdoor=OUTDOOR, hour=1.0, points=USUAL)
    live_through(coop_in(), [stretch] * 4, told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]


def test_warmer_weather_is_as_damp_as_it_was() -> None:
    found = warmer(OUTDOOR, 5.0)
    assert (found.temperature_c, found.sky_c) == (24.0, OUTDOOR.sky_c + 5.0)
    assert found.vapour_pa / magnus_pa(24.0) == pytest.approx(
        OUTDOOR.vapour_pa / magnus_pa(OUTDOOR.temperature_c)
    )


@pytest.mark.parametrize(("place", "celsius"), [(-1, 10), (0, 10), (0.25, 12.5), (1, 20), (9, 20)])
def test_weather_lies_on_a_line_between_its_moments(place: float, celsius: float) -> None:
    moments = [replace(OUTDOOR, temperature_c=10.0), replace(OUTDOOR, temperature_c=20.0)]
    assert between(moments, place).temperature_c == celsius
