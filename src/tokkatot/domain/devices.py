"""What a device is for, how it rests, and how long a tap on it lasts."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from types import MappingProxyType

from tokkatot.domain.houses import HouseKind
from tokkatot.domain.quantities import Quantity

Level = float
"""How far an actuator is on, in % (0 is off, 100 is on)."""

OFF: Level = 0.0
ON: Level = 100.0


@unique
class Interface(StrEnum):
    """How a device is wired."""

    GPIO = "gpio"
    RELAY = "relay"
    PWM = "pwm"
    ADC = "adc"
    SERVO = "servo"
    SENSOR = "sensor"
    MODBUS = "modbus"
    BACNET = "bacnet"


@unique
class DeviceRole(StrEnum):
    """What a device does in its house."""

    WATER_PUMP = "water_pump"
    FEEDER = "feeder"
    LIGHT = "light"
    FAN = "fan"
    HEATER = "heater"
    CONVEYOR = "conveyor"
    VENT = "vent"
    COOLING_PAD = "cooling_pad"
    FOGGER = "fogger"
    IRRIGATION_VALVE = "irrigation_valve"
    CO2_VALVE = "co2_valve"
    SCREEN = "screen"
    HVAC = "hvac"
    ALARM_SIREN = "alarm_siren"
    SERVO = "servo"
    CAMERA = "camera"
    CLIMATE_SENSOR = "climate_sensor"
    WATER_LEVEL_SENSOR = "water_level_sensor"
    FLOW_SENSOR = "flow_sensor"
    GAS_SENSOR = "gas_sensor"
    LIGHT_SENSOR = "light_sensor"
    SOIL_SENSOR = "soil_sensor"
    WEIGHT_SCALE = "weight_scale"
    MOTION_SENSOR = "motion_sensor"
    POWER_METER = "power_meter"
    WEATHER_STATION = "weather_station"
    STOP_BUTTON = "stop_button"
    BUTTON = "button"
    DISPLAY = "display"
    STATUS_LED = "status_led"
    HUB = "hub"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActuatorSpec:
    """The safe habits of an actuator role.

    `tap_on_s` and `tap_off_s` are how long a person's order lasts unless they say otherwise,
    `max_on_s` the longest time that any source may keep it on (None: no limit), `travel_s` how
    long its drive may be on its way from one end to the other (0: it follows at once).
    """

    tap_on_s: int
    tap_off_s: int
    max_on_s: int | None
    ventilates: bool = False
    heats: bool = False
    moves: bool = False
    travel_s: int = 0


ACTUATORS: Mapping[DeviceRole, ActuatorSpec] = MappingProxyType(
    {
        DeviceRole.WATER_PUMP: ActuatorSpec(
            tap_on_s=600, tap_off_s=1800, max_on_s=1800, moves=True
        ),
        DeviceRole.FEEDER: ActuatorSpec(tap_on_s=30, tap_off_s=1800, max_on_s=60, moves=True),
        DeviceRole.LIGHT: ActuatorSpec(tap_on_s=3600, tap_off_s=3600, max_on_s=None),
        DeviceRole.FAN: ActuatorSpec(tap_on_s=3600, tap_off_s=600, max_on_s=None, ventilates=True),
        DeviceRole.HEATER: ActuatorSpec(tap_on_s=1800, tap_off_s=1800, max_on_s=3600, heats=True),
        DeviceRole.CONVEYOR: ActuatorSpec(tap_on_s=300, tap_off_s=1800, max_on_s=900, moves=True),
        DeviceRole.VENT: ActuatorSpec(
            tap_on_s=3600, tap_off_s=600, max_on_s=None, ventilates=True, travel_s=600
        ),
        DeviceRole.COOLING_PAD: ActuatorSpec(tap_on_s=1800, tap_off_s=1800, max_on_s=7200),
        DeviceRole.FOGGER: ActuatorSpec(tap_on_s=120, tap_off_s=1800, max_on_s=300, moves=True),
        DeviceRole.IRRIGATION_VALVE: ActuatorSpec(
            tap_on_s=600, tap_off_s=1800, max_on_s=3600, moves=True
        ),
        DeviceRole.CO2_VALVE: ActuatorSpec(tap_on_s=600, tap_off_s=1800, max_on_s=3600),
        DeviceRole.SCREEN: ActuatorSpec(
            tap_on_s=3600, tap_off_s=3600, max_on_s=None, moves=True, travel_s=900
        ),
        DeviceRole.HVAC: ActuatorSpec(tap_on_s=1800, tap_off_s=1800, max_on_s=7200, heats=True),
        DeviceRole.ALARM_SIREN: ActuatorSpec(tap_on_s=60, tap_off_s=600, max_on_s=900),
        DeviceRole.SERVO: ActuatorSpec(
            tap_on_s=600, tap_off_s=600, max_on_s=3600, moves=True, travel_s=60
        ),
    }
)

LONGEST_TRAVEL_S = max(spec.travel_s for spec in ACTUATORS.values())

LONGEST_HOLD_S = 12 * 3600
"""No order of a person lasts longer than this, whatever the role."""


def is_actuator(role: DeviceRole) -> bool:
    """Tell whether a device of this role moves, heats, lights or sounds."""
    return role in ACTUATORS


_AWAY_FROM_THE_AIR = frozenset(
    {
        DeviceRole.SOIL_SENSOR,
        DeviceRole.WEIGHT_SCALE,
        DeviceRole.POWER_METER,
        DeviceRole.WATER_LEVEL_SENSOR,
        DeviceRole.FLOW_SENSOR,
        DeviceRole.HUB,
    }
)
"""What else they measure of heat and damp is that of soil, water or their own box."""


def speaks_for_air(role: DeviceRole, quantity: Quantity) -> bool:
    """Tell whether what a sensor says of a quantity is so in its house, and in the air of it."""
    if role is DeviceRole.WEATHER_STATION:
        return False
    is_of_air = quantity in (Quantity.TEMPERATURE, Quantity.RELATIVE_HUMIDITY)
    return not (is_of_air and role in _AWAY_FROM_THE_AIR)


def rest_level(role: DeviceRole, kind: HouseKind) -> Level:
    """Return the level of an actuator that nobody asks anything of.

    The fans and vents of a coop rest on, since still air kills birds; everything else rests off.
    """
    return ON if kind is HouseKind.COOP and ACTUATORS[role].ventilates else OFF


def level_of(state: str | float) -> Level:
    """Return the level behind `on`, `off` or a number in 0..100.

    Raises:
        ValueError: for any other word, or a number outside the range.
    """
    if isinstance(state, str):
        if state == "on":
            return ON
        if state == "off":
            return OFF
        raise ValueError(f"a state is on, off or a number in 0..100, not {state!r}")
    if isinstance(state, bool) or not OFF <= state <= ON:
        raise ValueError(f"a level lies in 0..100, not {state!r}")
    return float(state)


def state_of(level: Level) -> str | float:
    """Return a level as the wire says it: `on`, `off`, or a number between."""
    if level == ON:
        return "on"
    return "off" if level == OFF else level
