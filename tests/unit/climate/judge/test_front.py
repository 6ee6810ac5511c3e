"""Heat stress against energy: what a policy spares is told beside stages that may take as much."""

from pathlib import Path

import numpy as np
import pytest

from tests.support import seasons
from tokkatot.climate.control.coop import StageRules
from tokkatot.climate.control.dials import COOP_DIALS, positions
from tokkatot.climate.judge.controllers import Controller, Held, Resting
from tokkatot.climate.judge.front import Front, compared_fronts, front_of, held_against, left_at
from tokkatot.climate.judge.searching import SHIFTS, tuned_along, with_shifts
from tokkatot.climate.kernel import Floats
from tokkatot.climate.plan import Plan, Weighing, read_plan, read_weathers
from tokkatot.climate.weather.series import WeatherSeries

# The first of them to run compiles, unless the machine code is kept from before: all on one worker.
pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("kernel")]

REST = positions(StageRules(), COOP_DIALS)
WEIGHINGS = (
    "front = [{ electricity_kwh = 0.5, stressed_m2_h = 1e-6 },"
    " { electricity_kwh = 0.01, stressed_m2_h = 1.0 }]\n"
)


def front(energy: list[list[float]], stress: list[list[float]]) -> Front:
    nothing = np.zeros((len(energy), len(energy[0])))
    return Front(
        energy=np.array(energy), stress=np.array(stress), foul=nothing, cold=nothing, deaths=nothing
    )


def weighed_plan(folder: Path) -> tuple[Plan, WeatherSeries]:
    path = seasons.write_plan(folder)
    path.write_text(path.read_text() + WEIGHINGS)
    plan = read_plan(path)
    _, series = read_weathers(plan.judge_on, folder)[0]
    return plan, series


@pytest.mark.parametrize(
    ("energy", "hours"),
    [
        (2.0, 30.0),  # now the one, now the other
        (1.0, 40.0),
        (0.5, 40.0),  # less than any took
        (3.0, 20.0),
        (9.0, 20.0),  # more helps no further
    ],
)
def test_stages_may_do_now_the_one_now_the_other_of_what_is_known_of_them(
    energy: float, hours: float
) -> None:
    taken = np.array([3.0, 1.0, 2.0, 4.0])
    left: Floats = np.array([20.0, 40.0, 35.0, 25.0])
    assert left_at(np.array([energy]), taken, left)[0] == pytest.approx(hours)


def test_what_is_spared_is_a_part_of_what_stages_leave_for_the_same_energy() -> None:
    stages = front([[1.0, 1.0, 1.0], [3.0, 3.0, 3.0]], [[38.0, 40.0, 42.0], [18.0, 20.0, 22.0]])
    policy = front([[2.0, 2.0, 2.0]], [[23.0, 24.0, 25.0]])
    (found,) = held_against(policy, stages, np.random.default_rng(1))
    assert found.rival == pytest.approx(30.0)
    assert found.spared.mean == pytest.approx(0.2)
    # The hot season is hot for both: paired, they differ by less than hours do.
    assert 0.17 < found.spared.low < 0.2 < found.spared.high < 0.22
    assert "20.0 %" in found.told()
    # For 24 h stages need 2.6 kWh, where they do now the one, now the other.
    assert found.saved.mean == pytest.approx(0.6 / 2.6)
    assert found.saved.low < found.saved.mean < found.saved.high


def test_a_controller_beside_itself_spares_nothing(tmp_path: Path) -> None:
    plan, series = weighed_plan(tmp_path)
    rest = np.tile(REST, (2, 1))
    both = compared_fronts(plan, series, Held(np.array(REST)), rest, np.random.default_rng(1))
    assert both.policy.stress.shape == (2, 2), "a row a weighing, a column a season"
    assert both.policy.energy.tolist() == both.tuned.energy.tolist()
    for beside in both.beside:
        assert (beside.spared.low, beside.spared.mean, beside.spared.high) == (0.0, 0.0, 0.0)
        assert (beside.saved.low, beside.saved.mean, beside.saved.high) == (0.0, 0.0, 0.0)


def test_who_draws_a_front_may_be_watched(tmp_path: Path) -> None:
    plan, series = weighed_plan(tmp_path)
    steered: dict[str, Controller] = {}

    def watched(who: Controller, what: str) -> Controller:
        return steered.setdefault(what, who if isinstance(who, Resting) else Resting())

    rows, chance = np.full((2, len(REST)), 9.9), np.random.default_rng(1)
    both = compared_fronts(plan, series, Resting(), rows, chance, watched)
    assert list(steered) == ["front of the policy", "front of stages"]
    assert both.tuned.energy[0].tolist() == both.policy.energy[0].tolist(), "in place of the stages"


def test_energy_is_electricity_and_heat_of_the_same_seasons(tmp_path: Path) -> None:
    plan, series = weighed_plan(tmp_path)
    rested = front_of(plan, series, Resting(), plan.judging.front)
    warmer = front_of(plan, series, Held(np.array([3.0, *REST[1:]])), plan.judging.front)
    assert (warmer.energy > rested.energy).all()
    assert rested.stress[0].tolist() == rested.stress[1].tolist(), "no price moves the rules"


def test_stages_may_hold_their_house_warmer_and_cooler_than_was_found_best() -> None:
    found = np.array([[0.25, *REST[1:]], [0.25, *REST[1:]], [1.0, 8.0, *REST[2:]]])
    rows = with_shifts(found, COOP_DIALS)
    assert len(rows) == SHIFTS + 2, "what was found twice is one"
    assert rows[:, 0].min() == COOP_DIALS[0].low
    assert rows[:, 0].max() == COOP_DIALS[0].high
    assert {tuple(row[1:]) for row in rows} == {tuple(REST[1:]), (8.0, *REST[2:])}


def test_stages_are_tuned_for_what_counts(tmp_path: Path) -> None:
    plan, series = weighed_plan(tmp_path)
    told: list[tuple[int, int]] = []
    rows = tuned_along(
        plan, [series], plan.judging.front, lambda done, total: told.append((done, total))
    )
    assert told == [(1, 2), (2, 2)]
    assert rows.shape == (2, len(COOP_DIALS))
    both = compared_fronts(plan, series, Resting(), rows, np.random.default_rng(1))
    thrifty, tender = both.tuned.energy.mean(axis=1)
    assert thrifty <= tender
    assert both.tuned.stress[1].mean() <= both.tuned.stress[0].mean()
    assert isinstance(plan.judging.front[0], Weighing)
