"""Channels and deliveries in the database."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.accounts.model import Session, User
from tokkatot.cloud.channels.model import Channel, ChannelKind, Delivery, Failure
from tokkatot.cloud.platform.audit import EventEntry
from tokkatot.cloud.platform.purging import purge_oldest
from tokkatot.domain.alerts import SEVERITY_ORDER, Severity
from tokkatot.domain.people import Language


async def channels_of(session: AsyncSession, user_id: UUID, *, now: datetime) -> Sequence[Channel]:
    """Return a person's channels, the oldest first; one whose login has ended is none any more."""
    found = await session.scalars(
        select(Channel).where(Channel.user_id == user_id, _login_lives(now)).order_by(Channel.id)
    )
    return found.all()


async def channel(
    session: AsyncSession, user_id: UUID, channel_id: UUID, *, now: datetime, lock: bool = False
) -> Channel | None:
    """Return one of a person's channels, unless its login has ended."""
    query = select(Channel).where(
        Channel.id == channel_id, Channel.user_id == user_id, _login_lives(now)
    )
    return await session.scalar(query.with_for_update(key_share=True) if lock else query)


async def lock_person(session: AsyncSession, user_id: UUID) -> None:
    """Let nobody else change how many channels a person has until the transaction ends."""
    await session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


async def drop_browser(session: AsyncSession, endpoint: str) -> None:
    """Forget what a browser was to whoever used it before."""
    await session.execute(
        delete(Channel).where(Channel.kind == ChannelKind.WEB_PUSH, Channel.address == endpoint)
    )


async def drop_ended(session: AsyncSession, user_id: UUID, *, now: datetime) -> None:
    """Forget a person's browsers whose logins have ended, so that there are never many."""
    await session.execute(delete(Channel).where(Channel.user_id == user_id, ~_login_lives(now)))


async def open_channels(
    session: AsyncSession,
    user_ids: Iterable[UUID],
    severity: Severity,
    *,
    now: datetime,
    waiting_less_than: int,
) -> Sequence[Channel]:
    """Return the channels that are to be used, kept from deletion; who holds one is passed over.

    What is urgent has room of its own, so that nothing else that waits keeps it back.
    """
    asks = SEVERITY_ORDER[SEVERITY_ORDER.index(severity) :]
    waits = [Delivery.channel_id == Channel.id, Delivery.failed_at.is_(None)]
    if severity is Severity.CRITICAL:
        waits.append(Delivery.urgent.is_(True))
    waiting = select(func.count()).select_from(Delivery).where(*waits).scalar_subquery()
    found = await session.scalars(
        select(Channel)
        .where(
            Channel.user_id.in_(list(user_ids)),
            Channel.is_on,
            Channel.verified_at.is_not(None),
            Channel.least.in_(asks),
            _login_lives(now),
            waiting < waiting_less_than,
        )
        .order_by(Channel.id)
        .with_for_update(read=True, key_share=True, skip_locked=True, of=Channel)
    )
    return found.all()


async def ending(
    session: AsyncSession, *, now: datetime, until: datetime, warned_before: datetime, limit: int
) -> Sequence[tuple[Channel, Language]]:
    """Return browsers that are on and whose logins end until then, each with its language.

    Who holds one is passed over.
    """
    found = await session.execute(
        select(Channel, User.language)
        .join(Session, Session.id == Channel.session_id)
        .join(User, User.id == Channel.user_id)
        .where(
            Channel.is_on,
            Session.ended_at.is_(None),
            Session.expires_at > now,
            Session.expires_at <= until,
            User.deleted_at.is_(None),
            or_(Channel.warned_at.is_(None), Channel.warned_at <= warned_before),
        )
        .order_by(Session.expires_at)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True, of=Channel)
    )
    return [(over, language) for over, language in found]


def _login_lives(now: datetime) -> ColumnElement[bool]:
    """Return that a channel is of no login, or of one that has not ended."""
    lives = (
        select(Session.id)
        .where(
            Session.id == Channel.session_id, Session.ended_at.is_(None), Session.expires_at > now
        )
        .exists()
    )
    return or_(Channel.session_id.is_(None), lives)


async def forget_waiting(session: AsyncSession, channel_id: UUID) -> None:
    """Let nothing more go out of what is on its way over a channel."""
    await session.execute(
        delete(Delivery).where(Delivery.channel_id == channel_id, Delivery.failed_at.is_(None))
    )


async def given_up(session: AsyncSession, user_id: UUID) -> Mapping[UUID, int]:
    """Return how much could not be delivered lately, by channel."""
    rows = await session.execute(
        select(Delivery.channel_id, func.count())
        .join(Channel, Channel.id == Delivery.channel_id)
        .where(Channel.user_id == user_id, Delivery.failed_at.is_not(None))
        .group_by(Delivery.channel_id)
    )
    return dict(rows.all())


async def claim(
    session: AsyncSession, kinds: Collection[ChannelKind], *, now: datetime, until: datetime
) -> tuple[Delivery, Channel] | None:
    """Return what is due, what is urgent first, put off so that nobody else takes it meanwhile."""
    row = (
        await session.execute(
            select(Delivery, Channel)
            .join(Channel, Channel.id == Delivery.channel_id)
            .where(
                Delivery.kind.in_(kinds),
                Delivery.due_at <= now,
                Delivery.failed_at.is_(None),
                # What was put off for a login that has ended since goes with that login.
                _login_lives(now),
            )
            .order_by(Delivery.urgent.desc(), Delivery.due_at)
            .limit(1)
            .with_for_update(of=Delivery, skip_locked=True)
        )
    ).one_or_none()
    if row is None:
        return None
    delivery, over = row
    delivery.tries += 1
    delivery.due_at = until
    return delivery, over


async def delivered(
    session: AsyncSession, delivery_id: UUID, channel_id: UUID, *, now: datetime
) -> None:
    """Note that something was handed over."""
    await session.execute(delete(Delivery).where(Delivery.id == delivery_id))
    await session.execute(update(Channel).where(Channel.id == channel_id).values(sent_at=now))


async def put_off(session: AsyncSession, delivery_id: UUID, *, until: datetime) -> None:
    """Let something be tried again later."""
    await session.execute(update(Delivery).where(Delivery.id == delivery_id).values(due_at=until))


async def give_up(
    session: AsyncSession,
    delivery_id: UUID,
    channel_id: UUID,
    failure: Failure,
    *,
    now: datetime,
) -> None:
    """Note that something is not delivered; a channel whose address is gone is off."""
    await session.execute(
        update(Delivery).where(Delivery.id == delivery_id).values(failed_at=now, failure=failure)
    )
    changes: dict[str, object] = {"failed_at": now, "failure": failure}
    if failure is Failure.GONE:
        changes["is_on"] = False
    await session.execute(update(Channel).where(Channel.id == channel_id).values(changes))


async def events_since(session: AsyncSession, user_id: UUID, kind: str, *, since: datetime) -> int:
    """Return how often something of this kind was logged of a person since then."""
    found = await session.scalar(
        select(func.count())
        .select_from(EventEntry)
        .where(EventEntry.user_id == user_id, EventEntry.type == kind, EventEntry.t > since)
    )
    return found or 0


async def purge(session: AsyncSession, *, before: datetime) -> bool:
    """Forget the oldest of what was given up long ago; tell whether there may be more."""
    failed_at = Delivery.failed_at
    return await purge_oldest(session, Delivery, failed_at < before, by=failed_at)
