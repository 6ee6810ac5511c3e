"""Comparison: the same seasons for all, differences season by season, and a page that shows it."""

import re
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.support import policies, seasons
from tokkatot.climate.control.coop import StageRules
from tokkatot.climate.control.dials import COOP_DIALS, positions
from tokkatot.climate.control.greenhouse import TomatoRules
from tokkatot.climate.judge.controllers import Banded, Held, Resting
from tokkatot.climate.judge.judging import compared, interval, live
from tokkatot.climate.judge.judging import seasons as begun
from tokkatot.climate.judge.report import report
from tokkatot.climate.judge.searching import tuned, tuned_bands
from tokkatot.climate.physics.poultry.model import Controls
from tokkatot.climate.plan import read_plan, read_weathers
from tokkatot.climate.policy.card import House

# The first of them to run compiles, unless the machine code is kept from before: all on one worker.
pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("kernel")]

COLD = np.array([0.0, 4.0, 1.5e-3, 4.0, 10.0, 12.0])
"""Six times the air that chicks need."""


def test_an_interval_holds_the_mean_and_narrows_with_what_is_known() -> None:
    chance = np.random.default_rng(1)
    few = interval(np.array([1.0, 2.0, 3.0]), chance)
    many = interval(np.tile([1.0, 2.0, 3.0], 50), chance)
    assert few.mean == many.mean == pytest.approx(2.0)
    assert few.low < many.low < 2.0 < many.high < few.high
    sure = interval(np.array([4.0, 4.0]), chance)
    assert (sure.low, sure.high) == (4.0, 4.0)


def test_hours_so_far_below_comfort_that_a_shield_steps_in_are_counted(tmp_path: Path) -> None:
    path = seasons.write_plan(tmp_path)
    frosty = 'form = "csv", warmer_k = -40.0'
    path.write_text(path.read_text().replace('form = "csv"', frosty))
    plan = read_plan(path)
    ((_, frost),) = read_weathers(plan.judge_on, tmp_path)
    ((_, mild),) = read_weathers(read_plan(seasons.write_plan(tmp_path)).judge_on, tmp_path)
    cold = [
        live(plan, series, begun(plan, series), Held(COLD)).figures["cold"]
        for series in (mild, frost)
    ]
    assert cold[0].tolist() == [0.0, 0.0]
    assert (cold[1] > 1.0).all()


def test_the_profit_of_the_benchmarks_tomatoes_has_no_penalties_in_it(tmp_path: Path) -> None:
    plan = read_plan(seasons.write_plan(tmp_path, "tomato_benchmark"))
    ((_, series),) = read_weathers(plan.judge_on, tmp_path)
    came = live(plan, series, begun(plan, series), Banded(TomatoRules()))
    assert came.parts["climate"] < 0.0, "monsoon air is too damp"
    money = sum(came.parts.values()) - came.parts["climate"]
    assert came.figures["profit"].mean() == pytest.approx(money)
    assert came.figures["worth"].mean() == pytest.approx(money + came.parts["climate"])


def test_bands_that_were_searched_for_do_no_worse_where_they_were_sought(tmp_path: Path) -> None:
    plan = read_plan(seasons.write_plan(tmp_path, "tomato_benchmark", more="every_days = 9\n"))
    ((_, series),) = read_weathers(plan.learn_from, tmp_path)
    told: list[tuple[int, int]] = []
    found = tuned_bands(plan, [series], lambda *part: told.append(part))
    assert told == [(1, 2), (2, 2)]
    drawn = [
        live(plan, series, begun(plan, series), Banded(rules)).figures["worth"].mean()
        for rules in (TomatoRules(), found)
    ]
    assert drawn[1] > drawn[0]


def test_controllers_live_through_the_same_seasons_and_differ_by_what_they_do(
    tmp_path: Path,
) -> None:
    plan = read_plan(seasons.write_plan(tmp_path))
    seen, series = read_weathers(plan.judge_on, tmp_path)[0]
    starts = begun(plan, series)
    assert len(starts) == 2
    assert starts[0].begun.start_s != starts[1].begun.start_s
    lived = {
        "policy": live(plan, series, starts, Resting()),
        "same": live(plan, series, starts, Resting()),
        "wasteful": live(plan, series, starts, Held(COLD)),
    }
    held_out = compared(seen, lived, np.random.default_rng(1))
    found = {(one.controller, one.name): one for one in held_out.figures}
    assert found["policy", "worth"].less_policy is None
    same = found["same", "worth"].less_policy
    assert same is not None
    assert (same.low, same.mean, same.high) == (0.0, 0.0, 0.0)
    heat = found["wasteful", "heat"].less_policy
    assert heat is not None
    assert heat.low > 0
    assert lived["policy"].figures["worth"].mean() == pytest.approx(
        sum(lived["policy"].parts.values())
    )


def test_what_broke_limits_is_counted_and_drawn_day_by_day(tmp_path: Path) -> None:
    path = seasons.write_plan(tmp_path)
    text = path.read_text().replace("days = 1\n", "days = 2\n")
    path.write_text(text.replace('form = "csv"', 'form = "csv", warmer_k = 8.0'))
    plan = read_plan(path)
    seen, series = read_weathers(plan.judge_on, tmp_path)[0]
    lived = {"policy": live(plan, series, begun(plan, series)[:1], Held(COLD))}
    came = lived["policy"]
    assert set(came.beyond) == {"over_comfort_k", "co2_ppm", "ammonia_ppm", "heat_stress"}
    assert all(hours.shape == (2,) for hours in came.beyond.values())
    assert came.beyond["heat_stress"].sum() == pytest.approx(came.figures["heat_stress"][0])
    over_k = came.seen[:, 4]
    outside = float(np.sum((over_k < -5.0) | (over_k > 6.0))) / 4
    assert came.beyond["over_comfort_k"].sum() == pytest.approx(outside)
    assert outside > 0.0
    assert came.steered.shape == (192, len(Controls._fields))
    assert came.steered[:, came.actuators.index("fans")].max() > 0.1
    card = policies.card(policies.model([[0.0] * 6] * 22, positions(StageRules(), COOP_DIALS)))
    page = report(card, [(compared(seen, lived, np.random.default_rng(1)), lived)], {})
    assert "aria-label='over_comfort_k, h a day'" in page
    assert "Nobody was beyond: co2_ppm, ammonia_ppm" in page


@pytest.mark.parametrize(
    ("kind", "house", "dashes"),
    [
        ("greenhouse", House.GREENHOUSE, 3),
        ("tomato_benchmark", House.TOMATO_BENCHMARK, 6),
        ("lettuce", House.LETTUCE, 5),
    ],
)
def test_the_limits_of_every_crop_are_drawn(
    tmp_path: Path, kind: str, house: House, dashes: int
) -> None:
    plan = read_plan(seasons.write_plan(tmp_path, kind))
    seen, series = read_weathers(plan.judge_on, tmp_path)[0]
    lived = {"policy": live(plan, series, begun(plan, series)[:1], Resting())}
    held_out = compared(seen, lived, np.random.default_rng(1))
    page = report(policies.card(b"", house), [(held_out, lived)], {})
    assert page.count("stroke-dasharray") == dashes
    assert ("aria-label='roof_vents'" in page) is (house is House.GREENHOUSE)
    heights = [float(y) for y in re.findall(r"<path d='M46 ([\d.]+)H", page)]
    assert all(0.0 < y < 150.0 for y in heights)


def test_what_is_searched_for_does_no_worse_than_the_rules_it_began_from(tmp_path: Path) -> None:
    plan = read_plan(seasons.write_plan(tmp_path))
    _, series = read_weathers(plan.learn_from, tmp_path)[0]
    told: list[tuple[int, int]] = []
    best = tuned(plan, [series], lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    starts = begun(plan, series)
    searched = live(plan, series, starts, Held(best)).figures["worth"].mean()
    assert searched >= live(plan, series, starts, Resting()).figures["worth"].mean()
    for value, dial in zip(best, COOP_DIALS, strict=True):
        assert dial.low <= value <= dial.high


def test_the_page_shows_every_controller_figure_and_set_point(tmp_path: Path) -> None:
    plan = read_plan(seasons.write_plan(tmp_path))
    seen, series = read_weathers(plan.judge_on, tmp_path)[0]
    starts = begun(plan, series)
    lived = {
        "policy": live(plan, series, starts, Resting()),
        "<b>rival": live(plan, series, starts, Held(COLD)),
    }
    held_out = compared(seen, lived, np.random.default_rng(1))
    rest = positions(StageRules(), COOP_DIALS)
    card = policies.card(policies.model([[0.0] * 6] * 22, rest))
    page = report(card, [(held_out, lived)], {})
    assert "unseen, which it never saw, 2 seasons" in page
    for name in ("heat_stress", "ammonia_over", *(dial.name for dial in COOP_DIALS)):
        assert name in page
    assert "&lt;b&gt;rival" in page
    assert "<b>rival" not in page
    for name in ("fans", "heaters", "pad", "over_comfort_k", "co2_ppm"):
        assert page.count(f"aria-label='{name}'") == 1
    assert page.count("<polyline") == 2 * (6 + len(Controls._fields) + len(COOP_DIALS))
    # Two ends of comfort, and the two gases.
    assert page.count("stroke-dasharray") == 4
    learned = msgspec.structs.replace(card.learning, weather=(seen,))
    known = report(msgspec.structs.replace(card, learning=learned), [(held_out, lived)], {})
    assert "unseen, which it learned from" in known
