"""The SQL of screens: a house's card, or whether anything is new, in one question."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tokkatot.cloud.accounts.store import LiveSession
from tokkatot.cloud.alerts.model import Alert
from tokkatot.cloud.farms.model import CropCycle, Farm, Flock, House, Hub, Zone
from tokkatot.cloud.farms.store import SESSION_AND_ROLE, RoleOnFarm, read_session_and_role
from tokkatot.cloud.platform.database import Database
from tokkatot.domain.alerts import AlertState, Severity
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.people import MemberRole

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
# `xmin` is the transaction that wrote a row. Each change of a farm takes a number from the farm's
# row; each batch of a hub moves a cursor; what is so now is told by a row of its own.
_MARK: ColumnElement[str] = literal_column(
    """concat_ws(';', farms.xmin, (
  SELECT string_agg(concat_ws(',', h.xmin, l.xmin, c.xmin), ';' ORDER BY h.id, c.stream, c.epoch)
  FROM hubs h LEFT JOIN live_snapshots l ON l.hub_id = h.id
  LEFT JOIN hub_cursors c ON c.hub_id = h.id WHERE h.farm_id = farms.id
))"""
)
_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy's own
_LOOK = str(SESSION_AND_ROLE.add_columns(_MARK).compile(dialect=_DIALECT)).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Who asks about a farm, and a word that is another one after every commit of news there."""

    session: LiveSession
    role: RoleOnFarm | None
    mark: str


async def look(
    database: Database, farm_id: UUID, session_id: UUID, *, now: datetime
) -> Look | None:
    """Return who asks, and how new it is what there is to tell; None where no session lives.

    Raises:
        psycopg.Error: when the database does not answer.
        TimeoutError: when it does not answer in time.
    """
    row = await database.ask(_LOOK, {"farm": farm_id, "session_id": session_id, "now": now})
    if row is None:
        return None
    user_id, name, is_staff, last_seen_at, there, word, mark = row
    role = None if word is None else MemberRole(word)
    live, on_farm = read_session_and_role(user_id, name, is_staff, last_seen_at, there, role)
    return Look(session=live, role=on_farm, mark=mark)


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
