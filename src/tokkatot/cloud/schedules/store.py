"""Schedules, their versions and rules in the database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.devices.model import Device
from tokkatot.cloud.farms.model import House
from tokkatot.cloud.platform.newest import newest_first
from tokkatot.cloud.platform.purging import purge_oldest
from tokkatot.cloud.schedules.model import (
    Execution,
    HouseRules,
    ScheduleVersion,
    StoredSchedule,
)

SENT_AT_ONCE = 100
"""To one hub in one transaction, so that it stays short, as for orders."""
_WAITED_FOR = timedelta(days=1)
"""How long an answer is waited for where an earlier version did not note until when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """A schedule with the version that holds."""

    stored: StoredSchedule
    version: ScheduleVersion


async def one(session: AsyncSession, farm_id: UUID, schedule_id: UUID) -> Current | None:
    """Return a schedule of a farm; a deleted house's are hidden with it."""
    found = await session.execute(
        _current().where(StoredSchedule.farm_id == farm_id, StoredSchedule.id == schedule_id)
    )
    row = found.one_or_none()
    return None if row is None else Current(stored=row[0], version=row[1])


async def deleted(
    session: AsyncSession, schedule_id: UUID, *, since: datetime
) -> StoredSchedule | None:
    """Return a schedule that was deleted after `since` from a house that is there."""
    return await session.scalar(
        select(StoredSchedule)
        .join(House, House.id == StoredSchedule.house_id)
        .where(
            StoredSchedule.id == schedule_id,
            StoredSchedule.deleted_at > since,
            House.deleted_at.is_(None),
        )
        .with_for_update(of=StoredSchedule)
    )


async def lock(session: AsyncSession, schedule_id: UUID) -> None:
    """Let one transaction at a time write the next version of a schedule."""
    await session.execute(
        select(StoredSchedule)
        .where(StoredSchedule.id == schedule_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def page(
    session: AsyncSession,
    farm_id: UUID,
    *,
    house_id: UUID | None = None,
    device_id: UUID | None = None,
    after: UUID | None = None,
    limit: int,
) -> Sequence[Current]:
    """Return schedules in the order in which they were made."""
    statement = _current().where(StoredSchedule.farm_id == farm_id)
    if house_id is not None:
        statement = statement.where(StoredSchedule.house_id == house_id)
    if device_id is not None:
        does = ScheduleVersion.content["does"]
        statement = statement.where(
            or_(
                does["devices"].contains([str(device_id)]),
                does["steps"].contains([{"device_id": str(device_id)}]),
            )
        )
    if after is not None:
        statement = statement.where(StoredSchedule.id > after)
    rows = await session.execute(statement.order_by(StoredSchedule.id).limit(limit))
    return [Current(stored=stored, version=version) for stored, version in rows]


async def of_houses(session: AsyncSession, house_ids: Sequence[UUID]) -> Sequence[Current]:
    """Return every schedule of some houses."""
    rows = await session.execute(
        _current().where(StoredSchedule.house_id.in_(house_ids)).order_by(StoredSchedule.id)
    )
    return [Current(stored=stored, version=version) for stored, version in rows]


async def count_in(session: AsyncSession, house_id: UUID) -> int:
    """Return how many schedules a house has."""
    found = await session.scalar(
        select(func.count()).where(
            StoredSchedule.house_id == house_id, StoredSchedule.deleted_at.is_(None)
        )
    )
    return found or 0


async def lock_house(session: AsyncSession, house_id: UUID) -> None:
    """Let one transaction at a time decide about the automation of a house and what it needs."""
    await session.execute(
        select(House.id).where(House.id == house_id).with_for_update(key_share=True)
    )


async def versions(
    session: AsyncSession, schedule_id: UUID, *, before: int | None, limit: int
) -> Sequence[ScheduleVersion]:
    """Return the versions of a schedule, the newest first."""
    statement = select(ScheduleVersion).where(ScheduleVersion.schedule_id == schedule_id)
    if before is not None:
        statement = statement.where(ScheduleVersion.version < before)
    found = await session.scalars(statement.order_by(ScheduleVersion.version.desc()).limit(limit))
    return found.all()


async def version(session: AsyncSession, schedule_id: UUID, number: int) -> ScheduleVersion | None:
    """Return one version of a schedule."""
    return await session.get(ScheduleVersion, (schedule_id, number))


async def drop_versions(session: AsyncSession, schedule_id: UUID, *, through: int) -> None:
    """Forget the versions of a schedule up to this one."""
    await session.execute(
        delete(ScheduleVersion).where(
            ScheduleVersion.schedule_id == schedule_id, ScheduleVersion.version <= through
        )
    )


async def rules_of(session: AsyncSession, house_ids: Sequence[UUID]) -> Mapping[UUID, HouseRules]:
    """Return the rules of those of some houses that have any."""
    found = await session.scalars(select(HouseRules).where(HouseRules.house_id.in_(house_ids)))
    return {rules.house_id: rules for rules in found}


async def devices_in(session: AsyncSession, house_ids: Sequence[UUID]) -> Sequence[Device]:
    """Return the devices of some houses."""
    found = await session.scalars(
        select(Device).where(Device.house_id.in_(house_ids), Device.deleted_at.is_(None))
    )
    return found.all()


async def devices_named(
    session: AsyncSession, farm_id: UUID, ids: Sequence[UUID]
) -> Mapping[UUID, Device]:
    """Return devices of a farm, removed ones too: a schedule may still name them."""
    found = await session.scalars(
        select(Device).where(Device.farm_id == farm_id, Device.id.in_(ids))
    )
    return {device.id: device for device in found}


async def locked_execution(session: AsyncSession, execution_id: UUID) -> Execution | None:
    """Return a run, locked until the end of the transaction."""
    return await session.scalar(
        select(Execution)
        .where(Execution.id == execution_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def is_kept(session: AsyncSession, execution: Execution) -> bool:
    """Tell whether a run is stored already, under another id."""
    found = await session.scalar(
        select(Execution.id).where(
            Execution.schedule_id == execution.schedule_id,
            Execution.due_at == execution.due_at,
            Execution.hub_id == execution.hub_id,
            Execution.at == execution.at,
            Execution.outcome == execution.outcome,
        )
    )
    return found is not None


async def executions_of(
    session: AsyncSession,
    farm_id: UUID,
    schedule_id: UUID,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Execution]:
    """Return the runs of a schedule, the newest first."""
    runs = select(Execution).where(
        Execution.farm_id == farm_id, Execution.schedule_id == schedule_id
    )
    by = (Execution.due_at, Execution.id)
    return await newest_first(session, runs, by, after=after, limit=limit)


async def newest_of(session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, Execution]:
    """Return the newest run of each of these schedules that has one."""
    found = await session.scalars(
        select(Execution).from_statement(
            text(
                "SELECT e.* FROM unnest(CAST(:ids AS uuid[])) AS s (id) CROSS JOIN LATERAL ("
                " SELECT * FROM schedule_executions WHERE schedule_id = s.id"
                " ORDER BY due_at DESC, id DESC LIMIT 1) AS e"
            )
        ),
        {"ids": list(ids)},
    )
    return {execution.schedule_id: execution for execution in found}


async def asked(session: AsyncSession, hub_id: UUID, now: datetime) -> Sequence[Execution]:
    """Return the first wishes that wait for a hub, locked, without those that others send now."""
    found = await session.scalars(
        select(Execution)
        .where(Execution.hub_id == hub_id, *_waits(now))
        .order_by(Execution.id)
        .limit(SENT_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return found.all()


async def hubs_asked(session: AsyncSession, now: datetime) -> Sequence[UUID]:
    """Return the hubs for which wishes wait."""
    found = await session.scalars(select(Execution.hub_id).where(*_waits(now)).distinct())
    return found.all()


async def waiting_for(session: AsyncSession, schedule_id: UUID) -> int:
    """Return how many wishes to run a schedule have no answer yet."""
    found = await session.scalar(
        select(func.count()).where(
            Execution.schedule_id == schedule_id, Execution.outcome.is_(None)
        )
    )
    return found or 0


async def unanswered(session: AsyncSession, now: datetime, limit: int) -> Sequence[Execution]:
    """Return wishes that can't be sent any more, or whose answer is overdue; locked."""
    found = await session.scalars(
        select(Execution)
        .where(
            Execution.outcome.is_(None),
            or_(
                and_(Execution.sent_at.is_(None), Execution.expires_at < now),
                Execution.answer_by < now,
                and_(Execution.answer_by.is_(None), Execution.sent_at < now - _WAITED_FOR),
            ),
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return found.all()


async def purge_executions(session: AsyncSession, *, before: datetime) -> bool:
    """Forget the oldest of the runs that were due before then; tell whether there may be more."""
    return await purge_oldest(session, Execution, Execution.due_at < before, by=Execution.due_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a schedule is called and where it is, also of one that was deleted."""

    name: str
    house_id: UUID


async def heads(session: AsyncSession, farm_id: UUID, ids: Iterable[UUID]) -> Mapping[UUID, Head]:
    """Return what schedules of a farm are called; unknown ones are left out."""
    rows = await session.execute(
        select(
            StoredSchedule.id,
            StoredSchedule.house_id,
            ScheduleVersion.content["name"].astext.label("name"),
        )
        .join(
            ScheduleVersion,
            and_(
                ScheduleVersion.schedule_id == StoredSchedule.id,
                ScheduleVersion.version == StoredSchedule.version,
            ),
        )
        .where(StoredSchedule.farm_id == farm_id, StoredSchedule.id.in_(set(ids)))
    )
    return {row.id: Head(name=row.name, house_id=row.house_id) for row in rows}


def _waits(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Execution.outcome.is_(None),
        Execution.sent_at.is_(None),
        Execution.expires_at > now,
    )


def _current() -> Select[StoredSchedule, ScheduleVersion]:
    return (
        select(StoredSchedule, ScheduleVersion)
        .join(
            ScheduleVersion,
            and_(
                ScheduleVersion.schedule_id == StoredSchedule.id,
                ScheduleVersion.version == StoredSchedule.version,
            ),
        )
        .join(House, House.id == StoredSchedule.house_id)
        .where(StoredSchedule.deleted_at.is_(None), House.deleted_at.is_(None))
    )
