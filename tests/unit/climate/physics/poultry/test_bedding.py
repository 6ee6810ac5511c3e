"""What a flock has made of its litter, foretold from its age alone."""

from dataclasses import replace

import pytest

from tests.support import coop
from tokkatot.climate.physics.poultry.bedding import MOST_D, STREWN_WATER, with_litter
from tokkatot.climate.physics.poultry.birds import comfort_c
from tokkatot.climate.physics.poultry.houses import in_lay, open_house, tunnel_house, with_hens
from tokkatot.climate.physics.poultry.litter import AMMONIA_MG_M3_PPM, litter
from tokkatot.climate.physics.poultry.model import Controls, Ledger, Parameters, State
from tokkatot.climate.physics.poultry.step import advance

HOUSE = tunnel_house()
KG = {0: 0.043, 14: 0.49, 21: 0.97, 28: 1.58, 42: 2.8}


def flock(age: int) -> State:
    warm_c = comfort_c(age, HOUSE)
    return State(birds=14_400, age_d=age, bird_kg=KG[age], air_c=warm_c, mass_c=warm_c)


def over_it_ppm(s: State, p: Parameters = HOUSE) -> float:
    """Return the ammonia that stands over the litter of this flock."""
    return litter(replace(s, mass_c=22.0), p, 0.1).ammonia_at / AMMONIA_MG_M3_PPM


def test_it_is_as_foul_as_where_a_week_was_lived_through_minute_by_minute() -> None:
    s = with_litter(flock(21), HOUSE)
    airing = Controls(fans=0.2, inlets=0.5)
    for quarter in range(7 * coop.A_DAY):
        outdoor = replace(coop.outdoor(quarter), temperature_c=19.0, vapour_pa=1600.0)
        advance(s, airing, outdoor, HOUSE, Ledger(), coop.STEP_S)
    walked = with_litter(flock(28), HOUSE)
    assert over_it_ppm(walked) == pytest.approx(over_it_ppm(s), rel=0.5)
    assert walked.organic_kg_m2 == pytest.approx(s.organic_kg_m2, rel=0.3)


def test_it_is_clean_on_the_first_day_and_fouler_week_by_week() -> None:
    first = with_litter(flock(0), HOUSE)
    assert (first.organic_kg_m2, first.ammoniacal_kg_m2) == (0.0, 0.0)
    assert first.litter_dry_kg_m2 == HOUSE.litter_dry_kg_m2
    assert first.litter_water_kg_m2 == STREWN_WATER * HOUSE.litter_dry_kg_m2
    over = [over_it_ppm(with_litter(flock(age), HOUSE)) for age in (0, 14, 28, 42)]
    assert over == sorted(over)
    assert over[0] == 0.0
    assert 15.0 < over[2] < 40.0


def test_air_and_birds_stay_as_they_are() -> None:
    before = flock(28)
    after = with_litter(before, HOUSE)
    litters = {
        name: getattr(before, name)
        for name in (
            "litter_water_kg_m2", "litter_dry_kg_m2", "organic_kg_m2", "ammoniacal_kg_m2",
        )
    }  # fmt: skip
    assert replace(after, **litters) == before


def test_no_age_makes_it_walk_without_an_end() -> None:
    hens = with_hens(open_house())
    old = replace(in_lay(4000), age_d=1e9)
    grown = replace(old, age_d=MOST_D)
    assert over_it_ppm(with_litter(old, hens), hens) == pytest.approx(
        over_it_ppm(with_litter(grown, hens), hens), rel=0.1
    )


def test_birds_that_weigh_nothing_by_their_curve_have_litter_too() -> None:
    weightless = State(birds=20_000.0, age_d=3.0, bird_kg=0.0)
    assert with_litter(weightless, HOUSE).litter_dry_kg_m2 > HOUSE.litter_dry_kg_m2
