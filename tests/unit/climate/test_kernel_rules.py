"""What is steered, seen and paid by the compiled rules against the plain ones."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
import pytest

from tests.support import coop, greenhouse
from tokkatot.climate.control import crop, flock, lettuce_benchmark, tomato_benchmark
from tokkatot.climate.control.coop import StageRules, steer_coop
from tokkatot.climate.control.greenhouse import TomatoRules, steer_tomatoes
from tokkatot.climate.control.lettuce import GrowerRules, grower
from tokkatot.climate.control.twins import CoopLimits
from tokkatot.climate.kernel import (
    Floats,
    live_lettuces,
    pay_benchmark_tomatoes,
    pay_flocks,
    pay_tomatoes,
    records,
    restored,
    see_benchmark_tomatoes,
    see_coops,
    see_greenhouses,
    see_lettuces,
    steer_coops,
    steer_greenhouses,
)
from tokkatot.climate.physics import lettuce
from tokkatot.climate.physics.greenhouse import model as greenhouse_model
from tokkatot.climate.physics.greenhouse import network
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
from tokkatot.climate.physics.greenhouse.step import SUBSTEPS
from tokkatot.climate.physics.greenhouse.step import advance as advance_greenhouse
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.physics.poultry import model as coop_model
from tokkatot.climate.physics.poultry.houses import (
    day_old,
    in_lay,
    open_house,
    tunnel_house,
    with_hens,
)
from tokkatot.climate.physics.poultry.step import advance as advance_coop

STEP_S = 900.0
A_DAY = 96

# The first of them to run compiles, unless the machine code is kept from before: all on one worker.
pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("kernel")]


def rows(houses: int, width: int) -> Floats:
    return np.full((houses, width), np.nan)


def assert_alike(compiled: Floats, plain: Sequence[Sequence[float]]) -> None:
    """Each number is the same to a billionth, and none was left out."""
    assert compiled.shape == (len(plain), len(plain[0]))
    for found, meant in zip(compiled.tolist(), plain, strict=True):
        assert found == pytest.approx(tuple(meant), rel=1e-9, abs=1e-12)


def test_flocks_are_steered_seen_and_paid_for_as_by_the_plain_rules() -> None:
    houses = [tunnel_house(), open_house(), with_hens(open_house())]
    grown = replace(day_old(18_000), age_d=35.0, bird_kg=2.1, air_c=26.0)
    states, books = [grown, day_old(5000), in_lay(2500)], [coop_model.Ledger() for _ in houses]
    rules = [StageRules(), StageRules(shift_k=-2.0, band_k=2.0), StageRules(stir_over_k=0.0)]
    prices = [flock.FlockPrices(), flock.FlockPrices(electricity_kwh=0.3), flock.FlockPrices()]
    # So strict that any air costs something.
    limits = CoopLimits(co2_ppm=100.0, ammonia_ppm=1.0)
    fans = set()
    for step in range(0, A_DAY, 2):
        hour, sky = step / 4, [coop.outdoor(step + 20 * house) for house in range(3)]
        wanted = [steer_coop(s, hour, r, p) for s, r, p in zip(states, rules, houses, strict=True)]
        fans.add(wanted[0].fans)
        steered = rows(3, len(coop_model.Controls._fields))
        steer_coops(
            records(states), np.full(3, hour), records(rules), records(houses), steered
        )  # fmt: skip
        assert_alike(steered, wanted)
        before, before_books = [replace(s) for s in states], [replace(book) for book in books]
        for s, u, w, p, book in zip(states, wanted, sky, houses, books, strict=True):
            advance_coop(s, u, w, p, book, STEP_S)
        seen = rows(3, len(flock.COOP_SEEN))
        see_coops(records(states), records(sky), records(houses), records(prices), seen)
        assert_alike(
            seen,
            [
                flock.seen_in_coop(s, w, p, price)
                for s, w, p, price in zip(states, sky, houses, prices, strict=True)
            ],
        )
        paid = rows(3, len(flock.FlockParts._fields))
        pay_flocks(
            records(before), records(before_books), records(states), records(books),
            records(houses), records(prices), records([limits]), STEP_S, paid,
        )  # fmt: skip
        meant = [
            flock.flock_parts(
                states[at].birds * states[at].bird_kg - before[at].birds * before[at].bird_kg,
                before_books[at], books[at], states[at], houses[at], prices[at], limits, STEP_S,
            )
            for at in range(3)
        ]  # fmt: skip
        assert_alike(paid, meant)
        assert all(part.gases < 0 for part in meant)
    assert len(fans) > 2, "a day in which stages change"


CROPS = [bleiswijk_led(), tomato_benchmark.benchmark_house()]
CROP_RULES = [TomatoRules(), tomato_benchmark.FOUND]
CROP_PRICES = [crop.TomatoPrices(damp_above_pct=50.0), tomato_benchmark.BENCHMARK_PRICES]


@dataclass(frozen=True, kw_only=True)
class Step:
    """A quarter of an hour in both houses."""

    hour: float
    sky: list[Outdoor]
    before: list[greenhouse_model.State]
    before_books: list[greenhouse_model.Ledger]
    wanted: list[greenhouse_model.Controls]
    states: list[greenhouse_model.State]
    books: list[greenhouse_model.Ledger]

    def grown_mg(self, at: int) -> float:
        """What fruit has gained."""
        return self.states[at].fruit_mg_m2 - self.before[at].fruit_mg_m2


def day_of_tomatoes() -> Iterator[Step]:
    """Let tomatoes live by the plain rules, some steps of a day."""
    states = [greenhouse_model.State(), tomato_benchmark.planted(10.0, 760.0)]
    books = [greenhouse_model.Ledger() for _ in states]
    buffer = [0.0] * network.SIZE
    for step in range(0, A_DAY, 4):
        sky = [greenhouse.outdoor(step + 20 * house) for house in range(2)]
        lived = Step(
            hour=step / 4,
            sky=sky,
            before=[replace(state) for state in states],
            before_books=[replace(book) for book in books],
            wanted=[steer_tomatoes(states[at], sky[at], step / 4, CROP_RULES[at]) for at in (0, 1)],
            states=states,
            books=books,
        )
        for at in (0, 1):
            u, w, p = lived.wanted[at], sky[at], CROPS[at]
            advance_greenhouse(states[at], u, w, p, books[at], buffer, STEP_S, SUBSTEPS)
        yield lived


def test_tomatoes_are_steered_seen_and_paid_for_as_by_the_plain_rules() -> None:
    for now in day_of_tomatoes():
        before, sky = records(now.before), records(now.sky)
        steered = rows(2, len(greenhouse_model.Controls._fields))
        steer_greenhouses(before, sky, np.full(2, now.hour), records(CROP_RULES), steered)
        assert_alike(steered, now.wanted)
        seen, prices = rows(2, len(crop.GREENHOUSE_SEEN)), records(CROP_PRICES)
        see_greenhouses(records(now.states), sky, prices, seen)
        meant = [
            crop.seen_in_greenhouse(now.states[at], now.sky[at], CROP_PRICES[at]) for at in (0, 1)
        ]
        assert_alike(seen, meant)
        paid = rows(2, len(crop.TomatoParts._fields))
        pay_tomatoes(
            before, records(now.before_books), records(now.states), records(now.books),
            records(CROPS), prices, STEP_S, paid,
        )  # fmt: skip
        worth = [
            crop.tomato_parts(
                now.grown_mg(at), now.before_books[at], now.books[at], now.states[at], CROPS[at],
                CROP_PRICES[at], STEP_S,
            )
            for at in (0, 1)
        ]  # fmt: skip
        assert_alike(paid, worth)


def test_the_benchmarks_tomatoes_are_seen_and_paid_for_as_by_the_plain_rules() -> None:
    comfort = tomato_benchmark.benchmark_comfort()
    for now in day_of_tomatoes():
        states = records(now.states)
        seen = rows(2, len(tomato_benchmark.TOMATO_SEEN))
        see_benchmark_tomatoes(states, records(now.sky), seen)
        meant = [tomato_benchmark.seen_in_benchmark(now.states[at], now.sky[at]) for at in (0, 1)]
        assert_alike(seen, meant)
        paid = rows(2, len(crop.TomatoParts._fields))
        pay_benchmark_tomatoes(
            records(now.before), states, records(now.wanted), records(CROPS), records(CROP_PRICES),
            records([comfort]), STEP_S, paid,
        )  # fmt: skip
        worth = [
            tomato_benchmark.benchmark_parts(
                now.grown_mg(at), now.states[at], now.wanted[at], CROPS[at], CROP_PRICES[at],
                comfort, STEP_S,
            )
            for at in (0, 1)
        ]  # fmt: skip
        assert_alike(paid, worth)


def test_lettuces_live_are_seen_and_paid_for_as_by_the_plain_equations() -> None:
    houses = [lettuce.Parameters(), lettuce.Parameters(cover_w_m2_k=4.0)]
    plain = [lettuce.State(), lettuce.State(dry_weight_kg_m2=0.1, air_c=8.0)]
    prices = [lettuce_benchmark.Prices(), lettuce_benchmark.Prices(heat_kwh=0.2)]
    # So narrow that some of the climate is always beyond it.
    comfort = lettuce_benchmark.Comfort(co2_min_ppm=900.0, co2_max_ppm=1000.0)
    compiled = records(plain)
    for step in range(0, A_DAY, 2):
        sky = [greenhouse.outdoor(step + 20 * house) for house in range(2)]
        wanted = [
            grower(
                lettuce.shown(s), w.radiation_w_m2, GrowerRules(), lettuce_benchmark.LIMITS
            )
            for s, w in zip(plain, sky, strict=True)
        ]  # fmt: skip
        paid = rows(2, len(lettuce_benchmark.Earned._fields))
        live_lettuces(
            compiled, records(wanted), records(sky), records(houses), records(prices),
            records([comfort]), 1800.0, paid,
        )  # fmt: skip
        earned = []
        for s, u, w, p, price in zip(plain, wanted, sky, houses, prices, strict=True):
            before = s.dry_weight_kg_m2
            lettuce.advance(s, u, w, p, 1800.0)
            earned.append(lettuce_benchmark.lettuce_earned(before, s, u, price, comfort, 1800.0))
        assert_alike(paid, earned)
        seen, parts = rows(2, len(lettuce_benchmark.LETTUCE_SEEN)), np.array([0.25, 0.75])
        see_lettuces(compiled, records(wanted), records(sky), parts, seen)
        assert_alike(
            seen,
            [
                lettuce_benchmark.seen_in_lettuce(s, u, w, part)
                for s, u, w, part in zip(plain, wanted, sky, parts.tolist(), strict=True)
            ],
        )
    for row, state in zip(compiled, plain, strict=True):
        assert astuple(restored(row, lettuce.State)) == pytest.approx(astuple(state), rel=1e-9)
