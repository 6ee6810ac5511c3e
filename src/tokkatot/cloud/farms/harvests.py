"""Decides about harvests: of which crop they are, and what a day of a house brought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.farms.access import FarmAccess
from tokkatot.cloud.farms.changes import farm_changed
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.farms.model import CropCycle, Farm, Harvest
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.newest import newest_first
from tokkatot.cloud.platform.problems import Conflict, NotFound, invalid_field
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.ids import HouseId


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHarvest:
    """What somebody has picked and weighed."""

    picked_on: date | None
    kg: float
    notes: str | None


async def note_harvest(
    tx: Transaction, access: FarmAccess, house_id: HouseId, new: NewHarvest, *, origin: Origin
) -> Harvest:
    """Note a harvest of the crop that stood in a greenhouse that day.

    Raises:
        NotFound: when the farm has no such house.
        Conflict: when it is no greenhouse, or nothing grew in it then.
        Invalid: when the day is still to come.
    """
    house = await house_in(tx, access.farm_id, house_id)
    if house.kind is not HouseKind.GREENHOUSE:
        raise Conflict("conflict", "Only a greenhouse bears a harvest.")
    farm = await tx.session.get_one(Farm, access.farm_id)
    picked_on = new.picked_on or farm.today(tx.now)
    if picked_on > farm.today(tx.now):
        raise invalid_field("body.picked_on", "in_future", "This day is still to come.")
    crop = await _crop_on(tx.session, house_id, picked_on)
    if crop is None:
        raise Conflict("conflict", "Nothing grew in this greenhouse on that day.")
    harvest = Harvest(
        id=tx.new_id(),
        house_id=house_id,
        crop_cycle_id=crop.id,
        picked_on=picked_on,
        kg=new.kg,
        notes=new.notes,
        noted_by=access.caller.user_id,
        created_at=tx.now,
        deleted_at=None,
    )
    tx.session.add(harvest)
    await tx.session.flush()
    _tell(tx, access, harvest, "harvest.noted", origin)
    return harvest


async def take_back(
    tx: Transaction, access: FarmAccess, house_id: HouseId, harvest_id: UUID, *, origin: Origin
) -> None:
    """Take back what was noted by mistake.

    Raises:
        NotFound: when the house has no such harvest.
    """
    await house_in(tx, access.farm_id, house_id)
    harvest = await tx.session.get(Harvest, harvest_id)
    if harvest is None or harvest.house_id != house_id or harvest.deleted_at is not None:
        raise NotFound("harvest")
    harvest.deleted_at = tx.now
    _tell(tx, access, harvest, "harvest.deleted", origin)


async def harvests_of(
    session: AsyncSession, house_id: UUID, *, after: tuple[date, UUID] | None, limit: int
) -> Sequence[Harvest]:
    """Return the harvests of a house, the newest first."""
    rows = select(Harvest).where(Harvest.house_id == house_id, Harvest.deleted_at.is_(None))
    return await newest_first(
        session, rows, (Harvest.picked_on, Harvest.id), after=after, limit=limit
    )


async def picked(
    session: AsyncSession, house_id: UUID, first: date, last: date
) -> Mapping[date, float]:
    """Return how many kg each day brought; a day of which nobody noted anything is left out."""
    rows = await session.execute(
        select(Harvest.picked_on, func.sum(Harvest.kg))
        .where(
            Harvest.house_id == house_id,
            Harvest.deleted_at.is_(None),
            Harvest.picked_on.between(first, last),
        )
        .group_by(Harvest.picked_on)
    )
    return {day: float(kg) for day, kg in rows}


async def _crop_on(session: AsyncSession, house_id: UUID, day: date) -> CropCycle | None:
    """Return what grew on a day; of a crop that made room for the next one, the next."""
    found: CropCycle | None = await session.scalar(
        select(CropCycle)
        .where(
            CropCycle.house_id == house_id,
            CropCycle.deleted_at.is_(None),
            CropCycle.planted_on <= day,
            CropCycle.ended_on.is_(None) | (CropCycle.ended_on >= day),
        )
        .order_by(CropCycle.planted_on.desc())
        .limit(1)
    )
    return found


def _tell(
    tx: Transaction, access: FarmAccess, harvest: Harvest, event: str, origin: Origin
) -> None:
    audit.record(
        tx,
        event,
        farm_id=access.farm_id,
        house_id=harvest.house_id,
        user_id=access.caller.user_id,
        data={"kg": harvest.kg, "picked_on": harvest.picked_on.isoformat()},
        origin=origin,
    )
    farm_changed(tx, access.farm_id, "crop", harvest.crop_cycle_id)
