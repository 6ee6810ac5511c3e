"""Who may steer: each turns the dials a step at most, and who looks further does better."""

from typing import Any

import numpy as np
import pytest

from tests.support import coop, greenhouse, policies
from tokkatot.climate.control.coop import StageRules
from tokkatot.climate.control.dials import COOP_DIALS, positions
from tokkatot.climate.control.greenhouse import TomatoRules
from tokkatot.climate.control.lettuce import GrowerRules, grower
from tokkatot.climate.control.lettuce_benchmark import LIMITS
from tokkatot.climate.env.batches import Batch, BenchmarkTomatoes, Flocks, Lettuces
from tokkatot.climate.env.draws import BenchmarkTomatoDraw, FlockDraw, LettuceDraw, Seasons
from tokkatot.climate.env.lettuce import LettuceSeason
from tokkatot.climate.judge.controllers import (
    Banded,
    Controller,
    Grower,
    Held,
    Learned,
    Planner,
    Resting,
    reached,
)
from tokkatot.climate.physics.lettuce import shown
from tokkatot.climate.policy.card import House, inputs_of
from tokkatot.climate.policy.running import Policy
from tokkatot.climate.weather.series import WeatherSeries

# The first of them to run compiles, unless the machine code is kept from before: all on one worker.
pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("kernel")]

MEKONG = WeatherSeries(period_s=1800, moments=[coop.outdoor(2 * step) for step in range(49)])
FLOCKS = FlockDraw(seasons=Seasons(weathers=[MEKONG], days=1))
LETTUCES = LettuceDraw(seasons=Seasons(weathers=[MEKONG], days=1, step_s=1800.0))
REST = positions(StageRules(), COOP_DIALS)


def planted(batch: Batch[Any]) -> Batch[Any]:
    for house in range(batch.houses):
        batch.plant(house, batch.draw.drawn(np.random.default_rng(1)))
    return batch


def worth(who: Controller, batch: Batch[Any]) -> float:
    return sum(float(batch.worth(batch.live(who.decide(batch)))[0]) for _ in range(batch.steps))


def test_held_values_are_gone_to_a_step_at_a_time() -> None:
    batch = planted(Flocks(FLOCKS, 2))
    wanted = np.array([dial.high for dial in COOP_DIALS])
    first = Held(wanted).decide(batch)
    steps = [dial.step for dial in COOP_DIALS]
    assert first[1] == pytest.approx(np.minimum(np.array(REST) + steps, wanted))
    for _ in range(20):
        batch.live(Held(wanted).decide(batch))
    assert batch.values[0] == pytest.approx(wanted)
    assert Resting().decide(batch)[1] == pytest.approx(wanted)


def test_no_wish_leaves_the_ends_of_a_dial() -> None:
    batch = planted(Flocks(FLOCKS, 1))
    low = np.array([dial.low for dial in COOP_DIALS])
    for _ in range(30):
        batch.live(reached(batch, np.full((1, len(low)), -1e6)))
    assert batch.values[0] == pytest.approx(low)


def test_the_growers_rules_steer_a_batch_as_they_steer_one_crop() -> None:
    season = LettuceSeason(weather=MEKONG)
    for _ in range(48):
        radiation = season.outdoor().radiation_w_m2
        season.step(grower(shown(season.state), radiation, GrowerRules(), LIMITS))
    # A batch shows single precision, on which swings hang: the same, but for that.
    assert worth(Grower(), planted(Lettuces(LETTUCES, 1))) == pytest.approx(season.earned, abs=0.02)


def test_the_bands_of_rules_for_tomatoes_pull_actuators_that_creep() -> None:
    spring = WeatherSeries(period_s=900, moments=[greenhouse.outdoor(step) for step in range(97)])
    batch = planted(
        BenchmarkTomatoes(BenchmarkTomatoDraw(seasons=Seasons(weathers=[spring], days=1)), 1)
    )
    rules = TomatoRules(lamps_off_w_m2=0.0)
    lamps = []
    for _ in range(8):
        batch.live(Banded(rules).decide(batch))
        lamps.append(float(batch.values[0, 4]))
    assert lamps == pytest.approx([0.4, 0.3, 0.2, 0.1, 0.0, 0.0, 0.0, 0.0], abs=1e-12)
    assert batch.values[0, 0] > 0.9, "a cold night in spring is heated"


def test_a_policy_is_told_by_name_what_the_batch_sees() -> None:
    fields = inputs_of(House.COOP)
    names = [field.name for field in fields]
    weights = [[0.0] * 6 for _ in fields]
    # It wants the pad to wait for as many kelvins as the air outside is warmer than 20 °C.
    weights[names.index("outdoor_c")][4] = 1.0
    file = policies.model(weights, [*REST[:4], -20.0, REST[5]])
    batch = planted(Flocks(FLOCKS, 3))
    for _ in range(40):
        batch.live(batch.values)
    answer = Learned(Policy(policies.card(file), file)).decide(batch)
    warmer = float(batch.told()[0, names.index("outdoor_c")]) - 20.0
    assert answer[0, 4] == pytest.approx(np.clip(warmer, REST[4] - 1.5, REST[4] + 1.5), rel=1e-6)
    assert answer[2, :4] == pytest.approx(REST[:4], rel=1e-6)
    assert batch.told()[1, names.index("hour")] == 10.0


def test_a_planner_that_knows_the_weather_beats_the_growers_rules() -> None:
    thinking = Lettuces(LETTUCES, 24)
    planner = Planner(thinking, np.random.default_rng(2), ahead_steps=12, rounds=3, replan_steps=3)
    planned = worth(planner, planted(Lettuces(LETTUCES, 1)))
    assert planned > worth(Grower(), planted(Lettuces(LETTUCES, 1)))
    assert planned > worth(Resting(), planted(Lettuces(LETTUCES, 1)))
