"""Plans: one file says all, and what can't be followed is refused with a line."""

from dataclasses import astuple
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.support import seasons
from tokkatot.climate.control.crop import TomatoPrices
from tokkatot.climate.control.flock import FlockPrices
from tokkatot.climate.env.batches import BenchmarkTomatoes, Flocks, Lettuces, Tomatoes
from tokkatot.climate.env.draws import FlockDraw, TomatoDraw
from tokkatot.climate.physics import lettuce
from tokkatot.climate.plan import (
    PlanRefused,
    batch_of,
    digest_of,
    evolution_of,
    find_plan,
    kind_of,
    learning_of,
    read_plan,
    read_weathers,
)
from tokkatot.climate.policy.card import House

EVENING = [2.0 if 17 <= hour < 22 else 1.0 for hour in range(24)]


@pytest.mark.parametrize(
    ("house", "batch", "kind"),
    [
        ("tunnel", Flocks, House.COOP),
        ("open", Flocks, House.COOP),
        ("greenhouse", Tomatoes, House.GREENHOUSE),
        ("lettuce", Lettuces, House.LETTUCE),
        ("tomato_benchmark", BenchmarkTomatoes, House.TOMATO_BENCHMARK),
    ],
)
def test_a_plan_says_which_houses_live_in_which_weather(
    tmp_path: Path, house: str, batch: type, kind: House
) -> None:
    plan = read_plan(seasons.write_plan(tmp_path, house))
    weathers = read_weathers(plan.learn_from, tmp_path)
    assert [seen.name for seen, _ in weathers] == ["known"]
    houses = batch_of(plan, [series for _, series in weathers], 5)
    assert isinstance(houses, batch)
    assert (houses.houses, houses.steps) == (5, 48 if house == "lettuce" else 96)
    assert kind_of(plan) is kind


def test_weather_may_be_altered_and_is_named_so(tmp_path: Path) -> None:
    path = seasons.write_plan(tmp_path)
    warm = 'form = "csv", warmer_k = 2.5, swing = 1.5, vapour = 0.8'
    path.write_text(path.read_text().replace('form = "csv"', warm, 1))
    plan = read_plan(path)
    ((known, learned),) = read_weathers(plan.learn_from, tmp_path)
    ((unseen, _),) = read_weathers(plan.judge_on, tmp_path)
    assert known.name == "known +2.5 K, swing x1.5, vapour x0.8"
    assert unseen.name == "unseen"
    ((_, measured),) = read_weathers(read_plan(seasons.write_plan(tmp_path)).learn_from, tmp_path)
    assert learned.at(0).ground_c == pytest.approx(measured.at(0).ground_c + 2.5)


MADE_UP = 'form = "csv", made_up = '


def test_a_year_may_be_made_up_of_the_climate_of_a_file(tmp_path: Path) -> None:
    path = seasons.write_plan(tmp_path)
    seasons.write_weather(tmp_path / "known.csv", 365)
    before = path.read_text()
    measured = read_plan(path)
    ((_, year),) = read_weathers(measured.learn_from, tmp_path)
    path.write_text(before.replace('form = "csv"', MADE_UP + "3, warmer_k = 1.0", 1))
    plan = read_plan(path)
    ((seen, made),), ((_, again),) = (read_weathers(plan.learn_from, tmp_path) for _ in range(2))
    assert (seen.name, seen.days) == ("known, made up by 3 +1 K, swing x1, vapour x1", 365)
    assert made == again
    assert made.moments != year.moments
    assert plan.learn_from[0].is_altered, "the card says that it was not measured"
    assert digest_of(plan) != digest_of(measured)
    path.write_text(before.replace('form = "csv"', MADE_UP + "4", 1))
    ((_, other),) = read_weathers(read_plan(path).learn_from, tmp_path)
    assert other.moments != made.moments
    assert len(other.moments) == len(made.moments) == 365 * 24


def test_nothing_is_made_up_of_a_few_days(tmp_path: Path) -> None:
    path = seasons.write_plan(tmp_path)
    path.write_text(path.read_text().replace('form = "csv"', MADE_UP + "3", 1))
    with pytest.raises(PlanRefused, match=r"known\.csv: .*whole year"):
        read_weathers(read_plan(path).learn_from, tmp_path)


@pytest.mark.parametrize(
    ("learned", "judged", "why"),
    [
        ('"known.csv", form = "csv"', '"unseen.csv", ' + MADE_UP + "3", "never lived through"),
        ('"./unseen.csv", ' + MADE_UP + "3", '"unseen.csv", form = "csv"', "has the days of it"),
    ],
)
def test_nobody_is_judged_on_days_that_were_made_up_or_learned_from(
    tmp_path: Path, learned: str, judged: str, why: str
) -> None:
    path = seasons.write_plan(tmp_path)
    text = path.read_text().replace('"unseen.csv", form = "csv"', judged)
    path.write_text(text.replace('"known.csv", form = "csv"', learned))
    with pytest.raises(PlanRefused, match=why):
        read_plan(path)


def test_constants_of_lettuce_are_drawn_as_far_as_a_plan_is_unsure(tmp_path: Path) -> None:
    plan = read_plan(seasons.write_plan(tmp_path, "lettuce"))
    weathers = [series for _, series in read_weathers(plan.learn_from, tmp_path)]
    chance = np.random.default_rng(1)
    drawn = [batch_of(plan, weathers, 1).draw.drawn(chance).parameters for _ in range(20)]
    most = lettuce.Parameters().cover_w_m2_k
    assert len({one.cover_w_m2_k for one in drawn}) == 20
    assert all(0.9 * most <= one.cover_w_m2_k <= 1.1 * most for one in drawn)
    sure = msgspec.structs.replace(plan, unsure=0.0)
    assert batch_of(sure, weathers, 1).draw.drawn(chance).parameters == lettuce.Parameters()


def test_weather_may_come_from_a_spreadsheet(tmp_path: Path) -> None:
    plan = read_plan(seasons.write_plan(tmp_path))
    known = tmp_path / "known.csv"
    known.write_text(known.read_text(), encoding="utf-8-sig")
    ((_, series),) = read_weathers(plan.learn_from, tmp_path)
    assert series.period_s == 3600.0


def test_energy_and_foul_air_cost_a_flock_what_its_plan_says(tmp_path: Path) -> None:
    more = "electricity_kwh = [0.1, 0.4]\nheat_to_electricity = 0.5\ngases_m2_h = 0.3\n"
    plan = read_plan(seasons.write_plan(tmp_path, more=more))
    weathers = [series for _, series in read_weathers(plan.learn_from, tmp_path)]
    chance = np.random.default_rng(1)
    draw = batch_of(plan, weathers, 1).draw
    drawn = [draw.drawn(chance).prices for _ in range(60)]
    assert {prices.gases_m2_h for prices in drawn} == {0.3}
    for prices in drawn:
        assert 0.1 <= prices.electricity_kwh <= 0.4
        assert prices.heat_kwh == pytest.approx(0.5 * prices.electricity_kwh)
    below = sum(prices.electricity_kwh < 0.2 for prices in drawn)
    assert 20 <= below <= 40, "a half lies below the middle of the orders of magnitude"


def test_a_plan_may_have_its_owners_prices(tmp_path: Path) -> None:
    more = "live_kg = 2.0\nfeed_kg = 0.6\nflock_heat_kwh = 0.11\n"
    chance = np.random.default_rng(1)
    plan = read_plan(seasons.write_plan(tmp_path, more=more))
    weathers = [series for _, series in read_weathers(plan.learn_from, tmp_path)]
    paid = batch_of(plan, weathers, 1).draw.drawn(chance).prices
    meant = FlockPrices(live_kg=2.0, feed_kg=0.6, heat_kwh=0.11)
    assert astuple(paid) == pytest.approx(astuple(meant))
    dear = "fruit_kg = 3.0\nco2_kg = 0.4\n"
    grown = read_plan(seasons.write_plan(tmp_path, "greenhouse", more=dear))
    paid = batch_of(grown, weathers, 1).draw.drawn(chance).prices
    assert (paid.fruit_kg, paid.co2_kg) == (3.0, 0.4)
    assert paid.fruit_dry_share == TomatoPrices().fruit_dry_share
    usual = read_plan(seasons.write_plan(tmp_path))
    assert digest_of(usual) != digest_of(plan)
    paid = batch_of(usual, weathers, 1).draw.drawn(chance).prices
    assert astuple(paid) == pytest.approx(astuple(FlockPrices()))


@pytest.mark.parametrize(
    ("house", "name"),
    [
        ("greenhouse", "live_kg"),
        ("greenhouse", "flock_heat_kwh"),
        ("tunnel", "fruit_kg"),
        ("open", "co2_kg"),
        ("lettuce", "fruit_kg"),
        ("tomato_benchmark", "co2_kg"),
        ("tunnel", "egg_kg"),
    ],
)
def test_a_price_that_nothing_of_the_house_has_is_refused(
    tmp_path: Path, house: str, name: str
) -> None:
    with pytest.raises(PlanRefused, match=name):
        read_plan(seasons.write_plan(tmp_path, house, more=f"{name} = 1.0\n"))


def test_heat_of_a_flock_has_one_price(tmp_path: Path) -> None:
    more = "flock_heat_kwh = 0.1\nheat_to_electricity = 1.0\n"
    with pytest.raises(PlanRefused, match="one price"):
        read_plan(seasons.write_plan(tmp_path, more=more))


@pytest.mark.parametrize(
    ("house", "more", "heat"),
    [
        ("tunnel", "heat_to_electricity = 1.0\n", 2.0),
        ("tunnel", "", 1.0),
        ("greenhouse", "heat_to_electricity = 1.0\n", 1.0),
    ],
)
def test_a_tariff_makes_hours_dear_and_heat_where_it_costs_what_electricity_does(
    tmp_path: Path, house: str, more: str, heat: float
) -> None:
    plan = read_plan(seasons.write_plan(tmp_path, house, more=f"tariff = {EVENING}\n{more}"))
    batch = batch_of(plan, [series for _, series in read_weathers(plan.learn_from, tmp_path)], 1)
    draw = batch.draw
    assert isinstance(draw, FlockDraw | TomatoDraw)
    assert draw.tariff.electricity[16:18] == (1.0, 2.0)
    assert draw.tariff.heat[16:18] == (1.0, heat)


@pytest.mark.parametrize(
    "factors", ["[1.0]", "[0.0" + ", 1.0" * 23 + "]", "[101.0" + ", 1" * 23 + "]"]
)
def test_a_tariff_has_a_factor_an_hour(tmp_path: Path, factors: str) -> None:
    with pytest.raises(PlanRefused, match="tariff"):
        read_plan(seasons.write_plan(tmp_path, more=f"tariff = {factors}\n"))


@pytest.mark.parametrize("house", ["lettuce", "tomato_benchmark"])
def test_the_published_benchmarks_have_no_tariff(tmp_path: Path, house: str) -> None:
    plan = read_plan(seasons.write_plan(tmp_path, house, more=f"tariff = {EVENING}\n"))
    weathers = [series for _, series in read_weathers(plan.learn_from, tmp_path)]
    with pytest.raises(PlanRefused, match="no tariff"):
        batch_of(plan, weathers, 1)


def test_another_plan_has_another_digest(tmp_path: Path) -> None:
    plan = read_plan(seasons.write_plan(tmp_path))
    other = read_plan(seasons.write_plan(tmp_path, more="every_days = 2\n"))
    assert digest_of(plan) == digest_of(read_plan(seasons.write_plan(tmp_path)))
    assert digest_of(plan) != digest_of(other)
    dear = read_plan(seasons.write_plan(tmp_path, more=f"tariff = {EVENING}\n"))
    assert digest_of(plan) != digest_of(dear)


@pytest.mark.parametrize("learning", ["", seasons.LEARNING + seasons.EVOLUTION])
def test_how_it_learns_is_said_by_one_table(tmp_path: Path, learning: str) -> None:
    with pytest.raises(PlanRefused, match=r"one table, \[learning\] or \[evolution\]"):
        read_plan(seasons.write_plan(tmp_path, learning=learning))


def test_what_learns_one_way_says_nothing_of_the_other(tmp_path: Path) -> None:
    plan = read_plan(seasons.write_plan(tmp_path))
    assert learning_of(plan).steps == 768
    with pytest.raises(PlanRefused, match="evolution"):
        evolution_of(plan)
    evolves = read_plan(seasons.write_plan(tmp_path, learning=seasons.EVOLUTION))
    assert evolution_of(evolves).generations == 7
    with pytest.raises(PlanRefused, match="learning"):
        learning_of(evolves)


def test_a_shipped_plan_is_found_by_its_name_unless_a_file_has_it(tmp_path: Path) -> None:
    plan = read_plan(find_plan(Path("lettuce")))
    assert (plan.name, plan.days, plan.first_day) == ("lettuce", 40, 30)
    own = tmp_path / "lettuce"
    own.write_text("")
    assert find_plan(own) == own
    assert find_plan(tmp_path / "absent") == tmp_path / "absent"


def test_a_folder_hides_no_shipped_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A run that is kept in a folder of the plan's name must be found to be gone on with.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tunnel").mkdir()
    assert read_plan(find_plan(Path("tunnel"))).name == "tunnel"


def test_what_is_no_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanRefused, match=r"absent\.toml"):
        read_plan(tmp_path / "absent.toml")
    path = seasons.write_plan(tmp_path, more="lottery = 1\n")
    with pytest.raises(PlanRefused, match="lottery"):
        read_plan(path)


def test_weather_that_lacks_or_is_too_short_is_refused(tmp_path: Path) -> None:
    plan = read_plan(seasons.write_plan(tmp_path, more="first_day = 9\n"))
    weathers = read_weathers(plan.learn_from, tmp_path)
    with pytest.raises(PlanRefused, match="shorter than a season"):
        batch_of(plan, [series for _, series in weathers], 1)
    (tmp_path / "known.csv").write_text("nothing\n")
    with pytest.raises(PlanRefused, match=r"known\.csv"):
        read_weathers(plan.learn_from, tmp_path)
