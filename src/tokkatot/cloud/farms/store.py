"""The SQL of farms."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, literal, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.accounts.model import User
from tokkatot.cloud.accounts.store import LIVE_SESSION, LiveSession
from tokkatot.cloud.farms.model import (
    CropCycle,
    Farm,
    FarmMember,
    Flock,
    House,
    HouseCycle,
    Hub,
    Zone,
)
from tokkatot.cloud.platform.newest import newest_first
from tokkatot.domain.houses import HouseKind
from tokkatot.domain.people import MemberRole

Cycle = TypeVar("Cycle", bound=HouseCycle)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleOnFarm:
    """A farm that exists, with the role that a person has there (None: a stranger)."""

    role: MemberRole | None


_ROLE = (
    select(Farm.id, FarmMember.role)
    .outerjoin(
        FarmMember,
        and_(FarmMember.farm_id == Farm.id, FarmMember.user_id == bindparam("user")),
    )
    .where(Farm.id == bindparam("farm"), Farm.deleted_at.is_(None))
)
SESSION_AND_ROLE = (
    LIVE_SESSION.add_columns(Farm.id, FarmMember.role)
    .outerjoin(Farm, and_(Farm.id == bindparam("farm"), Farm.deleted_at.is_(None)))
    .outerjoin(FarmMember, and_(FarmMember.farm_id == Farm.id, FarmMember.user_id == User.id))
)
"""What `read_session_and_role` reads, for a `farm` and a `session_id` at `now`."""


async def role_on_farm(session: AsyncSession, farm_id: UUID, user_id: UUID) -> RoleOnFarm | None:
    """Return a person's role on a farm, or None where there is no such farm."""
    found = await session.execute(_ROLE, {"farm": farm_id, "user": user_id})
    row = found.one_or_none()
    return None if row is None else RoleOnFarm(role=row[1])


async def session_and_role(
    session: AsyncSession, farm_id: UUID, session_id: UUID, *, now: datetime
) -> tuple[LiveSession | None, RoleOnFarm | None]:
    """Return a session that lives, and its person's role on a farm, each None where it is not."""
    found = await session.execute(
        SESSION_AND_ROLE, {"farm": farm_id, "session_id": session_id, "now": now}
    )
    row = found.one_or_none()
    return (None, None) if row is None else read_session_and_role(*row)


def read_session_and_role(
    user_id: UUID,
    name: str,
    is_staff: bool,  # noqa: FBT001 - a column
    last_seen_at: datetime,
    farm_id: UUID | None,
    role: MemberRole | None,
) -> tuple[LiveSession, RoleOnFarm | None]:
    """Return what a row tells: a session that lives, and its person's role on a farm."""
    live = LiveSession(user_id=user_id, name=name, is_staff=is_staff, last_seen_at=last_seen_at)
    return live, None if farm_id is None else RoleOnFarm(role=role)


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmRow:
    """A farm with a person's role on it and its houses counted."""

    farm: Farm
    role: MemberRole | None
    coop_count: int
    house_count: int


_COUNTS = (
    select(
        func.count().label("houses"),
        func.count().filter(House.kind == HouseKind.COOP).label("coops"),
    )
    .where(House.farm_id == Farm.id, House.deleted_at.is_(None))
    .lateral()
)
_FARMS_AND_ROLES = (
    select(Farm, FarmMember.role, _COUNTS.c.coops, _COUNTS.c.houses)
    .where(Farm.deleted_at.is_(None))
    .order_by(Farm.id.desc())
    .limit(bindparam("limit"))
)
_MEMBERSHIP = and_(FarmMember.farm_id == Farm.id, FarmMember.user_id == bindparam("user"))
_FARMS = _FARMS_AND_ROLES.join(FarmMember, _MEMBERSHIP, isouter=True).join(_COUNTS, true())
_FARMS_OF_MEMBER = _FARMS_AND_ROLES.join(FarmMember, _MEMBERSHIP).join(_COUNTS, true())


async def farms_seen_by(
    session: AsyncSession,
    user_id: UUID,
    *,
    all_farms: bool,
    before: UUID | None,
    limit: int,
    only: UUID | None = None,
) -> list[FarmRow]:
    """Return the farms of a person (or all of them, for staff), newest first."""
    statement = _FARMS if all_farms else _FARMS_OF_MEMBER
    if before is not None:
        statement = statement.where(Farm.id < before)
    if only is not None:
        statement = statement.where(Farm.id == only)
    rows = await session.execute(statement, {"user": user_id, "limit": limit})
    return [
        FarmRow(farm=farm, role=role, coop_count=coops, house_count=houses)
        for farm, role, coops, houses in rows
    ]


async def farm_ids_of(session: AsyncSession, user_id: UUID) -> Sequence[UUID]:
    """Return the farms of which a person is a member."""
    return (
        await session.scalars(
            select(Farm.id)
            .join(FarmMember, FarmMember.farm_id == Farm.id)
            .where(FarmMember.user_id == user_id, Farm.deleted_at.is_(None))
        )
    ).all()


async def founded_count(session: AsyncSession, user_id: UUID) -> int:
    """Return how many farms a person made and still owns."""
    return (
        await session.scalar(
            select(func.count())
            .select_from(FarmMember)
            .join(Farm, Farm.id == FarmMember.farm_id)
            .where(
                FarmMember.user_id == user_id,
                FarmMember.role == MemberRole.OWNER,
                FarmMember.invited_by.is_(None),
                Farm.deleted_at.is_(None),
            )
        )
    ) or 0


async def farm_by_id(session: AsyncSession, farm_id: UUID) -> Farm | None:
    """Return a farm that has not been deleted."""
    return await session.scalar(select(Farm).where(Farm.id == farm_id, Farm.deleted_at.is_(None)))


async def all_farms(session: AsyncSession, *, limit: int) -> Sequence[Farm]:
    """Return the farms by their names."""
    statement = select(Farm).where(Farm.deleted_at.is_(None)).order_by(Farm.name, Farm.id)
    return (await session.scalars(statement.limit(limit))).all()


async def lock_farm(session: AsyncSession, farm_id: UUID) -> None:
    """Let one transaction at a time decide how many of what a farm has."""
    await session.execute(select(func.pg_advisory_xact_lock(_lock_key(farm_id))))


def _lock_key(farm_id: UUID) -> int:
    return (farm_id.int & ((1 << 63) - 1)) ^ 0x6D656D62


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """A membership with its person."""

    member: FarmMember
    user: User


async def members_of(
    session: AsyncSession, farm_id: UUID, *, after: UUID | None, limit: int
) -> list[MemberRow]:
    """Return the members of a farm in the order of their ids."""
    statement = (
        select(FarmMember, User)
        .join(User, User.id == FarmMember.user_id)
        .where(FarmMember.farm_id == farm_id, User.deleted_at.is_(None))
    )
    if after is not None:
        statement = statement.where(FarmMember.user_id > after)
    rows = await session.execute(statement.order_by(FarmMember.user_id).limit(limit))
    return [MemberRow(member=member, user=user) for member, user in rows]


async def member(session: AsyncSession, farm_id: UUID, user_id: UUID) -> MemberRow | None:
    """Return one membership."""
    row = (
        await session.execute(
            select(FarmMember, User)
            .join(User, User.id == FarmMember.user_id)
            .where(
                FarmMember.farm_id == farm_id,
                FarmMember.user_id == user_id,
                User.deleted_at.is_(None),
            )
        )
    ).one_or_none()
    return None if row is None else MemberRow(member=row[0], user=row[1])


async def owner_count(session: AsyncSession, farm_id: UUID) -> int:
    """Return how many owners a farm has."""
    return (
        await session.scalar(
            select(func.count())
            .select_from(FarmMember)
            .join(User, User.id == FarmMember.user_id)
            .where(
                FarmMember.farm_id == farm_id,
                FarmMember.role == MemberRole.OWNER,
                User.deleted_at.is_(None),
            )
        )
    ) or 0


async def houses_of(
    session: AsyncSession, farm_id: UUID, *, after_number: int | None = None, limit: int = 1000
) -> Sequence[House]:
    """Return the houses of a farm in the order of their numbers."""
    statement = select(House).where(House.farm_id == farm_id, House.deleted_at.is_(None))
    if after_number is not None:
        statement = statement.where(House.number > after_number)
    return (await session.scalars(statement.order_by(House.number).limit(limit))).all()


async def house_by_id(session: AsyncSession, farm_id: UUID, house_id: UUID) -> House | None:
    """Return a house of a farm."""
    return await session.scalar(
        select(House).where(
            House.id == house_id, House.farm_id == farm_id, House.deleted_at.is_(None)
        )
    )


async def house_number_taken(session: AsyncSession, farm_id: UUID, number: int) -> bool:
    """Tell whether a house of the farm has this number."""
    found = await session.scalar(
        select(House.id).where(
            House.farm_id == farm_id, House.number == number, House.deleted_at.is_(None)
        )
    )
    return found is not None


async def next_house_number(session: AsyncSession, farm_id: UUID) -> int:
    """Return the number after the highest."""
    highest = await session.scalar(
        select(func.max(House.number)).where(House.farm_id == farm_id, House.deleted_at.is_(None))
    )
    return (highest or 0) + 1


async def zones_of(session: AsyncSession, house_id: UUID) -> Sequence[Zone]:
    """Return the zones of a house by name."""
    return (
        await session.scalars(select(Zone).where(Zone.house_id == house_id).order_by(Zone.name))
    ).all()


async def zone_names(session: AsyncSession, house_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Return the names of the zones of some houses."""
    names: dict[UUID, list[str]] = {house_id: [] for house_id in house_ids}
    rows = await session.execute(
        select(Zone.house_id, Zone.name).where(Zone.house_id.in_(house_ids)).order_by(Zone.name)
    )
    for house_id, name in rows:
        names[house_id].append(name)
    return names


async def open_cycles(
    session: AsyncSession, kind: type[Cycle], house_ids: Sequence[UUID]
) -> dict[UUID, Cycle]:
    """Return the flocks, or the crops, that are in some houses now."""
    found = await session.scalars(
        select(kind).where(
            kind.house_id.in_(house_ids), kind.ended_on.is_(None), kind.deleted_at.is_(None)
        )
    )
    return {cycle.house_id: cycle for cycle in found}


async def flocks_over(
    session: AsyncSession, house_id: UUID, first: date, last: date
) -> Sequence[Flock]:
    """Return the flocks that were in a house on some day of these, in the order of placing."""
    found = await session.scalars(
        select(Flock)
        .where(
            Flock.house_id == house_id,
            Flock.deleted_at.is_(None),
            Flock.placed_on <= last,
            Flock.cleared_on.is_(None) | (Flock.cleared_on >= first),
        )
        .order_by(Flock.placed_on, Flock.id)
    )
    return found.all()


def is_empty(day: ColumnElement[date]) -> ColumnElement[bool]:
    """Return whether nothing lives in a `House` all of a day.

    Of houses whose people never noted a flock or a crop nobody can tell: these are not empty.
    """
    noted, there = [], []
    for kind in (Flock, CropCycle):
        of_house = and_(kind.house_id == House.id, kind.deleted_at.is_(None))
        stays = or_(kind.ended_on.is_(None), kind.ended_on > day)
        noted.append(exists().where(of_house).correlate(House))
        there.append(exists().where(of_house, kind.began_on <= day, stays).correlate(House, Farm))
    return and_(or_(*noted), ~or_(*there))


async def is_empty_on(session: AsyncSession, house_id: UUID, day: date) -> bool:
    """Return whether nothing lived in a house all of a day, as far as its people noted it."""
    found = select(is_empty(literal(day))).select_from(House).where(House.id == house_id)
    return bool(await session.scalar(found))


async def cycles_of(
    session: AsyncSession,
    kind: type[Cycle],
    house_id: UUID,
    *,
    after: tuple[date, UUID] | None,
    limit: int,
) -> Sequence[Cycle]:
    """Return the flocks, or the crops, of a house, newest first."""
    cycles = select(kind).where(kind.house_id == house_id, kind.deleted_at.is_(None))
    by = (kind.began_on, kind.id)
    return await newest_first(session, cycles, by, after=after, limit=limit)


async def cycles_by_id(
    session: AsyncSession, kind: type[Cycle], ids: AbstractSet[UUID]
) -> Sequence[Cycle]:
    """Return some flocks, or crops, that nobody has deleted."""
    found = await session.scalars(
        select(kind).where(kind.id.in_(ids), kind.deleted_at.is_(None)).order_by(kind.id)
    )
    return found.all()


async def hubs_serving(
    session: AsyncSession, farm_id: UUID, house_ids: Sequence[UUID]
) -> dict[UUID, Hub]:
    """Return the hub that serves each of some houses: its own before the farm's, the newest."""
    found = await session.scalars(
        select(Hub)
        .where(
            Hub.farm_id == farm_id,
            Hub.revoked_at.is_(None),
            Hub.house_id.in_(house_ids) | Hub.house_id.is_(None),
        )
        .order_by(Hub.id)
    )
    newest = {hub.house_id: hub for hub in found}
    serving = {house_id: newest.get(house_id) or newest.get(None) for house_id in house_ids}
    return {house_id: hub for house_id, hub in serving.items() if hub is not None}


async def hub_for_house(session: AsyncSession, farm_id: UUID, house_id: UUID) -> Hub | None:
    """Return the hub that serves a house."""
    return (await hubs_serving(session, farm_id, [house_id])).get(house_id)


async def deleted_farm(session: AsyncSession, farm_id: UUID, *, since: datetime) -> Farm | None:
    """Return a farm that was deleted after `since`."""
    return await session.scalar(select(Farm).where(Farm.id == farm_id, Farm.deleted_at > since))


async def deleted_house(session: AsyncSession, house_id: UUID, *, since: datetime) -> House | None:
    """Return a house that was deleted after `since`."""
    return await session.scalar(select(House).where(House.id == house_id, House.deleted_at > since))


async def name_of(session: AsyncSession, user_id: UUID) -> str | None:
    """Return a person's name, of one who has left too."""
    return await session.scalar(select(User.name).where(User.id == user_id))
