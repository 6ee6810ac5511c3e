"""What an evolved network says of what it is told: of nought, what there was without it."""

from typing import Any

import numpy as np
import pytest

from tokkatot.climate.control.dials import COOP_DIALS
from tokkatot.climate.control.greenhouse import TomatoRules, steer_tomatoes
from tokkatot.climate.control.tomato_benchmark import FOUND, TOMATO_DIALS
from tokkatot.climate.env.batches import BenchmarkTomatoes, Flocks
from tokkatot.climate.kernel import Floats
from tokkatot.climate.physics.air import SEA_LEVEL_PA, co2_mg_m3, magnus_pa
from tokkatot.climate.physics.greenhouse.model import State
from tokkatot.climate.physics.outdoor import Outdoor
from tokkatot.climate.policy.card import House, inputs_of
from tokkatot.climate.train.steering import (
    Form,
    Network,
    ShiftedDials,
    ShiftedRules,
    observed,
)

TOLD = [field.name for field in inputs_of(House.TOMATO_BENCHMARK)]
AIR = TOLD.index("air_c")
DAY_C = 0
CO2_PPM, HEATING, VENTS = 6, 7, 10


def moments(count: int) -> Floats:
    """Return moments of a house that is now too cold, now too warm, by day and by night."""
    chance = np.random.default_rng(5)
    ends = {
        "air_c": (10.0, 32.0), "humidity_pct": (60.0, 100.0), "co2_ppm": (300.0, 1500.0),
        "radiation_w_m2": (-200.0, 400.0), "outdoor_c": (-5.0, 20.0),
    }  # fmt: skip
    drawn = [chance.uniform(*ends.get(name, (0.0, 1.0)), count) for name in TOLD]
    return np.maximum(np.column_stack(drawn), -5.0)


def network(form: Form, batch: Any = BenchmarkTomatoes, hidden: int = 3) -> Network:
    count = len(batch.fields)
    return Network(
        dials=batch.dials, fields=batch.fields, form=form, hidden=hidden,
        mean=np.full(count, 0.5), deviation=np.full(count, 2.0),
    )  # fmt: skip


def ruled(told: Floats, rules: TomatoRules) -> list[float]:
    """Return what the scalar rules ask for."""
    seen = dict(zip(TOLD, told.tolist(), strict=True))
    air = State(
        air_c=seen["air_c"],
        air_pa=0.01 * seen["humidity_pct"] * magnus_pa(seen["air_c"]),
        air_mg_m3=co2_mg_m3(seen["co2_ppm"], seen["air_c"], SEA_LEVEL_PA),
    )
    outside = Outdoor(
        radiation_w_m2=seen["radiation_w_m2"], temperature_c=seen["outdoor_c"], vapour_pa=0.0,
        co2_mg_m3=0.0, wind_m_s=0.0, sky_c=0.0, ground_c=0.0,
    )  # fmt: skip
    wanted = steer_tomatoes(air, outside, 12.0, rules)
    return [float(getattr(wanted, dial.name)) for dial in TOMATO_DIALS]


def test_a_network_at_its_beginning_steers_as_the_rules_that_were_found() -> None:
    one = network(ShiftedRules())
    first = one.first(np.random.default_rng(1))
    assert np.count_nonzero(first) > 0
    told = moments(60)
    answers = one.wanted(told, first)
    for row, answer in zip(told, answers, strict=True):
        assert answer == pytest.approx(ruled(row, FOUND), abs=1e-9)


def test_shifted_rules_are_rules_with_other_set_points_and_a_little_more_of_what_they_ask() -> None:
    told = moments(60)
    said = np.zeros((60, ShiftedRules().answers))
    said[:, DAY_C], said[:, CO2_PPM], said[:, HEATING], said[:, VENTS] = 0.5, -1.0, 0.2, 0.1
    wanted = ShiftedRules().wanted(told, said)
    turned = TomatoRules(**{
        **{name: getattr(FOUND, name) for name in FOUND.__slots__},
        "day_c": FOUND.day_c + 0.1 * (26.0 - 14.0),
        "co2_ppm": FOUND.co2_ppm - 0.2 * (1600.0 - 400.0),
    })  # fmt: skip
    for row, answer in zip(told, wanted, strict=True):
        assert answer - [0.06, 0, 0, 0.03, 0, 0] == pytest.approx(ruled(row, turned), abs=1e-9)


def test_no_set_point_is_shifted_beyond_what_a_search_may_make_of_it() -> None:
    told = moments(1)
    told[:, AIR], told[:, TOLD.index("radiation_w_m2")] = 13.0, 300.0
    said = np.zeros((2, 1, ShiftedRules().answers))
    said[0, :, DAY_C], said[1, :, DAY_C] = -50.0, -1000.0
    one, other = ShiftedRules().wanted(np.tile(told, (2, 1, 1)), said)
    assert one.tolist() == other.tolist()
    assert one[0, 0] > 0.9, "at 14 degrees at least it heats"


def test_a_network_at_its_beginning_leaves_dials_where_they_rest() -> None:
    rest = tuple(0.3 * dial.low + 0.7 * dial.high for dial in COOP_DIALS)
    one = network(ShiftedDials(COOP_DIALS, rest), Flocks)
    told = np.random.default_rng(2).uniform(0, 30, (5, len(inputs_of(House.COOP))))
    assert one.wanted(told, one.first(np.random.default_rng(1))) == pytest.approx(
        np.tile(rest, (5, 1))
    )
    far = one.wanted(told, np.full(one.size, 1.0))
    assert (far <= [dial.high for dial in COOP_DIALS]).all()
    assert (far >= [dial.low for dial in COOP_DIALS]).all()
    assert not np.allclose(far, rest)


@pytest.mark.parametrize("hidden", [0, 4])
def test_networks_side_by_side_answer_as_each_alone(hidden: int) -> None:
    one = network(ShiftedRules(), hidden=hidden)
    rows = 0.05 * np.random.default_rng(3).standard_normal((3, one.size))
    told = moments(6)
    together = one.wanted(told.reshape(3, 2, -1), rows)
    for at, row in enumerate(rows):
        assert together[at] == pytest.approx(one.wanted(told[2 * at : 2 * at + 2], row), abs=1e-12)
    assert not np.allclose(together[0], one.wanted(told[:2], rows[1]))


def test_what_is_told_is_seen_as_a_batch_observes_it() -> None:
    told = moments(4)
    seen = observed(told, TOMATO_DIALS)
    assert seen.shape == (4, len(BenchmarkTomatoes.fields))
    names = [field.name for field in BenchmarkTomatoes.fields]
    hours = told[:, TOLD.index("hour")]
    assert seen[:, names.index("clock_sine")] == pytest.approx(np.sin(2 * np.pi * hours / 24))
    assert seen[:, names.index("clock_cosine")] == pytest.approx(np.cos(2 * np.pi * hours / 24))
    assert seen[:, names.index("air_c")].tolist() == told[:, AIR].tolist()
