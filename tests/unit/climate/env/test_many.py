"""Many houses at once: each lives as it would alone."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest

from tests.support import coop, greenhouse
from tokkatot.climate.control.crop import GREENHOUSE_SEEN
from tokkatot.climate.control.dials import COOP_DIALS, GREENHOUSE_DIALS
from tokkatot.climate.control.flock import COOP_SEEN
from tokkatot.climate.control.tariff import Tariff
from tokkatot.climate.env.batches import Batch, Flocks, Lettuces, Tomatoes
from tokkatot.climate.env.draws import Begun, FlockDraw, LettuceDraw, Seasons, TomatoDraw
from tokkatot.climate.env.flock import FlockSeason
from tokkatot.climate.env.gym import LettuceEnv
from tokkatot.climate.env.houses import HouseEnv
from tokkatot.climate.env.lettuce import LettuceSeason
from tokkatot.climate.env.many import ManyHouses
from tokkatot.climate.env.season import Season
from tokkatot.climate.env.tomatoes import TomatoSeason
from tokkatot.climate.physics.air import vapour_g_m3
from tokkatot.climate.weather.series import WeatherSeries

# The first of them to run compiles, unless the machine code is kept from before: all on one worker.
pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("kernel")]

Alone = gymnasium.Env[Any, Any]

MEKONG = [
    WeatherSeries(period_s=3600, moments=[coop.outdoor(4 * hour + late) for hour in range(96)])
    for late in (0, 50)
]
SPRING = [WeatherSeries(period_s=900, moments=[greenhouse.outdoor(step) for step in range(192)])]

BY_THE_HOUR = tuple(0.5 + hour / 12 for hour in range(24))

FLOCKS = FlockDraw(
    seasons=Seasons(weathers=MEKONG, days=1),
    birds_m2=(10.0, 16.0),
    unsure=0.1,
    electricity_kwh=(0.05, 0.3),
    stressed_m2_h=(1e-4, 1e-2),
    tariff=Tariff(electricity=BY_THE_HOUR, heat=BY_THE_HOUR[::-1]),
)
TOMATOES = TomatoDraw(
    seasons=Seasons(weathers=SPRING, days=1),
    unsure=0.1,
    electricity_kwh=(0.05, 0.3),
    tariff=Tariff(electricity=BY_THE_HOUR, heat=BY_THE_HOUR[::-1]),
)
LETTUCES = LettuceDraw(seasons=Seasons(weathers=MEKONG, days=1, step_s=1800.0))


def coop_alone(chance: np.random.Generator) -> Alone:
    def plant(_own: np.random.Generator) -> Season:
        start = FLOCKS.drawn(chance)
        return FlockSeason(
            weather=MEKONG[start.begun.weather],
            start_s=start.begun.start_s,
            state=start.state,
            parameters=start.parameters,
            rules=start.rules,
            prices=start.prices,
            tariff=FLOCKS.tariff,
        )

    return HouseEnv(plant, COOP_SEEN, COOP_DIALS, 96)


def greenhouse_alone(chance: np.random.Generator) -> Alone:
    def plant(_own: np.random.Generator) -> Season:
        start = TOMATOES.drawn(chance)
        return TomatoSeason(
            weather=SPRING[start.begun.weather],
            start_s=start.begun.start_s,
            state=start.state,
            parameters=start.parameters,
            rules=start.rules,
            prices=start.prices,
            tariff=TOMATOES.tariff,
        )

    return HouseEnv(plant, GREENHOUSE_SEEN, GREENHOUSE_DIALS, 96)


def lettuce_alone(chance: np.random.Generator) -> Alone:
    def plant(_own: np.random.Generator) -> LettuceSeason:
        start = LETTUCES.drawn(chance)
        return LettuceSeason(weather=MEKONG[start.begun.weather], start_s=start.begun.start_s)

    return LettuceEnv(plant, 48)


Made = Callable[[int], Batch[Any]]
KINDS = pytest.mark.parametrize(
    ("batch", "alone"),
    [
        (lambda houses: Flocks(FLOCKS, houses), coop_alone),
        (lambda houses: Tomatoes(TOMATOES, houses), greenhouse_alone),
        (lambda houses: Lettuces(LETTUCES, houses), lettuce_alone),
    ],
    ids=["coop", "greenhouse", "lettuce"],
)


@KINDS
def test_a_house_among_many_is_seen_and_paid_as_it_is_alone_into_its_second_season(
    batch: Made, alone: Callable[[np.random.Generator], Alone]
) -> None:
    many = ManyHouses(batch(1), np.random.default_rng(7))
    env = alone(np.random.default_rng(7))
    actions = np.random.default_rng(3).normal(
        0, 1, (many.batch.steps + 5, 1, len(many.batch.dials))
    )
    first = env.reset(seed=1)[0]
    # Lettuces are told more than the benchmark shows.
    width = len(first)
    assert many.reset()[0, :width] == pytest.approx(first, rel=1e-6)
    for action in actions.astype(np.float32):
        turn = many.step(action)
        last, reward, over, _, _ = env.step(action[0])
        assert turn.last[0, :width] == pytest.approx(last, rel=2e-6, abs=1e-6)
        assert turn.rewards[0] == pytest.approx(float(reward), rel=1e-6, abs=1e-9)
        assert (bool(turn.over[0]), bool(turn.cut[0])) == (over, False)
        expected = env.reset()[0] if over else last
        assert turn.seen[0, :width] == pytest.approx(expected, rel=2e-6, abs=1e-6)


def test_lettuces_are_told_the_hour_and_the_weather_of_the_steps_ahead() -> None:
    many = ManyHouses(Lettuces(LETTUCES, 1), np.random.default_rng(5))
    many.reset()
    seen = np.array([many.step(np.full((1, 3), 0.5)).last[0] for _ in range(48)])
    names = [field.name for field in many.batch.fields]
    told = {name: seen[:, at].astype(np.float64) for at, name in enumerate(names)}
    last = 47
    for ahead in (1, 5, 12):
        then = np.minimum(np.arange(48) + ahead, last)
        radiation, air_c = told["radiation_w_m2"][then], told["outdoor_c"][then]
        assert told[f"radiation_w_m2_in_{ahead}"] == pytest.approx(radiation, abs=1e-4)
        assert told[f"outdoor_c_in_{ahead}"] == pytest.approx(air_c, abs=1e-5)
        vapour = [
            1e-3 * vapour_g_m3(*at)
            for at in zip(air_c, told[f"outdoor_vapour_pa_in_{ahead}"], strict=True)
        ]
        assert told["outdoor_vapour_kg_m3"][then] == pytest.approx(vapour, rel=1e-5)
    turn = 2.0 * np.pi * told["season_part"]
    assert told["clock_sine"] == pytest.approx(np.sin(turn), abs=1e-5)
    assert told["clock_cosine"] == pytest.approx(np.cos(turn), abs=1e-5)
    assert seen[:, 6] == pytest.approx(150.0 * seen[:, -1], rel=1e-6), "W/m² of heating, its part"


@KINDS
def test_a_house_does_not_feel_its_neighbours(
    batch: Made, alone: Callable[[np.random.Generator], Alone]
) -> None:
    del alone
    many, one = batch(5), batch(1)
    chance = np.random.default_rng(11)
    starts = [many.draw.drawn(chance) for _ in range(5)]
    for house, start in enumerate(starts):
        many.plant(house, start)
    one.plant(0, starts[3])
    low = np.array([dial.low for dial in many.dials])
    high = np.array([dial.high for dial in many.dials])
    for _ in range(20):
        values = chance.uniform(low, high, (5, len(low)))
        together = many.live(values)
        assert together[3] == pytest.approx(one.live(values[3:4])[0], rel=1e-12)
    assert many.observed()[3] == pytest.approx(one.observed()[0], rel=1e-12)


def test_first_seasons_may_end_one_after_another_and_say_that_they_were_cut() -> None:
    many = ManyHouses(Lettuces(LETTUCES, 40), np.random.default_rng(5))
    many.reset(staggered=True)
    turns = [many.step(np.zeros((40, 3))) for _ in range(48)]
    ended = np.array([turn.over for turn in turns])
    assert ended.any(axis=0).all(), "none lives longer than a season"
    assert ended[:-1].any(axis=1).sum() > 15
    cut = np.array([turn.cut for turn in turns])
    assert (cut[:-1] == ended[:-1])[ended[:-1]].any()
    assert not cut[-1][ended[:-1].any(axis=0) == 0].any()


def test_what_was_stopped_goes_on_where_it_was() -> None:
    many = ManyHouses(Lettuces(LETTUCES, 4), np.random.default_rng(5))
    many.reset(staggered=True)
    for _ in range(10):
        many.step(np.ones((4, 3)))
    other = ManyHouses(Lettuces(LETTUCES, 4), np.random.default_rng(99))
    other.reset()
    other.recall(many.memory())
    for _ in range(60):
        here, there = many.step(np.ones((4, 3))), other.step(np.ones((4, 3)))
        assert here.seen.tolist() == there.seen.tolist()
        assert here.rewards.tolist() == there.rewards.tolist()


def test_all_houses_of_a_batch_can_begin_where_one_house_is() -> None:
    real = Flocks(FLOCKS, 2)
    chance = np.random.default_rng(1)
    for house in range(2):
        real.plant(house, FLOCKS.drawn(chance))
    for _ in range(8):
        real.live(real.values)
    guesses = Flocks(FLOCKS, 3)
    guesses.copy(real, 1)
    foreseen = guesses.live(guesses.values)
    came = real.live(real.values)
    assert foreseen[2] == pytest.approx(came[1], rel=1e-12)
    assert foreseen[0].tolist() == foreseen[2].tolist()


def test_the_hour_is_that_of_the_weathers_clock() -> None:
    early = FLOCKS.begun(Begun(0, 6 * 3600.0), np.random.default_rng(1))
    batch = Flocks(FLOCKS, 1)
    batch.plant(0, early)
    clock = [at for at, field in enumerate(batch.fields) if field.name.startswith("clock")]
    assert batch.observed()[0, clock] == pytest.approx((1.0, 0.0), abs=1e-12)


def test_a_season_is_whole_and_begins_at_midnight() -> None:
    # Four days of hours: the last hour counts to its end, so the fourth is whole.
    whole = Seasons(weathers=MEKONG, days=2)
    assert [begun.start_s for begun in whole.all()] == [0.0, 86_400.0, 2 * 86_400.0] * 2
    assert {begun.weather for begun in whole.all()} == {0, 1}
    later = Seasons(weathers=MEKONG, days=1, first_day=0, every_days=2)
    assert [begun.start_s for begun in later.all()] == [0.0, 2 * 86_400.0] * 2
    with pytest.raises(ValueError, match="shorter than a season of 5 days"):
        Seasons(weathers=MEKONG, days=5).all()


def test_houses_differ_by_what_nobody_measures_and_are_alike_where_nothing_is_drawn() -> None:
    chance = np.random.default_rng(2)
    drawn = [FLOCKS.drawn(chance).parameters.fan_m3_s for _ in range(50)]
    assert min(drawn) >= 99
    assert max(drawn) <= 121
    assert max(drawn) - min(drawn) > 10
    sure = FlockDraw(seasons=FLOCKS.seasons)
    assert sure.drawn(chance).parameters == sure.drawn(chance).parameters
    assert 0.9 * TOMATOES.house.leak <= TOMATOES.drawn(chance).parameters.leak
