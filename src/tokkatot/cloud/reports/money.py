"""What energy costs: of what the actuators of a house drew, and of what its autopilot saved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import Depends, Query

from tokkatot.climate.control.tariff import Factors, weighed_kwh
from tokkatot.climate.physics.units import JOULES_A_KWH
from tokkatot.cloud.devices.model import Device
from tokkatot.cloud.intelligence.model import SavedDay
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.telemetry.equipment_api import counts_of, rated_w
from tokkatot.cloud.telemetry.local_time import hour_edges, hour_of_day
from tokkatot.cloud.telemetry.store import Span
from tokkatot.cloud.telemetry.summary import Integers, Numbers
from tokkatot.cloud.twins.tariffs import TARIFF, InOneLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Of a kWh, in any money, and so many times of it in each hour of the day; None: in all."""

    kwh: float
    tariff: Factors | None


async def asked_price(
    electricity_kwh: Annotated[
        float | None,
        Query(ge=0, le=1e6, allow_inf_nan=False, description="Its price, in any money."),
    ] = None,
    tariff: Annotated[
        InOneLine | None,
        Query(
            description=f"24 numbers separated by commas. {TARIFF} Of a price alone: without"
            " `electricity_kwh` nothing has a cost."
        ),
    ] = None,
) -> Price | None:
    """Return what a kWh costs, where somebody said it."""
    if electricity_kwh is None:
        return None
    return Price(kwh=electricity_kwh, tariff=None if tariff is None else tuple(tariff))


SomePrice = Annotated[Price | None, Depends(asked_price)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Columns of days; not a number where nobody knows."""

    energy_kwh: Numbers
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

    With a tariff it is counted hour by hour of the farm's clock, and paid as it was drawn.
    """
    rated: dict[UUID, float] = {
        one.id: watts for one in actuators if (watts := rated_w(one)) is not None
    }
    tariff = None if price is None else price.tariff
    edges = days_ms if tariff is None else np.union1d(days_ms, hour_edges(span, zone))
    counts = await counts_of(tx, [one for one in actuators if one.id in rated], span, edges)
    kwh, known_s = np.zeros((2, len(edges) - 1))
    for one, watts in rated.items():
        kwh += counts[one].load_s * (watts / JOULES_A_KWH)
        known_s += counts[one].known_s
    factors = 1.0 if tariff is None else np.array(tariff)[hour_of_day(edges[:-1], zone)]
    days = np.searchsorted(edges, days_ms[:-1])
    known = np.add.reduceat(known_s, days) > 0
    paid = np.nan if price is None else price.kwh
    return Drawn(
        energy_kwh=np.where(known, np.add.reduceat(kwh, days), np.nan),
        cost=np.where(known, paid * np.add.reduceat(kwh * factors, days), np.nan),
    )


def savings(saved: SavedDay | None, price: Price | None) -> JsonObject:
    """Return what a day's autopilot saved, and what that would have cost."""
    if saved is None or saved.saved_kwh is None:
        lacking = "open" if saved is None else saved.lacking
        return {"saved_kwh": None, "saved": None, "spared_stress_h": None, "lacking": lacking}
    money = None if price is None else _money(saved, saved.saved_kwh, price)
    return {
        "saved_kwh": saved.saved_kwh,
        "saved": money,
        "spared_stress_h": saved.spared_stress_h,
        "lacking": "hours" if price is not None and money is None else None,
    }


def _money(saved: SavedDay, kwh: float, price: Price) -> float | None:
    if price.tariff is None:
        return round(kwh * price.kwh, 4)
    if saved.saved_by_hour_kwh is None:
        return None
    return round(weighed_kwh(saved.saved_by_hour_kwh, price.tariff) * price.kwh, 4)
