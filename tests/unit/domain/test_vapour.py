"""Deficits that follow from temperatures and humidity, where nobody measures them."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from tokkatot.automation.conditions import Believed, Held, follow, is_known
from tokkatot.climate.physics.air import leaf_vpd_kpa, vpd_kpa
from tokkatot.domain.ids import DeviceId
from tokkatot.domain.quantities import Quantity
from tokkatot.domain.rules import Comparison, Condition
from tokkatot.domain.vapour import deficit_kpa, derived, is_told

ONE, TWO = DeviceId(UUID(int=1)), DeviceId(UUID(int=2))
HEAT, DAMP, LEAF = Quantity.TEMPERATURE, Quantity.RELATIVE_HUMIDITY, Quantity.LEAF_TEMPERATURE


@pytest.mark.parametrize("air_c", [5.0, 20.0, 35.0])
def test_deficits_are_those_of_the_twins_physics(air_c: float) -> None:
    assert deficit_kpa(air_c, air_c, 65.0) == pytest.approx(vpd_kpa(air_c, 65.0), rel=0.005)
    warm = deficit_kpa(air_c + 3.0, air_c, 65.0)
    assert warm == pytest.approx(leaf_vpd_kpa(air_c + 3.0, air_c, 65.0), rel=0.005)


def test_a_leaf_colder_than_the_dew_point_is_wet() -> None:
    assert deficit_kpa(10.0, 25.0, 60.0) == 0.0


@pytest.mark.parametrize(
    ("quantity", "told", "value"),
    [
        (Quantity.VPD, {HEAT: 25.0, DAMP: 60.0}, 1.267),
        (Quantity.LEAF_VPD, {HEAT: 25.0, DAMP: 60.0, LEAF: 23.0}, 0.908),
        (Quantity.LEAF_VPD, {HEAT: 25.0, DAMP: 60.0}, None),
        (Quantity.VPD, {HEAT: 25.0}, None),
        (Quantity.VPD, {DAMP: 60.0}, None),
        # As much as a sensor of its own could show.
        (Quantity.VPD, {HEAT: 80.0, DAMP: 1.0}, 10.0),
        (Quantity.CO2, {HEAT: 25.0, DAMP: 60.0}, None),
    ],
)
def test_a_deficit_follows_from_what_is_known_and_from_nothing_else(
    quantity: Quantity, told: Mapping[Quantity, float], value: float | None
) -> None:
    found = derived(quantity, told.get)
    assert found == (None if value is None else pytest.approx(value, abs=1e-3))


def test_what_a_place_tells_by_what_is_measured_there() -> None:
    assert is_told(Quantity.VPD, ["temperature", "relative_humidity", "co2"])
    assert is_told(Quantity.VPD, ["vpd"])
    assert not is_told(Quantity.VPD, ["temperature", "co2"])
    assert not is_told(Quantity.LEAF_VPD, ["temperature", "relative_humidity"])
    assert is_told(Quantity.CO2, ["co2"])
    assert not is_told(Quantity.CO2, ["temperature", "relative_humidity"])


def dry(device_id: DeviceId | None = None) -> Condition:
    return Condition(
        quantity=Quantity.VPD, comparison=Comparison.ABOVE, threshold=1.5, device_id=device_id
    )


def test_a_condition_on_dryness_goes_by_the_house_or_by_one_sensor() -> None:
    believed = Believed(
        together={HEAT: 30.0, DAMP: 60.0},
        alone={(ONE, HEAT): 30.0, (ONE, DAMP): 80.0, (TWO, HEAT): 30.0},
    )
    assert follow(dry(), Held(), believed, 0.0).holds
    assert not follow(dry(ONE), Held(), believed, 0.0).holds
    assert is_known(dry(ONE), believed)
    assert not is_known(dry(TWO), believed)


def test_a_sensor_of_its_own_goes_before_what_follows_from_others() -> None:
    believed = Believed(together={HEAT: 30.0, DAMP: 60.0, Quantity.VPD: 0.4}, alone={})
    assert believed.value(Quantity.VPD) == 0.4


def test_a_sensor_of_its_own_that_is_silent_is_not_stood_in_for() -> None:
    damp = {(ONE, HEAT): 30.0, (ONE, DAMP): 60.0}
    own = frozenset({(None, Quantity.VPD), (TWO, Quantity.VPD)})
    believed = Believed(together={HEAT: 30.0, DAMP: 60.0}, alone=damp, own=own)
    assert believed.value(Quantity.VPD) is None
    assert believed.value(Quantity.VPD, TWO) is None
    assert believed.value(Quantity.VPD, ONE) == pytest.approx(1.70, abs=0.01)
