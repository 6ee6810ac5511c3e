"""The SQL of people, their sessions and their keys."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.accounts.model import (
    LOGIN_WINDOW,
    LoginFailures,
    RefreshToken,
    RegistrationKey,
    ResetCode,
    ResetRequest,
    Session,
    User,
)
from tokkatot.cloud.platform.audit import EventEntry
from tokkatot.cloud.platform.newest import newest_first
from tokkatot.cloud.platform.purging import purge_oldest

_ENDED_SESSIONS_KEPT = timedelta(days=30)
_SESSIONS_AT_ONCE = 100
"""With each go all the tokens that it ever had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSession:
    """A session that has not ended, with its user."""

    user_id: UUID
    name: str
    is_staff: bool
    last_seen_at: datetime


LIVE_SESSION = (
    select(User.id, User.name, User.is_staff, Session.last_seen_at)
    .join(User, User.id == Session.user_id)
    .where(
        Session.id == bindparam("session_id"),
        Session.ended_at.is_(None),
        Session.expires_at > bindparam("now"),
        User.deleted_at.is_(None),
    )
)
"""What a `LiveSession` is made of, for a `session_id` at `now`."""


async def live_session(
    session: AsyncSession, session_id: UUID, *, now: datetime
) -> LiveSession | None:
    """Return a session that lives, or None."""
    found = await session.execute(LIVE_SESSION, {"session_id": session_id, "now": now})
    row = found.one_or_none()
    if row is None:
        return None
    user_id, name, is_staff, last_seen_at = row
    return LiveSession(user_id=user_id, name=name, is_staff=is_staff, last_seen_at=last_seen_at)


async def session_seen(session: AsyncSession, session_id: UUID, *, now: datetime) -> None:
    """Note that a session was used."""
    await session.execute(update(Session).where(Session.id == session_id).values(last_seen_at=now))


async def user_by_login(session: AsyncSession, login: str) -> User | None:
    """Return who has this phone number or e-mail address."""
    return await session.scalar(
        select(User).where(or_(User.phone == login, User.email == login), User.deleted_at.is_(None))
    )


async def user_by_id(session: AsyncSession, user_id: UUID) -> User | None:
    """Return a person who has not been deleted."""
    return await session.scalar(select(User).where(User.id == user_id, User.deleted_at.is_(None)))


async def names(session: AsyncSession, ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
    """Return the names of people, of those who have left too."""
    wanted = {user_id for user_id in ids if user_id is not None}
    if not wanted:
        return {}
    rows = await session.execute(select(User.id, User.name).where(User.id.in_(wanted)))
    return {row.id: row.name for row in rows}


async def staff_ids(session: AsyncSession, *, limit: int) -> Sequence[UUID]:
    """Return the staff, the first ones first."""
    found = await session.scalars(
        select(User.id)
        .where(User.is_staff, User.deleted_at.is_(None))
        .order_by(User.id)
        .limit(limit)
    )
    return found.all()


async def end_sessions(
    session: AsyncSession, user_id: UUID, *, now: datetime, but: UUID | None = None
) -> None:
    """End every session of a person, but one if it is named."""
    statement = update(Session).where(Session.user_id == user_id, Session.ended_at.is_(None))
    if but is not None:
        statement = statement.where(Session.id != but)
    await session.execute(statement.values(ended_at=now))


async def end_session(
    session: AsyncSession, session_id: UUID, *, user_id: UUID, now: datetime
) -> bool:
    """End one session of a person; tell whether it was there and lived."""
    ended = await session.scalar(
        update(Session)
        .where(
            Session.id == session_id,
            Session.user_id == user_id,
            Session.ended_at.is_(None),
            Session.expires_at > now,
        )
        .values(ended_at=now)
        .returning(Session.id)
    )
    return ended is not None


async def sessions_of(
    session: AsyncSession, user_id: UUID, *, now: datetime, before: UUID | None, limit: int
) -> Sequence[Session]:
    """Return a person's live sessions, newest first."""
    statement = select(Session).where(
        Session.user_id == user_id, Session.ended_at.is_(None), Session.expires_at > now
    )
    if before is not None:
        statement = statement.where(Session.id < before)
    return (await session.scalars(statement.order_by(Session.id.desc()).limit(limit))).all()


async def refresh_token_for_update(session: AsyncSession, token_hash: str) -> RefreshToken | None:
    """Return a refresh token and keep others from using it until the transaction's end."""
    return await session.scalar(
        select(RefreshToken).where(RefreshToken.token_hash == token_hash).with_for_update()
    )


async def registration_key_for_update(
    session: AsyncSession, key_hash: str
) -> RegistrationKey | None:
    """Return a registration key and keep others from using it until the transaction's end."""
    return await session.scalar(
        select(RegistrationKey).where(RegistrationKey.key_hash == key_hash).with_for_update()
    )


async def registration_keys(
    session: AsyncSession, *, before: UUID | None, limit: int
) -> Sequence[RegistrationKey]:
    """Return registration keys, newest first."""
    statement = select(RegistrationKey)
    if before is not None:
        statement = statement.where(RegistrationKey.id < before)
    return (await session.scalars(statement.order_by(RegistrationKey.id.desc()).limit(limit))).all()


async def count_code_attempt(session: AsyncSession, user_id: UUID) -> ResetCode | None:
    """Count a try at a person's code and return the code with its tries, this one included."""
    return await session.scalar(
        update(ResetCode)
        .where(ResetCode.user_id == user_id)
        .values(attempts=ResetCode.attempts + 1)
        .returning(ResetCode)
    )


async def keep_code(session: AsyncSession, code: ResetCode) -> None:
    """Store a code in place of the person's former one."""
    values = {
        "code_hash": code.code_hash,
        "created_by": code.created_by,
        "created_at": code.created_at,
        "expires_at": code.expires_at,
        "attempts": 0,
    }
    await session.execute(
        insert(ResetCode)
        .values(user_id=code.user_id, **values)
        .on_conflict_do_update(index_elements=[ResetCode.user_id], set_=values)
    )


async def drop_code(session: AsyncSession, user_id: UUID, code_hash: str) -> bool:
    """Use a code up; False where somebody else was first."""
    dropped = await session.scalar(
        delete(ResetCode)
        .where(ResetCode.user_id == user_id, ResetCode.code_hash == code_hash)
        .returning(ResetCode.user_id)
    )
    return dropped is not None


async def request_count(session: AsyncSession) -> int:
    """Return how many requests wait."""
    return await session.scalar(select(func.count()).select_from(ResetRequest)) or 0


async def keep_request(session: AsyncSession, request: ResetRequest) -> None:
    """Keep a request, unless one of this login waits already."""
    await session.execute(
        insert(ResetRequest)
        .values(
            login=request.login,
            asked_at=request.asked_at,
            due_at=request.due_at,
            tries=request.tries,
            ip=request.ip,
            user_agent=request.user_agent,
        )
        .on_conflict_do_nothing()
    )


async def due_request(
    session: AsyncSession, *, now: datetime, again_at: Callable[[int], datetime]
) -> ResetRequest | None:
    """Return the request that waits longest, put off so that nobody else takes it meanwhile."""
    request = await session.scalar(
        select(ResetRequest)
        .where(ResetRequest.due_at <= now)
        .order_by(ResetRequest.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if request is not None:
        request.tries += 1
        request.due_at = again_at(request.tries)
    return request


async def drop_request(session: AsyncSession, login: str) -> None:
    """Forget a request that is dealt with."""
    await session.execute(delete(ResetRequest).where(ResetRequest.login == login))


async def login_failures(session: AsyncSession, login_hash: str, *, now: datetime) -> int:
    """Return how many wrong passwords there were in the present window."""
    found = await session.scalar(
        select(LoginFailures.failures).where(
            LoginFailures.login_hash == login_hash, LoginFailures.began_at > now - LOGIN_WINDOW
        )
    )
    return found or 0


async def count_login_failure(session: AsyncSession, login_hash: str, *, now: datetime) -> None:
    """Count a wrong password, in a new window where the former is over."""
    fresh = LoginFailures.began_at <= now - LOGIN_WINDOW
    await session.execute(
        insert(LoginFailures)
        .values(login_hash=login_hash, began_at=now, failures=1)
        .on_conflict_do_update(
            index_elements=[LoginFailures.login_hash],
            set_={"failures": LoginFailures.failures + 1},
            where=~fresh,
        )
    )
    await session.execute(
        update(LoginFailures)
        .where(LoginFailures.login_hash == login_hash, fresh)
        .values(began_at=now, failures=1)
    )


async def forget_login_failures(session: AsyncSession, login_hash: str) -> None:
    """Start afresh after the right password."""
    await session.execute(delete(LoginFailures).where(LoginFailures.login_hash == login_hash))


async def activity_of(
    session: AsyncSession, user_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[EventEntry]:
    """Return what a person did, newest first."""
    rows = select(EventEntry).where(EventEntry.user_id == user_id)
    by = (EventEntry.t, EventEntry.id)
    return await newest_first(session, rows, by, after=after, limit=limit)


async def recent_event(session: AsyncSession, user_id: UUID, kind: str, *, since: datetime) -> bool:
    """Tell whether something of this kind was logged of a person since then."""
    found = await session.scalar(
        select(EventEntry.id)
        .where(EventEntry.user_id == user_id, EventEntry.type == kind, EventEntry.t > since)
        .limit(1)
    )
    return found is not None


async def purge(session: AsyncSession, *, now: datetime) -> bool:
    """Forget sessions, codes and counts that are long over; tell whether there may be more."""
    over = now - _ENDED_SESSIONS_KEPT
    ended = or_(Session.expires_at < over, Session.ended_at < over)
    expires_at, began_at = ResetCode.expires_at, LoginFailures.began_at
    left = [
        await purge_oldest(session, Session, ended, by=Session.expires_at, most=_SESSIONS_AT_ONCE),
        await purge_oldest(session, ResetCode, expires_at < over, by=expires_at),
        await purge_oldest(session, LoginFailures, began_at < now - LOGIN_WINDOW, by=began_at),
    ]
    return any(left)
