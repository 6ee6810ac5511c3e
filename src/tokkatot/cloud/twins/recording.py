"""What a house went through, from the store, as the file that a fit reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from tokkatot.climate.control.held import LIT_FROM_H, LIT_UNTIL_H
from tokkatot.climate.physics.known import COOPS
from tokkatot.climate.physics.known import House as KnownHouse
from tokkatot.cloud.devices.model import Device
from tokkatot.cloud.farms.model import Farm, House
from tokkatot.cloud.jobs.problems import Unanswerable
from tokkatot.cloud.jobs.reasons import Reason
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.telemetry.local_time import hour_of_day
from tokkatot.cloud.telemetry.store import Readings, Span
from tokkatot.cloud.telemetry.summary import Integers, Numbers
from tokkatot.cloud.twins.recorded import (
    LONGEST_GAP_S,
    Known,
    filled,
    inside,
    longest_run,
    moved,
    steps_of,
    weather,
)
from tokkatot.domain.devices import DeviceRole
from tokkatot.domain.quantities import Quantity
from tokkatot.kit.clock import from_ms

PERIOD_S: Final = 900
_WEATHER: Final[Mapping[str, Quantity]] = {
    "radiation_w_m2": Quantity.GLOBAL_RADIATION,
    "outdoor_c": Quantity.TEMPERATURE,
    "outdoor_humidity_pct": Quantity.RELATIVE_HUMIDITY,
    "wind_m_s": Quantity.AIR_SPEED,
}
_NEEDED: Final = ("radiation_w_m2", "outdoor_c", "outdoor_humidity_pct")
_READ: Final[Mapping[str, Quantity]] = {
    "air_c": Quantity.TEMPERATURE,
    "humidity_pct": Quantity.RELATIVE_HUMIDITY,
    "co2_ppm": Quantity.CO2,
}
_GREENHOUSE: Final[Mapping[DeviceRole, str]] = {
    DeviceRole.HEATER: "heating",
    DeviceRole.HVAC: "heating",
    DeviceRole.CO2_VALVE: "co2",
    DeviceRole.VENT: "roof_vents",
    DeviceRole.SCREEN: "shade",
    DeviceRole.LIGHT: "lamps",
    DeviceRole.FAN: "fans",
    DeviceRole.COOLING_PAD: "pad",
    DeviceRole.FOGGER: "fog",
}
_COOP: Final[Mapping[DeviceRole, str]] = {
    DeviceRole.HEATER: "heaters",
    DeviceRole.HVAC: "heaters",
    DeviceRole.VENT: "inlets",
    DeviceRole.LIGHT: "light",
    DeviceRole.FAN: "fans",
    DeviceRole.COOLING_PAD: "pad",
    DeviceRole.FOGGER: "fog",
}
LEAST_INLET: Final = 0.05
FEWEST_ROWS: Final = 2
TOO_SHORT: Final = (
    "The weather, and what the actuators of the house did, were not recorded together for half an"
    " hour yet: wait for some days of both."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Columns of even steps by the names of the file, from a moment on."""

    start: datetime
    columns: Mapping[str, Numbers]

    @property
    def rows(self) -> int:
        """Return how many steps there are."""
        return len(self.columns["outdoor_c"])

    def lines(self) -> Iterator[str]:
        """Yield the file; an empty cell is what nobody measured."""
        yield ",".join(("time_s", *self.columns))
        for row in range(self.rows):
            cells = [f"{values[row]:.6g}" for values in self.columns.values()]
            told = ["" if cell == "nan" else cell for cell in cells]
            yield ",".join((str(row * PERIOD_S), *told))


async def recorded(
    tx: Transaction,
    readings: Readings,
    house: House,
    known: KnownHouse,
    devices: Sequence[Device],
    span: Span,
) -> Recorded:
    """Return the longest stretch of a time in which weather and actuators are known throughout.

    Raises:
        Unanswerable: where the farm has recorded too little of it.
    """
    sky = await weather(tx.session, readings, house.farm_id, span, PERIOD_S)
    shown = await inside(tx.session, readings, house.id, span, PERIOD_S)
    named = _COOP if known in COOPS else _GREENHOUSE
    levels = await moved(tx.session, devices, named, span, PERIOD_S, now=tx.now)
    outside = _named(sky, _WEATHER)
    lacking = [name for name in _NEEDED if name not in outside]
    if lacking:
        quantity = _WEATHER[lacking[0]]
        raise Unanswerable(
            f"No weather station of the farm has measured {quantity}.",
            Reason("no_weather", {"quantity": quantity.value}),
        )
    if not shown:
        raise Unanswerable(
            "Nothing was measured in the house over this time.", Reason("nothing_inside")
        )
    held = {
        name: filled(values, most=LONGEST_GAP_S // PERIOD_S) for name, values in outside.items()
    }
    actuators = _actuators(known, levels)
    if not actuators:
        raise Unanswerable("No actuator of the house has said what it did.", Reason("no_actuator"))
    if known in COOPS and "light" not in actuators:
        farm = await tx.session.get_one(Farm, house.farm_id)
        actuators["light"] = _usual_light(steps_of(span, PERIOD_S), farm.time_zone)
    whole = np.logical_and.reduce(
        [np.isfinite(one) for one in (*held.values(), *actuators.values())]
    )
    kept = longest_run(whole)
    if kept.stop - kept.start < FEWEST_ROWS:
        raise Unanswerable(TOO_SHORT, Reason("too_short"))
    columns = {**held, **_named(shown, _READ), **actuators}
    return Recorded(
        start=from_ms(int(steps_of(span, PERIOD_S)[kept.start])),
        columns={name: values[kept] for name, values in columns.items()},
    )


def _usual_light(steps_ms: Integers, time_zone: str) -> Numbers:
    """Return when birds without a lamp are awake: as the twin has them under its hub's rules."""
    hours = hour_of_day(steps_ms, ZoneInfo(time_zone))
    return np.where((hours >= LIT_FROM_H) & (hours < LIT_UNTIL_H), 1.0, 0.0)


def _named(known: Known, names: Mapping[str, Quantity]) -> dict[str, Numbers]:
    return {name: known[quantity] for name, quantity in names.items() if quantity in known}


def _actuators(known: KnownHouse, levels: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """Return what a model of the house's kind is told of its actuators."""
    found = dict(levels)
    if known not in COOPS:
        return found
    if known is KnownHouse.TUNNEL:
        if "fans" in found and "inlets" not in found:
            # Inlets without a drive of their own are drawn open by the fans.
            found["inlets"] = np.maximum(found["fans"], LEAST_INLET)
        return found
    if "inlets" in found:
        found["curtains"] = found.pop("inlets")
    elif found:
        # Curtains without a drive hang open, as the twin under its hub's rules has them at rest.
        found["curtains"] = np.ones_like(next(iter(found.values())))
    if "fans" in found:
        # What an open house has of fans stirs its air.
        found["stir"] = found.pop("fans")
    return found
