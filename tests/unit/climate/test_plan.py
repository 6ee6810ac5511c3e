"""Plans: one file says all, and what can't be followed is refused with a line."""

from pathlib import Path

import numpy as np
import pytest

from tests.support import seasons
from tokkatot.climate.env.batches import BenchmarkTomatoes, Flocks, Lettuces, Tomatoes
from tokkatot.climate.env.draws import FlockDraw, TomatoDraw
from tokkatot.climate.plan import (
    PlanRefused,
    batch_of,
    digest_of,
    find_plan,
    kind_of,
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
