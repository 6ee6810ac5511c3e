"""What records tell of a house whose parameters are known, and what they don't."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.recorded_house import greenhouse_recording
from tokkatot.climate.calibrate.findings import NotIdentified, Why
from tokkatot.climate.calibrate.fit import calibrate
from tokkatot.climate.calibrate.recording import Recording
from tokkatot.climate.calibrate.subjects import CoopSubject, GreenhouseSubject
from tokkatot.climate.kernel import records
from tokkatot.climate.physics.greenhouse.houses import bleiswijk_led
from tokkatot.climate.physics.greenhouse.model import State
from tokkatot.climate.physics.poultry import model as coop
from tokkatot.climate.physics.poultry.houses import tunnel_house
from tokkatot.climate.weather.files import moment_of

pytestmark = pytest.mark.timeout(400)

GREENHOUSE = GreenhouseSubject(bleiswijk_led(), State())
COOP = CoopSubject(tunnel_house(), coop.State(bird_kg=1.5, age_d=25.0, litter_water_kg_m2=1.5))


def coop_recording(true: dict[str, float], *, heated_day: int | None = None) -> Recording:
    """Return eight days with grown broilers, as a house with these parameters would leave them.

    The heaters are on in the first hours of one day, or never.
    """
    rng = np.random.default_rng(11)
    count = 8 * 48
    hour = np.arange(count) / 2
    warm = 24 + 6 * np.sin((hour % 24 - 9) / 24 * 2 * np.pi)
    rows = [
        {"radiation_w_m2": 0.0, "temperature_c": float(c), "humidity_pct": 80.0, "wind_m_s": 2.0}
        for c in warm
    ]
    fans = np.clip((warm - 18) / 14 + rng.normal(0, 0.1, count), 0.1, 1.0)
    heaters = np.where((hour // 24 == heated_day) & (hour % 24 < 6), 1.0, 0.0)
    birds, grown = 20_000 * 0.999 ** (hour / 24), 1.5 + 0.09 * hour / 24
    blank = Recording(
        period_s=1800.0,
        weather=records([moment_of(row, 24.0) for row in rows]),
        controls=records(
            [
                coop.Controls(fans=float(part), inlets=float(part), heaters=float(heat))
                for part, heat in zip(fans, heaters, strict=True)
            ]
        ),
        readings=np.array([[27.0, 70.0, 1200.0]] * count),
        known={"birds": birds, "bird_kg": grown},
    )
    knobs = [knob for knob in COOP.knobs if knob.name in true]
    shown = COOP.lived(blank, knobs, np.array([[true[knob.name] for knob in knobs]]))[0]
    noise = rng.normal(0, 1, shown.shape) * (0.2, 1.0, 15.0)
    return replace(blank, readings=shown + noise)


def test_what_a_greenhouse_is_made_of_is_found_within_its_intervals() -> None:
    true = {"roof_par_through": 0.65, "leak": 4e-5, "stomata_s_m": 100.0}
    found = calibrate(greenhouse_recording(GREENHOUSE, true), GREENHOUSE)
    told = {each.knob.name: each for each in found.estimates}
    assert told.keys() == true.keys()
    for name, value in true.items():
        assert told[name].value == pytest.approx(value, rel=0.05)
        assert told[name].low < value < told[name].high
        assert told[name].high < 1.2 * told[name].low
    assert (found.days_fitted, found.days_held_out) == (7, 2)
    assert found.held_out_after.air_k == pytest.approx(0.2, abs=0.03)
    assert found.held_out_after.co2_ppm < found.held_out_before.co2_ppm / 3


def test_a_fit_tells_how_far_it_is() -> None:
    told: list[tuple[int, int]] = []
    recording = coop_recording({"heat_total": 0.85})
    calibrate(recording, COOP, ["heat_total"], lambda *part: told.append(part))
    parts = [done / most for done, most in told]
    assert len(parts) >= 6
    assert parts == sorted(set(parts))
    assert 0.0 < parts[0] < 0.05
    assert parts[-1] == 1.0


def test_how_warm_birds_are_is_found_within_its_intervals() -> None:
    true = {"heat_total": 0.85, "heat_sensible": 0.9}
    found = calibrate(coop_recording(true), COOP)
    told = {each.knob.name: each for each in found.estimates}
    assert told.keys() == true.keys()
    for name, value in true.items():
        assert told[name].low < value < told[name].high
        assert told[name].high < 1.1 * told[name].low
    assert found.held_out_after.air_k < found.held_out_before.air_k / 2


@pytest.mark.proof
@pytest.mark.timeout(2000)
def test_intervals_hold_what_is_true_as_often_as_they_say_though_errors_last_for_hours() -> None:
    true = {"leak": 4e-5, "stomata_s_m": 100.0}
    held = []
    for seed in range(200):
        recording = greenhouse_recording(GREENHOUSE, true, days=12, seed=seed, lasting=0.9)
        found = calibrate(recording, GREENHOUSE, list(true))
        held += [each.low < true[each.knob.name] < each.high for each in found.estimates]
    assert len(held) == 400
    # 94 of 100, where 95 are promised; with Student's t of the days less one 91.
    assert 0.93 <= sum(held) / len(held) <= 0.98


def test_an_interval_holds_what_is_found_where_the_first_reading_errs_otherwise() -> None:
    recording = greenhouse_recording(GREENHOUSE, {"leak": 4e-5})
    found = calibrate(recording, GREENHOUSE, ["leak"]).estimates[0]
    for two_errors_k in (-0.4, 0.4):
        readings = recording.readings.copy()
        readings[0, 0] += two_errors_k
        other = calibrate(replace(recording, readings=readings), GREENHOUSE, ["leak"]).estimates[0]
        assert found.low < other.value < found.high
        assert other.value != pytest.approx(found.value, rel=1e-3)


def test_readings_that_lack_count_for_nothing() -> None:
    whole = greenhouse_recording(GREENHOUSE, {"leak": 4e-5})
    readings = whole.readings.copy()
    readings[:, 1] = np.nan
    readings[100:110, 0] = np.nan
    found = calibrate(replace(whole, readings=readings), GREENHOUSE, ["leak"])
    assert found.estimates[0].value == pytest.approx(4e-5, rel=0.05)
    assert np.isnan(found.held_out_after.humidity_pct)
    assert found.held_out_after.air_k < 0.3


def test_what_was_never_at_work_is_not_told() -> None:
    recording = greenhouse_recording(GREENHOUSE, {})
    with pytest.raises(NotIdentified, match=r"don't tell lamp_w_m2.*never have been at work"):
        calibrate(recording, GREENHOUSE, ["leak", "lamp_w_m2"])


def test_what_can_stand_in_for_each_other_is_not_told_apart() -> None:
    windy = greenhouse_recording(GREENHOUSE, {}, windy=True)
    alike = "can't tell discharge and wind_pressure apart"
    with pytest.raises(NotIdentified, match=alike) as refused:
        calibrate(windy, GREENHOUSE, ["leak", "discharge", "wind_pressure"])
    assert refused.value.values["parameters"] == ["discharge", "wind_pressure"]


def test_a_fit_that_runs_to_the_end_of_sense_is_refused() -> None:
    warm = greenhouse_recording(GREENHOUSE, {})
    readings = warm.readings + np.array((6.0, np.nan, np.nan))
    with pytest.raises(NotIdentified, match="roof_par_through ran to the end of what makes sense"):
        calibrate(replace(warm, readings=readings), GREENHOUSE, ["roof_par_through"])


def test_noise_alone_leaves_a_wide_interval_and_is_refused() -> None:
    recording = greenhouse_recording(GREENHOUSE, {})
    noise = np.random.default_rng(5).normal(0, 1, recording.readings.shape) * (8.0, 40.0, 400.0)
    with pytest.raises(NotIdentified, match=r"leave sun_to_air anywhere from .* to "):
        calibrate(
            replace(recording, readings=recording.readings + noise), GREENHOUSE, ["sun_to_air"]
        )


@pytest.mark.parametrize("names", [["heater_w"], ["heat_sensible", "heater_w"]])
@pytest.mark.parametrize("day", [1, 6])
def test_what_one_day_alone_tells_is_refused(names: list[str], day: int) -> None:
    recording = coop_recording({"heater_w": 80e3}, heated_day=day)
    with pytest.raises(NotIdentified, match="leave heater_w anywhere from") as refused:
        calibrate(recording, COOP, names)
    assert refused.value.why is Why.WIDE
    assert refused.value.values["low"] == pytest.approx(1e3)
    assert refused.value.values["high"] == pytest.approx(2e6)


def test_a_fit_to_days_unlike_those_kept_for_judging_is_refused() -> None:
    recording = greenhouse_recording(GREENHOUSE, {"leak": 4e-5})
    judged = recording.days % 4 == 3
    other = greenhouse_recording(GREENHOUSE, {"leak": 2.2e-5})
    readings = np.where(judged[:, None], other.readings, recording.readings)
    with pytest.raises(NotIdentified, match="does no good on days that it has not seen"):
        calibrate(replace(recording, readings=readings), GREENHOUSE, ["leak"])


def test_too_few_days_are_refused_before_anything_is_reckoned() -> None:
    recording = greenhouse_recording(GREENHOUSE, {}, days=4)
    few = "2 days with readings can be fitted and 1 kept"
    with pytest.raises(NotIdentified, match=few) as refused:
        calibrate(recording, GREENHOUSE, ["leak"])
    assert refused.value.why is Why.TOO_FEW_DAYS
    assert refused.value.values == {"days_fitted": 2, "days_held_out": 1, "days_needed": 5}


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["floor_m2"], "floor_m2 can't be fitted; these can: roof_par_through"),
        (["fan_m3_s"], "this house has no fan_m3_s to begin from"),
        ([], "one parameter at least"),
        (["leak", "leak"], "none twice"),
    ],
)
def test_what_no_fit_can_mean_is_refused(names: list[str], reason: str) -> None:
    with pytest.raises(NotIdentified, match=reason):
        calibrate(greenhouse_recording(GREENHOUSE, {}, days=2), GREENHOUSE, names)
