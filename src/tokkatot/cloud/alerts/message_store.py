"""Messages, subscriptions and escalations in the database."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tokkatot.cloud.alerts.model import Alert, Escalation, Message, MessageKind, Subscription
from tokkatot.cloud.farms.model import Farm
from tokkatot.cloud.platform.newest import newest_first
from tokkatot.cloud.platform.purging import purge_oldest
from tokkatot.domain.alerts import AlertState, AlertType, Severity

_AHEAD = timedelta(days=1)
"""By how much the clock of a hub that says when an alert began may be ahead."""


async def page(
    session: AsyncSession,
    user_id: UUID,
    *,
    since: datetime,
    only_unread: bool,
    severity: Severity | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Message]:
    """Return a person's messages, the newest first."""
    wanted: list[ColumnElement[bool]] = [Message.user_id == user_id, Message.t >= since]
    if only_unread:
        wanted.append(Message.read_at.is_(None))
    if severity is not None:
        wanted.append(Message.severity == severity)
    by = (Message.t, Message.id)
    return await newest_first(
        session, select(Message).where(and_(*wanted)), by, after=after, limit=limit
    )


async def unread(
    session: AsyncSession, user_id: UUID, *, since: datetime
) -> Mapping[Severity, int]:
    """Return how many messages a person has not read, by how bad they are."""
    rows = await session.execute(
        select(Message.severity, func.count())
        .where(Message.user_id == user_id, Message.t >= since, Message.read_at.is_(None))
        .group_by(Message.severity)
    )
    return dict(rows.all())


async def mark_read(
    session: AsyncSession, user_id: UUID, message_id: UUID | None, *, now: datetime
) -> bool:
    """Note that a person has read a message, or all; False where the one is none of theirs."""
    wanted = [Message.user_id == user_id]
    if message_id is not None:
        wanted.append(Message.id == message_id)
        if await session.scalar(select(Message.id).where(and_(*wanted))) is None:
            return False
    await session.execute(
        update(Message)
        .where(and_(*wanted), Message.read_at.is_(None))
        .values(read_at=now)
        .execution_options(synchronize_session="fetch")
    )
    return True


async def newest_test(session: AsyncSession, farm_id: UUID, *, since: datetime) -> datetime | None:
    """Return when a farm was tested last, if it was since a moment."""
    return await session.scalar(
        select(func.max(Message.t)).where(
            Message.farm_id == farm_id, Message.kind == MessageKind.TEST, Message.t >= since
        )
    )


async def purge(session: AsyncSession, *, before: datetime) -> bool:
    """Forget the oldest of the old messages; tell whether there may be more."""
    return await purge_oldest(session, Message, Message.t < before, by=Message.t)


async def subscriptions(
    session: AsyncSession, user_ids: Iterable[UUID], farm_id: UUID | None = None
) -> Mapping[UUID, Sequence[Subscription]]:
    """Return the subscriptions of people, those alone that concern a farm if it is named."""
    wanted: list[ColumnElement[bool]] = [Subscription.user_id.in_(list(user_ids))]
    if farm_id is not None:
        wanted.append(or_(Subscription.farm_id.is_(None), Subscription.farm_id == farm_id))
    found = await session.scalars(
        select(Subscription).where(and_(*wanted)).order_by(Subscription.id)
    )
    by_user: dict[UUID, list[Subscription]] = defaultdict(list)
    for subscription in found:
        by_user[subscription.user_id].append(subscription)
    return by_user


async def subscription(
    session: AsyncSession, user_id: UUID, subscription_id: UUID
) -> Subscription | None:
    """Return one of a person's subscriptions."""
    return await session.scalar(
        select(Subscription).where(
            Subscription.id == subscription_id, Subscription.user_id == user_id
        )
    )


async def escalation_of(session: AsyncSession, farm_id: UUID) -> Escalation | None:
    """Return what a farm has said of its escalation."""
    return await session.get(Escalation, farm_id)


async def brought_to(
    session: AsyncSession, alert: Alert, user_ids: Collection[UUID]
) -> frozenset[UUID]:
    """Return to whom of these people an alert was brought since it was told last to all."""
    if alert.escalated == 0:
        return frozenset()
    times = Message.facts["times"].as_integer()
    found = await session.scalars(
        select(Message.user_id)
        .where(
            Message.user_id.in_(user_ids),
            Message.t > alert.raised_at - _AHEAD,
            Message.alert_id == alert.id,
            Message.kind == MessageKind.ESCALATED,
            # Of one from before this was noted its place alone tells.
            or_(times.is_(None), times == alert.times),
        )
        .order_by(Message.t.desc())
        .limit(alert.escalated)
    )
    return frozenset(found)


async def unheeded(
    session: AsyncSession,
    *,
    now: datetime,
    after: timedelta,
    limit: int,
) -> Sequence[Alert]:
    """Return urgent alerts that nobody has acknowledged and whose next person is due, locked.

    They stand and are called for; `after` is what a person is given where the farm says nothing.
    While a hub is silent nobody knows how its house is: that alone is brought to people.
    """
    silent = aliased(Alert)
    is_silent = (
        select(silent.id)
        .where(
            silent.hub_id == Alert.hub_id,
            silent.type == AlertType.HUB_OFFLINE,
            silent.cleared_at.is_(None),
        )
        .exists()
    )
    given_s = func.coalesce(Escalation.after_s, after // timedelta(seconds=1))
    found = await session.scalars(
        select(Alert)
        .join(Farm, Farm.id == Alert.farm_id)
        .outerjoin(Escalation, Escalation.farm_id == Alert.farm_id)
        .where(
            Farm.deleted_at.is_(None),
            Alert.severity == Severity.CRITICAL,
            Alert.state == AlertState.UNACKNOWLEDGED,
            Alert.under.is_(None),
            Alert.shelved.is_(False),
            # People may let it rest after it was told; its hub then says nothing of it.
            or_(Alert.shelved_until.is_(None), Alert.shelved_until <= now),
            Alert.told_at + given_s * timedelta(seconds=1) <= now,
            or_(Alert.type == AlertType.HUB_OFFLINE, ~is_silent),
        )
        .order_by(Alert.told_at, Alert.id)
        .limit(limit)
        .with_for_update(of=Alert, skip_locked=True)
    )
    return found.all()
