"""Tariffs by the hour: what is dear is seen and paid while it is dear, and nothing else changes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest

from tests.support import coop, greenhouse
from tokkatot.climate.control.flock import FlockPrices
from tokkatot.climate.control.tariff import FLAT, Tariff, priced, weighed_kwh
from tokkatot.climate.env.batches import Batch, Flocks, Tomatoes
from tokkatot.climate.env.draws import FlockDraw, Seasons, TomatoDraw
from tokkatot.climate.env.gym import GREENHOUSE, POULTRY_HOUSE, register
from tokkatot.climate.weather.series import WeatherSeries

# The first of them to run compiles, unless the machine code is kept from before: all on one worker.
pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("kernel")]

EVENING = Tariff(electricity=tuple(2.0 if 17 <= hour < 22 else 1.0 for hour in range(24)))
DEAR = slice(17 * 4, 22 * 4)
MEKONG = WeatherSeries(period_s=900, moments=[coop.outdoor(step) for step in range(97)])
SPRING = WeatherSeries(period_s=900, moments=[greenhouse.outdoor(step) for step in range(97)])
WEATHER = {POULTRY_HOUSE: MEKONG, GREENHOUSE: SPRING}


def flocks(tariff: Tariff) -> Batch[Any]:
    return Flocks(FlockDraw(seasons=Seasons(weathers=[MEKONG], days=1), tariff=tariff), 1)


def tomatoes(tariff: Tariff) -> Batch[Any]:
    return Tomatoes(TomatoDraw(seasons=Seasons(weathers=[SPRING], days=1), tariff=tariff), 1)


def day(batch: Batch[Any]) -> tuple[np.ndarray[Any, Any], list[float]]:
    """Live a day at rest; return the parts of each step, and the price that was shown before it."""
    batch.plant(0, batch.draw.drawn(np.random.default_rng(1)))
    shown = [field.name for field in batch.fields].index("electricity_eur_kwh")
    parts, prices = [], []
    for _ in range(96):
        assert batch.told()[0, shown] == batch.observed()[0, shown]
        prices.append(float(batch.told()[0, shown]))
        parts.append(batch.live(batch.values)[0])
    return np.array(parts), prices


@pytest.mark.parametrize("many", [flocks, tomatoes], ids=["coop", "greenhouse"])
def test_a_doubled_price_costs_as_much_more_and_is_shown(
    many: Callable[[Tariff], Batch[Any]],
) -> None:
    flat, prices = day(many(Tariff()))
    dear, shown = day(many(EVENING))
    expected = flat.copy()
    electricity = many(EVENING).parts.index("electricity")
    expected[DEAR, electricity] *= 2.0
    assert expected[DEAR, electricity].sum() < 0
    assert dear.tolist() == expected.tolist()
    assert len(set(prices)) == 1
    assert [now / flat_price for now, flat_price in zip(shown, prices, strict=True)] == [
        2.0 if 17 <= step // 4 < 22 else 1.0 for step in range(96)
    ]


@pytest.mark.parametrize("name", [POULTRY_HOUSE, GREENHOUSE])
def test_an_environment_alone_may_have_one(name: str) -> None:
    register()
    rewards = []
    for tariff in (None, EVENING):
        env = gymnasium.make(name, weather=WEATHER[name], days=1, tariff=tariff)
        env.reset(seed=1)
        still = np.zeros(env.action_space.shape or (), np.float32)
        told = [env.step(still)[4] for _ in range(96)]
        rewards.append([one["electricity"] for one in told])
    flat, dear = np.array(rewards)
    assert flat[DEAR].sum() < 0
    flat[DEAR] *= 2.0
    assert dear.tolist() == flat.tolist()


def test_heat_may_have_hours_of_its_own() -> None:
    prices = FlockPrices(electricity_kwh=0.2, heat_kwh=0.1)
    nights = Tariff(heat=(0.5, *FLAT[1:]))
    assert priced(prices, nights, 0.99) == replace(prices, heat_kwh=0.05)
    assert priced(prices, nights, 1.0) == prices


def test_what_is_drawn_in_dear_hours_counts_for_more() -> None:
    by_hour = [0.0] * 16 + [1.0, 2.0] + [0.0] * 6
    assert weighed_kwh(by_hour, EVENING.electricity) == 5.0
    assert weighed_kwh(by_hour, FLAT) == 3.0


@pytest.mark.parametrize(
    "factors", [FLAT[1:], (*FLAT, 1.0), (0.0, *FLAT[1:]), (101.0, *FLAT[1:]), (np.nan, *FLAT[1:])]
)
def test_what_is_no_tariff_is_refused(factors: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="24 factors"):
        Tariff(electricity=factors)
    with pytest.raises(ValueError, match="24 factors"):
        Tariff(heat=factors)
