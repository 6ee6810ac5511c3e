"""Sixty days that another program's greenhouse lived through, lived through by ours."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.glasshouse import STATES, controls, outdoor, rows, state
from tokkatot.climate.calibrate.fit import calibrate
from tokkatot.climate.calibrate.recording import Recording
from tokkatot.climate.calibrate.subjects import GreenhouseSubject
from tokkatot.climate.kernel import live_in_greenhouse, record_type, records
from tokkatot.climate.physics.air import SEA_LEVEL_PA, co2_ppm, magnus_pa
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
from tokkatot.climate.physics.greenhouse.model import Ledger, State
from tokkatot.climate.physics.greenhouse.step import SUBSTEPS

pytestmark = [pytest.mark.shared_data, pytest.mark.timeout(400)]


def off(ours: list[float], theirs: list[float]) -> float:
    return float(np.sqrt(np.mean((np.array(ours) - np.array(theirs)) ** 2)))


def test_sixty_days_under_given_controls_are_the_other_programs() -> None:
    first, driven = rows()[0], rows()[:-1]
    start = state(first)
    # Nothing is picked there in these days.
    house = replace(bleiswijk_led(), fruit_max_mg_m2=1e9)
    trace = np.empty(len(driven), record_type(State))
    live_in_greenhouse(
        records([start]),
        records([controls(r) for r in driven]),
        records([outdoor(r) for r in driven]),
        records([house]),
        records([Ledger()]),
        trace,
        900.0,
        SUBSTEPS,
    )
    came = rows()[1:]
    air_c = [float(value) for value in trace["air_c"]]
    humidity = [100 * pa / magnus_pa(c) for pa, c in zip(trace["air_pa"], air_c, strict=True)]
    ppm = [co2_ppm(mg, c, SEA_LEVEL_PA) for mg, c in zip(trace["air_mg_m3"], air_c, strict=True)]
    assert off(air_c, [r["x_tAir"] for r in came]) < 0.1
    assert off(humidity, [100 * r["x_vpAir"] / magnus_pa(r["x_tAir"]) for r in came]) < 0.5
    theirs_ppm = [co2_ppm(r["x_co2Air"], r["x_tAir"], SEA_LEVEL_PA) for r in came]
    assert off(ppm, theirs_ppm) < 6
    assert trace["fruit_mg_m2"][-1] == pytest.approx(came[-1]["x_cFruit"], rel=0.005)
    assert trace["leaf_mg_m2"][-1] == pytest.approx(came[-1]["x_cLeaf"], rel=0.01)


CROP = ("stem_mg_m2", "fruit_mg_m2", "buffer_mg_m2", "leaf_mg_m2", "sum_c_d", "day_c")


def recording(days: int) -> Recording:
    """Return what instruments would have read there, without error."""
    lived = rows()[: days * 96]
    leaves = bleiswijk_led().leaf_area_m2_mg * np.array([r["x_cLeaf"] for r in lived])
    read = [
        (
            r["x_tAir"],
            100 * r["x_vpAir"] / magnus_pa(r["x_tAir"]),
            co2_ppm(r["x_co2Air"], r["x_tAir"], SEA_LEVEL_PA),
        )
        for r in lived
    ]
    return Recording(
        period_s=900.0,
        weather=records([outdoor(r) for r in lived]),
        controls=records([controls(r) for r in lived]),
        readings=np.array(read),
        known={"leaf_area_m2_m2": leaves},
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"roof_par_through": 0.7, "leak": 5e-5, "stomata_s_m": 110.0},
        {"boiler_w_m2": 180.0, "co2_mg_m2_s": 8.0, "lamp_w_m2": 90.0, "cover_inside_w": 5.0},
    ],
    ids=["house", "actuators"],
)
def test_what_the_other_greenhouse_is_made_of_is_found_from_ten_of_its_days(
    wrong: dict[str, float],
) -> None:
    true, first = bleiswijk_led(), rows()[0]
    house = replace(true, **wrong, roof_nir_through=wrong.get("roof_par_through", 0.57))
    crop = State(**{name: first[f"x_{STATES[name]}"] for name in CROP})
    found = calibrate(recording(10), GreenhouseSubject(house, crop), list(wrong))
    assert len(found.estimates) == len(wrong)
    for each in found.estimates:
        assert each.value == pytest.approx(getattr(true, each.knob.name), rel=0.08)
    assert found.held_out_after.air_k < 0.2
    assert found.held_out_after.humidity_pct < 0.5
    assert found.held_out_after.co2_ppm < 6
