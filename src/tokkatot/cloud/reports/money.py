"""What energy costs: of what the actuators of a house drew, and of what its autopilot saved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import Depends, Query

from tokkatot.climate.control.tariff import FLAT, Factors, weighed_kwh
from tokkatot.climate.physics.units import JOULES_A_KWH
from tokkatot.cloud.devices.model import Device
from tokkatot.cloud.intelligence.model import SavedDay
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.telemetry.equipment_api import each_counted, rated_w
from tokkatot.cloud.telemetry.local_time import hour_edges, hour_of_day
from tokkatot.cloud.telemetry.store import Span
from tokkatot.cloud.telemetry.summary import Integers, Numbers
from tokkatot.cloud.twins.tariffs import TARIFF, InOneLine
from tokkatot.domain.devices import DeviceRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Of kWh, in any money; by a tariff electricity costs so many times it in each hour."""

    electricity_kwh: float
    heat_kwh: float | None = None
    """None: nobody said what heat costs."""
    tariff: Factors | None = None


async def asked_price(
    electricity_kwh: Annotated[
        float | None,
        Query(ge=0, le=1e6, allow_inf_nan=False, description="Its price, in any money."),
    ] = None,
    heat_kwh: Annotated[
        float | None,
        Query(
            ge=0,
            le=1e6,
            allow_inf_nan=False,
            description="What a kWh costs that heats, of gas for example. Without it a day with"
            " heat has no cost; without `electricity_kwh` none has.",
        ),
    ] = None,
    tariff: Annotated[
        InOneLine | None,
        Query(
            description=f"24 numbers separated by commas. {TARIFF} Of a price alone: without"
            " `electricity_kwh` nothing has a cost."
        ),
    ] = None,
) -> Price | None:
    """Return what energy costs, where somebody said it."""
    if electricity_kwh is None:
        return None
    return Price(
        electricity_kwh=electricity_kwh,
        heat_kwh=heat_kwh,
        tariff=None if tariff is None else tuple(tariff),
    )


SomePrice = Annotated[Price | None, Depends(asked_price)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Columns of days; not a number where nobody knows."""

    energy_kwh: Numbers
    heat_kwh: Numbers
    """What of it heaters drew."""
    cost: Numbers


async def drawn(
    tx: Transaction,
    actuators: Sequence[Device],
    span: Span,
    days_ms: Integers,
    price: Price | None,
    zone: ZoneInfo,
) -> Drawn:
    """Return what actuators drew by their rated power between these edges of days.

    With a tariff it is counted hour by hour of the farm's clock, and paid as it was drawn. What
    heaters drew is paid as heat: nobody says of one whether it burns gas.
    """
    rated: dict[UUID, float] = {
        one.id: watts for one in actuators if (watts := rated_w(one)) is not None
    }
    tariff = None if price is None else price.tariff
    edges = days_ms if tariff is None else np.union1d(days_ms, hour_edges(span, zone))
    counted = await each_counted(tx, [one for one in actuators if one.id in rated], span, edges)
    # What cools, too (`hvac`), runs on electricity.
    heats = {one.id for one in actuators if one.role is DeviceRole.HEATER}
    electricity, heat, known_s = np.zeros((3, len(edges) - 1))
    for one, counts in counted:
        kwh = heat if one in heats else electricity
        kwh += counts.load_s * (rated[one] / JOULES_A_KWH)
        known_s += counts.known_s
    factors = 1.0 if tariff is None else np.array(tariff)[hour_of_day(edges[:-1], zone)]
    days = np.searchsorted(edges, days_ms[:-1])
    known = np.where(np.add.reduceat(known_s, days) > 0, 1.0, np.nan)
    heat_kwh = known * np.add.reduceat(heat, days)
    return Drawn(
        energy_kwh=known * np.add.reduceat(electricity, days) + heat_kwh,
        heat_kwh=heat_kwh,
        cost=_costs(known * np.add.reduceat(electricity * factors, days), heat_kwh, price),
    )


def _costs(weighed: Numbers, heat_kwh: Numbers, price: Price | None) -> Numbers:
    """Return what so many kWh at the price of electricity and so many of heat cost, if known."""
    if price is None:
        return np.full(len(weighed), np.nan)
    # No heat costs nothing, whatever its price.
    heat_price = np.nan if price.heat_kwh is None else price.heat_kwh
    return weighed * price.electricity_kwh + np.where(heat_kwh == 0, 0.0, heat_kwh * heat_price)


def savings(saved: SavedDay | None, price: Price | None) -> JsonObject:
    """Return what a day's autopilot saved, and what that would have cost."""
    told = ("saved_kwh", "saved_heat_kwh", "saved", "spared_stress_h")
    if saved is None or saved.saved_kwh is None:
        return dict.fromkeys(told) | {"lacking": "open" if saved is None else saved.lacking}
    worth = None if price is None else _worth(saved, price)
    unpriced = worth if isinstance(worth, str) else None
    return {
        "saved_kwh": saved.saved_kwh,
        "saved_heat_kwh": saved.saved_heat_kwh,
        "saved": None if unpriced else worth,
        "spared_stress_h": saved.spared_stress_h,
        "lacking": unpriced,
    }


def _worth(saved: SavedDay, price: Price) -> float | str:
    """Return what was saved in money, or what is lacking to tell it."""
    by_hour_kwh, heat_kwh = saved.saved_electricity_by_hour_kwh, saved.saved_heat_kwh
    if by_hour_kwh is None or heat_kwh is None:
        return "parts"
    weighed = np.array([weighed_kwh(by_hour_kwh, price.tariff or FLAT)])
    money = float(_costs(weighed, np.array([heat_kwh]), price)[0])
    return round(money, 4) if np.isfinite(money) else "heat_price"
