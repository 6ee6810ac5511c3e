"""What was foretold of the growth in a house, beside what came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.model import CropCycle, Flock, House
from tokkatot.cloud.intelligence import store
from tokkatot.cloud.intelligence.model import FORETOLD_DAYS, Foretold, Prediction
from tokkatot.cloud.platform.schemas import View
from tokkatot.domain.houses import HouseKind

Unforetold = Literal["weather", "twin", "hens", "crop", "area"]


class AheadView(View):
    """A day that comes, or is not over."""

    on: date
    kg: float
    told_on: date


class GrowthView(View):
    """What is foretold of whoever lives in a house now."""

    quantity: Foretold = Field(description="The `weight` of a bird, or the `yield` of each day.")
    told_on: date
    fitted: bool = Field(description="Whether by a twin that was fitted to the house.")
    foretold_hours: int | None = Field(
        description="Hours of weather that somebody foretold; the others are as is usual here, or"
        " as the last days were."
    )
    lacking: Unforetold | None = Field(
        description="Why nothing is foretold: too little `weather` is known, the `twin` failed, it"
        " knows no `hens` or not this `crop`, or the house's `area` is not said."
    )
    ahead: list[AheadView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What was foretold, day by day, and what is foretold now."""

    told: dict[date, AheadView]
    """Of each day by whoever looked farthest ahead."""
    now: GrowthView | None


async def growth_of(
    session: AsyncSession, house: House, first: date, last: date, today: date
) -> Growth:
    """Return what was foretold of some days, and of those that come."""
    rows = await store.predictions(session, house.id, first - timedelta(days=FORETOLD_DAYS), today)
    kind = Flock if house.kind is HouseKind.COOP else CropCycle
    ended = {
        cycle.id: cycle.ended_on
        for cycle in await farms_store.cycles_by_id(session, kind, {row.cycle_id for row in rows})
    }
    told: dict[date, AheadView] = {}
    for row in rows:
        for one in _days(row):
            over = ended.get(row.cycle_id, row.made_on)
            if first <= one.on <= last and (over is None or one.on <= over):
                told.setdefault(one.on, one)
    living = [row for row in rows if row.cycle_id in ended and ended[row.cycle_id] is None]
    return Growth(told=told, now=_now(living, today))


def _now(living: Sequence[Prediction], today: date) -> GrowthView | None:
    if not living:
        return None
    newest = living[-1]
    return GrowthView.model_validate(
        {
            "quantity": newest.quantity,
            "told_on": newest.made_on,
            "fitted": newest.fitted,
            "foretold_hours": newest.foretold_hours,
            "lacking": newest.lacking,
            "ahead": [one for one in _days(newest) if one.on >= today],
        }
    )


def _days(row: Prediction) -> list[AheadView]:
    return [
        AheadView(on=row.made_on + timedelta(days=number), kg=kg, told_on=row.made_on)
        for number, kg in enumerate(row.kg or [])
    ]
