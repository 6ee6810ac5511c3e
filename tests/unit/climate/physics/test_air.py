"""Moist air against psychrolib, and against itself."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokkatot.climate.physics import air

with pytest.MonkeyPatch.context() as patch:
    # Where numba is installed it would compile itself, half a minute long.
    patch.setitem(sys.modules, "numba", None)
    import psychrolib
psychrolib.SetUnitSystem(psychrolib.SI)

temperatures = st.floats(-20, 55)
humidities = st.floats(1, 100)
altitudes = st.floats(-100, 3000)


@given(st.floats(-60, 120))
def test_saturation_is_psychrolibs(temperature: float) -> None:
    theirs = psychrolib.GetSatVapPres(temperature)
    assert air.saturation_pa(temperature) == pytest.approx(theirs, rel=1e-9)


@given(st.floats(-60, 120))
def test_the_slope_is_that_of_the_curve(temperature: float) -> None:
    if abs(temperature - air.TRIPLE_POINT_C) < 1e-3:  # the curve over ice ends with a bend
        temperature += 1e-2
    rise = air.saturation_pa(temperature + 1e-4) - air.saturation_pa(temperature - 1e-4)
    assert air.saturation_slope_pa_k(temperature) == pytest.approx(rise / 2e-4, rel=1e-5)


@given(temperatures, humidities, altitudes)
def test_ratio_volume_density_and_heat_are_psychrolibs(
    temperature: float, humidity: float, altitude: float
) -> None:
    pressure = air.pressure_pa(altitude)
    assert pressure == pytest.approx(psychrolib.GetStandardAtmPressure(altitude), rel=1e-9)
    vapour = air.vapour_pa(temperature, humidity)
    theirs = psychrolib.GetHumRatioFromRelHum(temperature, humidity / 100, pressure)
    ratio = air.humidity_ratio(vapour, pressure)
    assert ratio == pytest.approx(theirs, rel=1e-6, abs=1e-7)
    ratio = max(ratio, theirs)
    assert air.volume_m3_kg(temperature, ratio, pressure) == pytest.approx(
        psychrolib.GetMoistAirVolume(temperature, ratio, pressure), rel=1e-5
    )
    assert air.density_kg_m3(temperature, ratio, pressure) == pytest.approx(
        psychrolib.GetMoistAirDensity(temperature, ratio, pressure), rel=1e-5
    )
    assert air.enthalpy_j_kg(temperature, ratio) == pytest.approx(
        psychrolib.GetMoistAirEnthalpy(temperature, ratio), rel=1e-9
    )
    assert air.vpd_kpa(temperature, humidity) == pytest.approx(
        psychrolib.GetVaporPressureDeficit(temperature, theirs, pressure) / 1000, abs=1e-6
    )


@given(temperatures, humidities, altitudes)
def test_dew_point_and_wet_bulb_are_psychrolibs(
    temperature: float, humidity: float, altitude: float
) -> None:
    pressure = air.pressure_pa(altitude)
    vapour = air.vapour_pa(temperature, humidity)
    dew = air.dew_point_c(vapour)
    assert dew == pytest.approx(
        psychrolib.GetTDewPointFromRelHum(temperature, humidity / 100), abs=2e-3
    )
    wet = air.wet_bulb_c(temperature, air.humidity_ratio(vapour, pressure), pressure)
    assert wet == pytest.approx(
        psychrolib.GetTWetBulbFromRelHum(temperature, humidity / 100, pressure), abs=2e-3
    )
    assert dew - 1e-6 <= wet <= temperature + 1e-6


@given(temperatures, humidities)
def test_what_is_turned_round_comes_back(temperature: float, humidity: float) -> None:
    vapour = air.vapour_pa(temperature, humidity)
    ratio = air.humidity_ratio(vapour, air.SEA_LEVEL_PA)
    assert air.vapour_of_ratio_pa(ratio, air.SEA_LEVEL_PA) == pytest.approx(vapour)
    assert air.relative_humidity_pct(temperature, vapour) == pytest.approx(humidity)
    ppm = air.co2_ppm(air.co2_mg_m3(800, temperature, air.SEA_LEVEL_PA), temperature, 101_325)
    assert ppm == pytest.approx(800)


def test_air_of_25_degrees_and_60_percent_is_as_tables_have_it() -> None:
    # FAO Irrigation and Drainage Paper 56, annex 2: saturation at 25 °C is 3.168 kPa.
    assert air.vpd_kpa(25, 60) == pytest.approx(0.4 * 3.168, abs=0.002)
    assert air.vapour_g_m3(25, air.vapour_pa(25, 60)) == pytest.approx(13.8, abs=0.05)
    assert air.co2_mg_m3(1000, 20, air.SEA_LEVEL_PA) == pytest.approx(1830, abs=5)


def test_a_leaf_cooler_than_the_dew_point_gathers_dew() -> None:
    assert air.leaf_vpd_kpa(25, 25, 60) == pytest.approx(air.vpd_kpa(25, 60))
    assert air.leaf_vpd_kpa(27, 25, 60) > air.vpd_kpa(25, 60)
    assert air.leaf_vpd_kpa(14, 25, 60) < 0 < air.leaf_vpd_kpa(20, 25, 60)


def test_air_without_vapour_has_no_dew_point() -> None:
    with pytest.raises(ValueError, match="dew point"):
        air.dew_point_c(0)


@pytest.mark.parametrize("temperature_c", [2.0, 15.0, 28.5, 41.0, 59.0])
@pytest.mark.parametrize("humidity_pct", [3.0, 40.0, 77.0, 99.9, 108.0])
def test_a_wet_bulb_over_water_is_the_one_that_halves_would_find(
    temperature_c: float, humidity_pct: float
) -> None:
    ratio = air.humidity_ratio(air.vapour_pa(temperature_c, humidity_pct), air.SEA_LEVEL_PA)
    cold, warm = -20.0, temperature_c
    for _ in range(60):
        middle = (warm + cold) / 2.0
        if air.ratio_at_wet_bulb(temperature_c, middle, air.SEA_LEVEL_PA) > ratio:
            warm = middle
        else:
            cold = middle
    found = air.wet_bulb_c(temperature_c, ratio, air.SEA_LEVEL_PA)
    assert found == pytest.approx(warm, abs=1e-7)


@pytest.mark.parametrize("temperature_c", [2.0, 4.0, 12.0, 30.0])
@pytest.mark.parametrize("wet_c", [-1.5, -0.2, 0.05, 0.3, 1.8])
def test_a_wet_bulb_about_freezing_is_one_that_the_rule_tells(
    temperature_c: float, wet_c: float
) -> None:
    # Ice and water overlap here: what tells this humidity need not be the bulb it was made of.
    ratio = air.ratio_at_wet_bulb(temperature_c, wet_c, air.SEA_LEVEL_PA)
    found = air.wet_bulb_c(temperature_c, ratio, air.SEA_LEVEL_PA)
    told = air.ratio_at_wet_bulb(temperature_c, found, air.SEA_LEVEL_PA)
    assert told == pytest.approx(ratio, abs=1e-9)
