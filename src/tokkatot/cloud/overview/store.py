"""The SQL of screens: all that a house's card needs, in one question."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, bindparam, func, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tokkatot.cloud.alerts.model import Alert
from tokkatot.cloud.farms.model import CropCycle, Farm, Flock, House, Hub, Zone
from tokkatot.domain.alerts import AlertState, Severity
from tokkatot.domain.houses import HouseKind

MOST_HOUSES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseSeen:
    """A house with what is in it; `hub` is its own, else the farm's, `severities` what stands."""

    house: House
    zones: Sequence[str]
    hub: Hub | None
    flock: Flock | None
    crop: CropCycle | None
    severities: Sequence[Severity]


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmSeen:
    """A farm with its houses, in the order of their numbers."""

    farm: Farm
    houses: Sequence[HouseSeen]


_ZONES = (
    select(func.array_agg(aggregate_order_by(Zone.name, Zone.name)))
    .where(Zone.house_id == House.id)
    .scalar_subquery()
)
_SEVERITIES = (
    select(func.array_agg(Alert.severity.distinct()))
    .where(
        Alert.farm_id == House.farm_id,
        Alert.house_id == House.id,
        Alert.state != AlertState.NORMAL,
        Alert.cleared_at.is_(None),
    )
    .scalar_subquery()
)
_SERVING = aliased(
    Hub,
    select(Hub)
    .where(
        Hub.farm_id == House.farm_id,
        Hub.revoked_at.is_(None),
        (Hub.house_id == House.id) | Hub.house_id.is_(None),
    )
    .order_by(Hub.house_id.is_(None), Hub.id.desc())
    .limit(1)
    .lateral(),
)
_FARM = (
    select(Farm, House, _SERVING, Flock, CropCycle, _ZONES, _SEVERITIES)
    .outerjoin(House, and_(House.farm_id == Farm.id, House.deleted_at.is_(None)))
    .outerjoin(_SERVING, true())
    .outerjoin(
        Flock,
        and_(
            House.kind == HouseKind.COOP,
            Flock.house_id == House.id,
            Flock.cleared_on.is_(None),
            Flock.deleted_at.is_(None),
        ),
    )
    .outerjoin(
        CropCycle,
        and_(
            House.kind == HouseKind.GREENHOUSE,
            CropCycle.house_id == House.id,
            CropCycle.ended_on.is_(None),
            CropCycle.deleted_at.is_(None),
        ),
    )
    .where(Farm.id == bindparam("farm"))
    .order_by(House.number)
    .limit(MOST_HOUSES)
    .execution_options(populate_existing=True)
)
_ONE_HOUSE = _FARM.where(House.id == bindparam("house"))


async def farm_seen(session: AsyncSession, farm_id: UUID) -> FarmSeen:
    """Return a farm, which must be there, with all of its houses."""
    rows = (await session.execute(_FARM, {"farm": farm_id})).all()
    return FarmSeen(farm=rows[0][0], houses=[_seen(*row[1:]) for row in rows if row[1] is not None])


async def house_seen(session: AsyncSession, farm_id: UUID, house_id: UUID) -> FarmSeen | None:
    """Return a farm with one of its houses; None where it has no such house."""
    row = (await session.execute(_ONE_HOUSE, {"farm": farm_id, "house": house_id})).one_or_none()
    return None if row is None else FarmSeen(farm=row[0], houses=[_seen(*row[1:])])


def _seen(
    house: House,
    hub: Hub | None,
    flock: Flock | None,
    crop: CropCycle | None,
    zones: Sequence[str] | None,
    severities: Sequence[Severity] | None,
) -> HouseSeen:
    return HouseSeen(
        house=house,
        zones=zones or [],
        hub=hub,
        flock=flock,
        crop=crop,
        severities=severities or [],
    )
