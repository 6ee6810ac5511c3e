"""The habits of roles, as the specification has them."""

import pytest

from tokkatot.domain import devices
from tokkatot.domain.devices import OFF, ON, DeviceRole, rest_level
from tokkatot.domain.houses import DEFAULT_SETPOINTS, HouseKind

MINUTE = 60
LONGEST_S = {
    DeviceRole.WATER_PUMP: 30 * MINUTE,
    DeviceRole.HEATER: 60 * MINUTE,
    DeviceRole.FEEDER: 60,
    DeviceRole.FOGGER: 5 * MINUTE,
    DeviceRole.CONVEYOR: 15 * MINUTE,
    DeviceRole.COOLING_PAD: 120 * MINUTE,
    DeviceRole.HVAC: 120 * MINUTE,
    DeviceRole.IRRIGATION_VALVE: 60 * MINUTE,
    DeviceRole.CO2_VALVE: 60 * MINUTE,
    DeviceRole.SERVO: 60 * MINUTE,
    DeviceRole.ALARM_SIREN: 15 * MINUTE,
}
MOVES = {
    DeviceRole.WATER_PUMP,
    DeviceRole.FEEDER,
    DeviceRole.CONVEYOR,
    DeviceRole.FOGGER,
    DeviceRole.IRRIGATION_VALVE,
    DeviceRole.SCREEN,
    DeviceRole.SERVO,
}


def test_the_longest_time_on_is_that_of_the_specification() -> None:
    assert {role: spec.max_on_s for role, spec in devices.ACTUATORS.items()} == {
        role: LONGEST_S.get(role) for role in devices.ACTUATORS
    }


def test_a_role_moves_heats_or_brings_air() -> None:
    specs = devices.ACTUATORS.items()
    assert {role for role, spec in specs if spec.moves} == MOVES
    assert {role for role, spec in specs if spec.heats} == {DeviceRole.HEATER, DeviceRole.HVAC}
    assert {role for role, spec in specs if spec.ventilates} == {DeviceRole.FAN, DeviceRole.VENT}


def test_no_order_that_names_no_end_lasts_longer_than_its_role_may() -> None:
    for spec in devices.ACTUATORS.values():
        assert spec.max_on_s is None or spec.tap_on_s <= spec.max_on_s


@pytest.mark.parametrize("role", list(devices.ACTUATORS))
@pytest.mark.parametrize("kind", HouseKind)
def test_only_the_air_of_a_coop_rests_on(role: DeviceRole, kind: HouseKind) -> None:
    is_air = kind is HouseKind.COOP and role in {DeviceRole.FAN, DeviceRole.VENT}
    assert rest_level(role, kind) == (ON if is_air else OFF)


def test_the_hard_limit_of_a_coop_lies_below_what_kills_birds() -> None:
    assert DEFAULT_SETPOINTS[HouseKind.COOP].temperature_hard_max_c == 35.0
    assert DEFAULT_SETPOINTS[HouseKind.GREENHOUSE].temperature_hard_max_c == 38.0
