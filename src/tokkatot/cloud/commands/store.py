"""Orders in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, case, func, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.accounts.model import User
from tokkatot.cloud.commands.model import Command, PhotographRequest
from tokkatot.cloud.devices.model import Device, DeviceState
from tokkatot.cloud.farms.model import House, Hub
from tokkatot.cloud.platform.newest import newest_first
from tokkatot.cloud.platform.purging import purge_oldest
from tokkatot.domain.commands import CommandState
from tokkatot.domain.devices import ACTUATORS

SENT_AT_ONCE = 100
"""To one hub in one transaction, so that it stays short; a person at a screen gives far fewer."""
UNHEARD_GRACE = timedelta(seconds=5)
"""How long after its lifetime an order that was sent may still be heard of."""
EXECUTING_GRACE = timedelta(seconds=60)
"""How long after its lifetime one that has begun may; its drive's travel comes on top."""
OPEN_STATES = (CommandState.QUEUED, CommandState.SENT, CommandState.EXECUTING)


async def locked(session: AsyncSession, command_id: UUID) -> Command | None:
    """Return an order, locked until the end of the transaction."""
    return await session.scalar(
        select(Command)
        .where(Command.id == command_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def queued(session: AsyncSession, hub_id: UUID, now: datetime) -> Sequence[Command]:
    """Return the first orders that wait for a hub, locked, without those that others send now."""
    found = await session.scalars(
        select(Command)
        .where(
            Command.hub_id == hub_id,
            Command.state == CommandState.QUEUED,
            Command.expires_at > now,
        )
        .order_by(Command.id)
        .limit(SENT_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return found.all()


async def hubs_with_queued(session: AsyncSession, now: datetime) -> Sequence[UUID]:
    """Return the hubs for which orders wait."""
    found = await session.scalars(
        select(Command.hub_id)
        .where(Command.state == CommandState.QUEUED, Command.expires_at > now)
        .distinct()
    )
    return found.all()


async def overdue(session: AsyncSession, now: datetime, limit: int) -> Sequence[Command]:
    """Return open orders of which nothing more is to be heard, locked."""
    begun = case(
        *(
            (Device.role == role, literal(EXECUTING_GRACE + timedelta(seconds=spec.travel_s)))
            for role, spec in ACTUATORS.items()
            if spec.travel_s
        ),
        else_=literal(EXECUTING_GRACE),
    )
    grace = case(
        (Command.state == CommandState.QUEUED, literal(timedelta())),
        (Command.state == CommandState.SENT, literal(UNHEARD_GRACE)),
        else_=begun,
    )
    found = await session.scalars(
        select(Command)
        .join(Device, Device.id == Command.device_id)
        .where(
            Command.state.in_(OPEN_STATES),
            Command.expires_at < now,
            Command.expires_at + grace < now,
        )
        .order_by(Command.expires_at)
        .limit(limit)
        .with_for_update(of=Command, skip_locked=True)
    )
    return found.all()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A device with all that decides whether it can be ordered now."""

    device: Device
    hub: Hub | None
    state: DeviceState | None
    waiting: int
    """How many of its orders have not started."""


async def target(session: AsyncSession, farm_id: UUID, device_id: UUID) -> Target | None:
    """Return a device of the farm, in one statement since a person waits for the answer."""
    waiting = (
        select(func.count())
        .where(
            Command.device_id == Device.id,
            Command.state.in_((CommandState.QUEUED, CommandState.SENT)),
        )
        .scalar_subquery()
    )
    found = await session.execute(
        select(Device, Hub, DeviceState, waiting)
        .join(House, House.id == Device.house_id)
        .outerjoin(Hub, and_(Hub.id == Device.hub_id, Hub.revoked_at.is_(None)))
        .outerjoin(DeviceState, DeviceState.device_id == Device.id)
        .where(
            Device.id == device_id,
            Device.farm_id == farm_id,
            Device.deleted_at.is_(None),
            House.deleted_at.is_(None),
        )
        .execution_options(populate_existing=True)
    )
    row = found.one_or_none()
    if row is None:
        return None
    return Target(device=row[0], hub=row[1], state=row[2], waiting=row[3])


async def page(
    session: AsyncSession,
    *,
    farm_id: UUID,
    device_id: UUID | None,
    states: Sequence[CommandState],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Command]:
    """Return orders, the newest first."""
    wanted = [Command.farm_id == farm_id]
    if device_id is not None:
        wanted.append(Command.device_id == device_id)
    if states:
        wanted.append(Command.state.in_(states))
    by = (Command.requested_at, Command.id)
    return await newest_first(
        session, select(Command).where(and_(*wanted)), by, after=after, limit=limit
    )


async def newest_of(session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, Command]:
    """Return the newest order of each of these devices that has one."""
    found = await session.scalars(
        select(Command).from_statement(
            text(
                "SELECT c.* FROM unnest(CAST(:ids AS uuid[])) AS d (id) CROSS JOIN LATERAL ("
                " SELECT * FROM commands WHERE device_id = d.id"
                " ORDER BY requested_at DESC, id DESC LIMIT 1) AS c"
            )
        ),
        {"ids": list(ids)},
    )
    return {command.device_id: command for command in found}


async def joined_after(session: AsyncSession, user_id: UUID, instant: datetime) -> bool:
    """Tell whether a person's account is younger than an instant."""
    found = await session.scalar(
        select(User.id).where(User.id == user_id, User.created_at >= instant)
    )
    return found is not None


async def photographs_waiting(
    session: AsyncSession, hub_id: UUID, now: datetime
) -> Sequence[PhotographRequest]:
    """Return the wishes that wait for a hub, locked, without those that others send now."""
    found = await session.scalars(
        select(PhotographRequest)
        .where(
            PhotographRequest.hub_id == hub_id,
            PhotographRequest.sent_at.is_(None),
            PhotographRequest.expires_at > now,
        )
        .order_by(PhotographRequest.id)
        .limit(SENT_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return found.all()


async def hubs_to_photograph(session: AsyncSession, now: datetime) -> Sequence[UUID]:
    """Return the hubs for which such wishes wait."""
    found = await session.scalars(
        select(PhotographRequest.hub_id)
        .where(PhotographRequest.sent_at.is_(None), PhotographRequest.expires_at > now)
        .distinct()
    )
    return found.all()


async def photograph_asked_at(session: AsyncSession, house_id: UUID) -> datetime | None:
    """Return when a house was last asked to be photographed."""
    found: datetime | None = await session.scalar(
        select(func.max(PhotographRequest.requested_at)).where(
            PhotographRequest.house_id == house_id
        )
    )
    return found


async def purge_photograph_requests(session: AsyncSession, *, before: datetime) -> bool:
    """Forget the oldest of the wishes of long ago; tell whether there may be more."""
    asked_at = PhotographRequest.requested_at
    return await purge_oldest(session, PhotographRequest, asked_at < before, by=asked_at)
