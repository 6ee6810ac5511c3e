"""What is measured, in which unit, and between which values it is believed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum, unique
from types import MappingProxyType


@unique
class Quantity(StrEnum):
    """A measured quantity; its code on the wire and in the store."""

    TEMPERATURE = "temperature"
    LEAF_TEMPERATURE = "leaf_temperature"
    RELATIVE_HUMIDITY = "relative_humidity"
    ABSOLUTE_HUMIDITY = "absolute_humidity"
    VPD = "vpd"
    LEAF_VPD = "leaf_vpd"
    WATER_LEVEL = "water_level"
    FLOW_RATE = "flow_rate"
    WATER_TOTAL = "water_total"
    FEED_WEIGHT = "feed_weight"
    WEIGHT = "weight"
    CO2 = "co2"
    AMMONIA = "ammonia"
    PPFD = "ppfd"
    GLOBAL_RADIATION = "global_radiation"
    LONGWAVE_RADIATION = "longwave_radiation"
    RADIATION_SUM = "radiation_sum"
    ILLUMINANCE = "illuminance"
    SOIL_MOISTURE = "soil_moisture"
    AIR_SPEED = "air_speed"
    WIND_DIRECTION = "wind_direction"
    RAINFALL = "rainfall"
    STATIC_PRESSURE = "static_pressure"
    MOTION = "motion"
    POWER = "power"
    ENERGY = "energy"
    BATTERY = "battery"
    SIGNAL_STRENGTH = "signal_strength"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantitySpec:
    """The canonical unit of a quantity and the range outside which a value is refused."""

    unit: str
    minimum: float
    maximum: float


def _spec(unit: str, minimum: float, maximum: float) -> QuantitySpec:
    return QuantitySpec(unit=unit, minimum=minimum, maximum=maximum)


SPECS: Mapping[Quantity, QuantitySpec] = MappingProxyType(
    {
        Quantity.TEMPERATURE: _spec("°C", -40, 85),
        Quantity.LEAF_TEMPERATURE: _spec("°C", -40, 85),
        Quantity.RELATIVE_HUMIDITY: _spec("%", 0, 100),
        Quantity.ABSOLUTE_HUMIDITY: _spec("g/m³", 0, 150),
        Quantity.VPD: _spec("kPa", 0, 10),
        Quantity.LEAF_VPD: _spec("kPa", 0, 10),
        Quantity.WATER_LEVEL: _spec("%", 0, 100),
        Quantity.FLOW_RATE: _spec("L/min", 0, 1000),
        Quantity.WATER_TOTAL: _spec("L", 0, 1e9),
        Quantity.FEED_WEIGHT: _spec("kg", -1, 100_000),
        Quantity.WEIGHT: _spec("kg", -1, 100_000),
        Quantity.CO2: _spec("ppm", 0, 20_000),
        Quantity.AMMONIA: _spec("ppm", 0, 500),
        Quantity.PPFD: _spec("µmol m⁻² s⁻¹", 0, 3000),
        Quantity.GLOBAL_RADIATION: _spec("W m⁻²", 0, 2000),
        Quantity.LONGWAVE_RADIATION: _spec("W m⁻²", -500, 800),
        Quantity.RADIATION_SUM: _spec("J cm⁻²", 0, 10_000),
        Quantity.ILLUMINANCE: _spec("lx", 0, 200_000),
        Quantity.SOIL_MOISTURE: _spec("% vol", 0, 100),
        Quantity.AIR_SPEED: _spec("m/s", 0, 60),
        Quantity.WIND_DIRECTION: _spec("°", 0, 360),
        Quantity.RAINFALL: _spec("mm", 0, 500),
        Quantity.STATIC_PRESSURE: _spec("Pa", -200, 200),
        Quantity.MOTION: _spec("0/1", 0, 1),
        Quantity.POWER: _spec("W", 0, 1e6),
        Quantity.ENERGY: _spec("kWh", 0, 1e9),
        Quantity.BATTERY: _spec("%", 0, 100),
        Quantity.SIGNAL_STRENGTH: _spec("dBm", -120, 0),
    }
)


@unique
class Quality(IntEnum):
    """How far a reading can be trusted."""

    GOOD = 0
    ESTIMATED = 1
    INTERPOLATED = 2
    IMPORTED = 3


@unique
class Refusal(StrEnum):
    """Why a value was not taken as a reading."""

    MISSING = "missing"
    NOT_A_NUMBER = "not_a_number"
    INFINITE = "infinite"
    OUT_OF_RANGE = "out_of_range"
    UNKNOWN_QUANTITY = "unknown_quantity"
    BAD_TIME = "bad_time"
    UNKNOWN_DEVICE = "unknown_device"


def check_value(quantity: str, value: object) -> Refusal | None:
    """Return why `value` is no reading of `quantity`, or None where it is one.

    Booleans are refused as numbers except for motion, whose unit is 0/1.
    """
    try:
        spec = SPECS[Quantity(quantity)]
    except ValueError:
        return Refusal.UNKNOWN_QUANTITY
    if value is None or value == "":
        return Refusal.MISSING
    if isinstance(value, bool):
        return None if quantity == Quantity.MOTION else Refusal.NOT_A_NUMBER
    if not isinstance(value, (int, float)):
        return Refusal.NOT_A_NUMBER
    if isinstance(value, float):
        if math.isnan(value):
            return Refusal.NOT_A_NUMBER
        if math.isinf(value):
            return Refusal.INFINITE
    return None if spec.minimum <= value <= spec.maximum else Refusal.OUT_OF_RANGE
