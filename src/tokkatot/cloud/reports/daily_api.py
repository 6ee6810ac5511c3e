"""The route that tells what each day of a house was like and what it cost."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import APIRouter
from pydantic import Field

from tokkatot.cloud.devices import store as device_store
from tokkatot.cloud.farms import harvests
from tokkatot.cloud.farms.access import CanSee
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.farms.service import farm_in
from tokkatot.cloud.intelligence import store as intelligence_store
from tokkatot.cloud.intelligence.model import SavedDay, TwinDay
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.schemas import View
from tokkatot.cloud.reports.growth import AheadView, GrowthView, growth_of
from tokkatot.cloud.reports.money import SomePrice, drawn, savings
from tokkatot.cloud.telemetry.access import Stored
from tokkatot.cloud.telemetry.asking import SomePeriod
from tokkatot.cloud.telemetry.daily import days_of
from tokkatot.cloud.telemetry.equipment_api import rated_w
from tokkatot.cloud.telemetry.summary import Numbers
from tokkatot.domain.desired import MAX_DEVICES
from tokkatot.domain.devices import ACTUATORS
from tokkatot.domain.ids import HouseId
from tokkatot.kit.clock import from_ms

router = APIRouter(prefix="/v1/farms/{farm}/houses/{house}/analytics", tags=["reports"])

_USUAL: Final = timedelta(days=30)
_LONGEST: Final = timedelta(days=366)


Lacking = Literal["weather", "fit", "decisions", "twin", "open", "parts", "heat_price"]


class DayView(View):
    """A day by the farm's clock; null is what nobody measured."""

    start: datetime = Field(serialization_alias="from")
    temperature_c: float | None
    temperature_min_c: float | None
    temperature_max_c: float | None
    humidity_percent: float | None
    vpd_kpa: float | None
    twin_temperature_c: float | None = Field(
        description="What the fitted twin had of temperature that day, under what the house did."
    )
    twin_off_k: float | None = Field(
        description="By how much it was off what was measured (root mean square); null: of that"
        " day it was not reckoned, or too little was recorded."
    )
    weight_kg: float | None = Field(description="What the house's scales showed on average.")
    yield_kg: float | None = Field(description="What was picked, as somebody noted it.")
    predicted_kg: float | None = Field(
        description="What the twin had foretold of that weight or yield, when it looked farthest"
        " ahead."
    )
    predicted_on: date | None = Field(description="The day on which it did.")
    energy_kwh: float | None = Field(
        description="By the rated power in `specs.power_w` and the level of each actuator; null"
        " where none of them was heard all day."
    )
    heat_kwh: float | None = Field(
        description="What of that energy devices of the role `heater` drew."
    )
    cost: float | None = Field(
        description="Of that energy, where the prices of all of it were given, in each hour."
    )
    saved_kwh: float | None = Field(
        description="What the house's own rules would have drawn in the same weather, less what"
        " they drew with set-points as its autopilot held them; both by the fitted twin."
    )
    saved_heat_kwh: float | None = Field(
        description="What of it is heat; the rest is electricity. Null: nobody kept it."
    )
    saved: float | None = Field(description="What that would have cost, in each hour.")
    spared_stress_h: float | None = Field(description="Hours of heat stress, told apart alike.")
    lacking: Lacking | None = Field(
        description="Why nothing is told of savings: no `weather` station, no `fit`, no"
        " `decisions`, a `twin` that failed, or a day that is `open`: not over or not reckoned;"
        " or why they have no price: of that day nobody kept the `parts`, its electricity by the"
        " hour and its heat, or nobody gave a `heat_price`."
    )


class DaysView(View):
    """Days of a house, the oldest first."""

    items: list[DayView]
    unrated: list[UUID] = Field(description="Actuators whose energy nobody can tell.")
    growth: GrowthView | None = Field(
        description="What is foretold of the days to come; null where nothing is yet."
    )


@router.get("/daily")
async def daily(
    house: UUID,
    access: CanSee,
    tx: Tx,
    stored: Stored,
    period: SomePeriod,
    price: SomePrice,
) -> DaysView:
    """Return climate, weight, energy, cost and savings of each day of a house."""
    found = await house_in(tx, access.farm_id, HouseId(house))
    zone = ZoneInfo((await farm_in(tx, access.farm_id)).time_zone)
    span = period.past(tx.now, usual=_USUAL, longest=_LONGEST)
    rows = await device_store.devices_of(
        tx.session, access.farm_id, house_id=found.id, limit=MAX_DEVICES
    )
    devices = [row.device for row in rows]
    days = await days_of(tx.session, stored, found, devices, span, zone)
    actuators = [one for one in devices if one.role in ACTUATORS]
    energy = await drawn(tx, actuators, span, days.edges_ms, price, zone)
    columns: dict[str, Numbers] = {
        "temperature_c": days.temperature_c,
        "temperature_min_c": days.temperature_min_c,
        "temperature_max_c": days.temperature_max_c,
        "humidity_percent": days.humidity_percent,
        "vpd_kpa": days.vpd_kpa,
        "weight_kg": days.weight_kg,
        "energy_kwh": energy.energy_kwh,
        "heat_kwh": energy.heat_kwh,
        "cost": energy.cost,
    }
    starts = [from_ms(start_ms) for start_ms in days.edges_ms[:-1].tolist()]
    dates = [start.astimezone(zone).date() for start in starts]
    saved = await _saved(tx, found.id, starts, zone)
    lived = await _lived(tx, found.id, starts, zone)
    picked = await harvests.picked(tx.session, found.id, dates[0], dates[-1])
    today = tx.now.astimezone(zone).date()
    growth = await growth_of(tx.session, found, dates[0], dates[-1], today)
    return DaysView(
        items=[
            DayView.model_validate(
                {"start": start}
                | {name: _or_none(values[day]) for name, values in columns.items()}
                | savings(saved.get(start), price)
                | _by_twin(lived.get(start))
                | {"yield_kg": picked.get(dates[day])}
                | _predicted(growth.told.get(dates[day]))
            )
            for day, start in enumerate(starts)
        ],
        unrated=[one.id for one in actuators if rated_w(one) is None],
        growth=growth.now,
    )


def _or_none(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


async def _saved(
    tx: Transaction, house_id: UUID, starts: Sequence[datetime], zone: ZoneInfo
) -> Mapping[datetime, SavedDay]:
    """Return what was reckoned, by when its day began; of a part of a day nothing is known."""
    first, last = (start.astimezone(zone).date() for start in (starts[0], starts[-1]))
    rows = await intelligence_store.saved_days(tx.session, [house_id], first, last)
    return {datetime.combine(row.day, time.min, zone): row for row in rows}


async def _lived(
    tx: Transaction, house_id: UUID, starts: Sequence[datetime], zone: ZoneInfo
) -> Mapping[datetime, TwinDay]:
    """Return how far the twin was off, by when its day began."""
    first, last = (start.astimezone(zone).date() for start in (starts[0], starts[-1]))
    rows = await intelligence_store.twin_days(tx.session, [house_id], first, last)
    return {datetime.combine(row.day, time.min, zone): row for row in rows}


def _by_twin(day: TwinDay | None) -> JsonObject:
    if day is None:
        return {"twin_temperature_c": None, "twin_off_k": None}
    return {"twin_temperature_c": day.air_c, "twin_off_k": day.off_k}


def _predicted(told: AheadView | None) -> JsonObject:
    if told is None:
        return {"predicted_kg": None, "predicted_on": None}
    return {"predicted_kg": told.kg, "predicted_on": told.told_on}
