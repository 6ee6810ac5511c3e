"""Messages, subscriptions and escalations in the database."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from tokkatot.cloud.alerts.model import Alert, Escalation, Message, MessageKind, Subscription
from tokkatot.cloud.platform.newest import newest_first
from tokkatot.domain.alerts import AlertState, AlertType, Severity


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


async def purge(session: AsyncSession, *, before: datetime) -> None:
    """Forget old messages."""
    await session.execute(delete(Message).where(Message.t < before))


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


async def unheeded(
    session: AsyncSession, *, told_before: datetime, asked_less_than: int, limit: int
) -> Sequence[Alert]:
    """Return urgent alerts that stand, are called for and that nobody has acknowledged, locked.

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
    found = await session.scalars(
        select(Alert)
        .where(
            Alert.severity == Severity.CRITICAL,
            Alert.state == AlertState.UNACKNOWLEDGED,
            Alert.under.is_(None),
            Alert.shelved.is_(False),
            Alert.told_at < told_before,
            Alert.escalated < asked_less_than,
            or_(Alert.type == AlertType.HUB_OFFLINE, ~is_silent),
        )
        .order_by(Alert.told_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return found.all()
