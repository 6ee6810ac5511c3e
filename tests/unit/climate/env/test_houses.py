"""Houses as Gymnasium environments: their contract, their dials, and the same life as by hand."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from tests.support import coop, greenhouse
from tokkatot.climate.control.coop import StageRules
from tokkatot.climate.control.crop import TomatoPrices
from tokkatot.climate.control.dials import COOP_DIALS, GREENHOUSE_DIALS, positions
from tokkatot.climate.control.flock import COOP_SEEN, FlockPrices
from tokkatot.climate.control.greenhouse import TomatoRules
from tokkatot.climate.control.twins import CoopLimits
from tokkatot.climate.env.days import coop_days, greenhouse_days
from tokkatot.climate.env.flock import FlockSeason
from tokkatot.climate.env.gym import GREENHOUSE, POULTRY_HOUSE, register
from tokkatot.climate.env.houses import HouseEnv, poultry_house
from tokkatot.climate.env.season import Season
from tokkatot.climate.env.tomatoes import TomatoSeason
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
from tokkatot.climate.physics.greenhouse.model import State as Inside
from tokkatot.climate.physics.poultry.houses import day_old, open_house, tunnel_house
from tokkatot.climate.weather.series import WeatherSeries

# The first of them to run compiles, unless the machine code is kept from before: all on one worker.
pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("kernel")]

BY_THE_MEKONG = WeatherSeries(period_s=900, moments=[coop.outdoor(step) for step in range(97)])
SPRING = WeatherSeries(period_s=900, moments=[greenhouse.outdoor(step) for step in range(97)])
WEATHER = {POULTRY_HOUSE: BY_THE_MEKONG, GREENHOUSE: SPRING}
BOTH = pytest.mark.parametrize("name", [POULTRY_HOUSE, GREENHOUSE])


def made(name: str) -> HouseEnv:
    register()
    env = gymnasium.make(name, weather=WEATHER[name], days=1).unwrapped
    assert isinstance(env, HouseEnv)
    return env


def still(env: HouseEnv) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.zeros(env.action_space.shape or (), np.float32)


@BOTH
def test_they_keep_gymnasiums_contract(name: str) -> None:
    env = made(name)
    check_env(env, skip_render_check=True)
    assert env.spec is not None
    assert env.spec.id == name


@BOTH
def test_a_season_ends_with_its_last_step(name: str) -> None:
    env = made(name)
    env.reset(seed=1)
    ends = [env.step(still(env))[2:4] for _ in range(96)]
    assert ends[-1] == (True, False)
    assert set(ends[:-1]) == {(False, False)}
    with pytest.raises(AssertionError, match="the season is over"):
        env.step(still(env))


@BOTH
def test_the_last_day_of_hours_is_lived_and_more_is_refused_when_it_is_made(name: str) -> None:
    day = WeatherSeries(period_s=3600, moments=WEATHER[name].moments[:96:4])
    env = gymnasium.make(name, weather=day, days=1).unwrapped
    assert isinstance(env, HouseEnv)
    env.reset(seed=1)
    for _ in range(96):
        env.step(still(env))
    for start_s in (-900.0, 900.0):
        with pytest.raises(ValueError, match=r"the weather lasts 24\.0 h"):
            gymnasium.make(name, weather=day, days=1, start_s=start_s)


@BOTH
def test_an_action_turns_each_dial_by_a_step_and_no_policy_overshoots(name: str) -> None:
    env = made(name)
    dials = COOP_DIALS if name == POULTRY_HOUSE else GREENHOUSE_DIALS
    first, _ = env.reset(seed=1)
    forth = np.full(len(dials), 9.0, np.float32)
    second = env.step(forth)[0]
    for at, dial in enumerate(dials, start=len(first) - len(dials)):
        part = dial.step / (dial.high - dial.low)
        assert second[at] == pytest.approx(min(first[at] + part, 1.0), abs=1e-6)
    seen = [env.step(forth)[0] for _ in range(60)]
    assert seen[-1][-len(dials) :] == pytest.approx(np.ones(len(dials)))


@BOTH
def test_the_reward_is_the_sum_of_what_is_told(name: str) -> None:
    env = made(name)
    env.reset(seed=1)
    _, reward, _, _, parts = env.step(still(env))
    assert reward == pytest.approx(sum(parts.values()))
    assert len(parts) >= 5


def test_a_flock_lives_in_its_environment_as_it_lives_by_hand() -> None:
    season = FlockSeason(weather=BY_THE_MEKONG, state=day_old(18_000), parameters=tunnel_house())
    for _ in range(96):
        season.step(positions(StageRules(), COOP_DIALS))
    state = day_old(18_000)
    day = next(coop_days(BY_THE_MEKONG, state, tunnel_house(), StageRules()))
    # By hand each five minutes take the nearest weather, here each quarter of an hour does.
    assert season.state.bird_kg == pytest.approx(day.bird_kg, rel=1e-4)
    assert season.state.air_c == pytest.approx(state.air_c, abs=0.2)
    assert season.book.electricity_j / 3.6e6 == pytest.approx(day.electricity_kwh, rel=0.05)


def test_tomatoes_live_in_their_environment_as_they_live_by_hand() -> None:
    season = TomatoSeason(weather=SPRING)
    for _ in range(96):
        season.step(positions(TomatoRules(), GREENHOUSE_DIALS))
    day = next(greenhouse_days(SPRING, Inside(), bleiswijk_led(), TomatoRules()))
    assert season.book.boiler_j / 3.6e6 == pytest.approx(day.heat_kwh_m2, rel=1e-6)
    assert 1e-3 * season.state.fruit_mg_m2 == pytest.approx(day.fruit_g_m2, rel=1e-6)


def test_heat_stress_and_foul_air_cost_money() -> None:
    rest = positions(StageRules(), COOP_DIALS)
    tropical = replace(coop.outdoor(48), temperature_c=36.0)
    hot = FlockSeason(
        weather=WeatherSeries(period_s=900, moments=[tropical]),
        state=replace(day_old(5000), age_d=35.0, bird_kg=2.0, air_c=36.0),
        parameters=open_house(),
        limits=CoopLimits(co2_ppm=100.0),
    )
    parts = hot.step(rest)
    assert parts["stress"] == pytest.approx(-2e-3 * 0.25)
    assert parts["gases"] == pytest.approx(-2e-3 * 0.25 * (hot.observed()[2] / 100 - 1))
    few = replace(day_old(10), age_d=1.0)
    mild = FlockSeason(weather=BY_THE_MEKONG, state=few, parameters=tunnel_house())
    spared = mild.step(rest)
    assert (spared["stress"], spared["gases"]) == (0, 0)


@BOTH
def test_the_hour_is_that_of_the_weathers_clock(name: str) -> None:
    env = gymnasium.make(name, weather=WEATHER[name], days=0.5, start_s=6 * 3600.0).unwrapped
    assert isinstance(env, HouseEnv)
    dials = len(COOP_DIALS if name == POULTRY_HOUSE else GREENHOUSE_DIALS)
    first, _ = env.reset(seed=1)
    assert first[-dials - 2 : -dials] == pytest.approx((1.0, 0.0), abs=1e-6)


@pytest.mark.parametrize(
    ("house", "birds_m2", "bird_kg", "age_d"),
    [("tunnel", 15.0, 0.043, 0.0), ("open", 10.0, 0.043, 0.0), ("hens", 9.0, 1.85, 210.0)],
)
def test_flocks_live_in_closed_and_in_open_houses_and_hens_in_lay(
    house: str, birds_m2: float, bird_kg: float, age_d: float
) -> None:
    register()
    env = gymnasium.make(POULTRY_HOUSE, weather=BY_THE_MEKONG, days=1, house=house).unwrapped
    assert isinstance(env, HouseEnv)
    first, _ = env.reset(seed=1)
    names = [field.name for field in COOP_SEEN]
    seen = dict(zip(names, first.tolist(), strict=False))
    assert seen["birds_m2"] == pytest.approx(birds_m2)
    assert (seen["bird_kg"], seen["age_d"]) == pytest.approx((bird_kg, age_d), abs=1e-3)


def test_hens_earn_their_eggs() -> None:
    env = poultry_house(BY_THE_MEKONG, days=1, house="hens")
    env.reset(seed=1)
    earned = sum(env.step(still(env))[4]["birds"] for _ in range(96))
    # 55 g a hen and day at 1.30 €/kg; they still gain a little, and some of a dear mass die.
    assert earned == pytest.approx(9.0 * 0.055 * 1.3, rel=0.1)


def test_so_many_birds_come_as_are_told_and_into_no_greenhouse() -> None:
    env = poultry_house(BY_THE_MEKONG, days=1, house="open", birds=4000)
    first, _ = env.reset(seed=1)
    assert first[8] == pytest.approx(4000 / 500)
    for house in ("tomato", "barn"):
        with pytest.raises(ValueError, match=house):
            poultry_house(BY_THE_MEKONG, days=1, house=house)


@pytest.mark.parametrize(
    ("name", "prices", "part"),
    [
        (POULTRY_HOUSE, FlockPrices(feed_kg=4.0), "feed"),
        (GREENHOUSE, TomatoPrices(electricity_kwh=2.0), "electricity"),
    ],
)
def test_prices_are_the_owners(name: str, prices: object, part: str) -> None:
    register()
    paid = []
    for given in (None, prices):
        env = gymnasium.make(name, weather=WEATHER[name], days=1, prices=given).unwrapped
        assert isinstance(env, HouseEnv)
        env.reset(seed=1)
        paid.append(sum(env.step(still(env))[4][part] for _ in range(96)))
    assert paid[0] < 0
    assert paid[1] == pytest.approx(10.0 * paid[0], rel=1e-9)


@BOTH
@pytest.mark.parametrize(("unsure", "alike"), [(0.1, False), (0.0, True)])
def test_houses_are_drawn_by_the_seed_of_the_season(name: str, unsure: float, alike: bool) -> None:
    env = gymnasium.make(name, weather=WEATHER[name], days=1, unsure=unsure).unwrapped
    assert isinstance(env, HouseEnv)
    seen = []
    for seed in (1, 1, 2):
        env.reset(seed=seed)
        seen.append(env.step(still(env))[0].tolist())
    assert seen[0] == seen[1]
    assert (seen[0] == seen[2]) is alike


def test_a_planter_may_draw_by_the_seed_of_the_season() -> None:
    def plant(chance: np.random.Generator) -> Season:
        return FlockSeason(
            weather=BY_THE_MEKONG,
            state=day_old(float(chance.uniform(1e4, 2e4))),
            parameters=tunnel_house(),
        )

    env = HouseEnv(plant, COOP_SEEN, COOP_DIALS, 96)
    seen = []
    for seed in (1, 1, 2):
        env.reset(seed=seed)
        seen.append(float(env.step(still(env))[0][2]))
    assert seen[0] == seen[1] != seen[2]
