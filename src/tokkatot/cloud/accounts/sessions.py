"""Getting in and staying in: login, refresh and logout."""

from dataclasses import dataclass

from tokkatot.cloud.accounts import store
from tokkatot.cloud.accounts.contacts import ContactRefused, normal_login
from tokkatot.cloud.accounts.model import (
    LOGIN_FAILURES,
    LOGIN_WINDOW,
    REFRESH_AGAIN,
    RefreshToken,
    Session,
    User,
)
from tokkatot.cloud.accounts.ports import FarmBrief, FarmDirectory
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Problem, RateLimited, Unauthenticated
from tokkatot.cloud.platform.tokens import (
    ACCESS_LIFETIME,
    REFRESH_LIFETIME,
    Tokens,
    hash_secret,
    new_secret,
)
from tokkatot.domain.alerts import Severity
from tokkatot.domain.ids import SessionId, UserId

MAX_SESSIONS = 50
"""A person's oldest session ends when they log in more often than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """A person with fresh tokens and the farms that they may open."""

    access_token: str
    refresh_token: str
    expires_in_s: int
    user: User
    farms: list[FarmBrief]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What somebody typed to log in."""

    login: str
    password: str
    device_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """A refresh token, and the random key under which it may come again."""

    refresh_token: str
    key: str | None


async def log_in(
    context: Context, farms: FarmDirectory, attempt: Attempt, origin: Origin
) -> LoggedIn:
    """Open a session.

    An unknown login takes the same steps and the same time as a wrong password. The password is
    checked between two transactions, so that the work holds no connection.

    Raises:
        Problem: `login_failed`.
        RateLimited: after too many wrong passwords at this login.
    """
    login = _login_or_none(attempt.login)
    login_hash = hash_secret(login or attempt.login)
    async with context.database.transaction() as tx:
        if await store.login_failures(tx.session, login_hash, now=tx.now) >= LOGIN_FAILURES:
            raise RateLimited(int(LOGIN_WINDOW.total_seconds()))
        user = await store.user_by_login(tx.session, login) if login else None
    stored = user.password_hash if user else None
    fits = await context.passwords.verify(attempt.password, stored)
    rehashed = None
    if fits and stored and context.passwords.needs_rehash(stored):
        rehashed = await context.passwords.hash(attempt.password)
    async with context.database.transaction() as tx:
        if fits and user:
            # Looked up again: it may have been deleted, or its password changed, meanwhile.
            user = await store.user_by_id(tx.session, user.id)
            if user and user.password_hash == stored:
                user.password_hash = rehashed or stored
                await store.forget_login_failures(tx.session, login_hash)
                return await open_session(
                    tx, context.tokens, farms, user, attempt.device_name, origin
                )
        await store.count_login_failure(tx.session, login_hash, now=tx.now)
        if user:
            audit.record(tx, "login.failed", user_id=user.id, origin=origin)
    raise Problem("login_failed")


async def open_session(
    tx: Transaction,
    tokens: Tokens,
    farms: FarmDirectory,
    user: User,
    device_name: str | None,
    origin: Origin,
) -> LoggedIn:
    """Make a session for a person who has proved who they are."""
    live = await store.sessions_of(tx.session, user.id, now=tx.now, before=None, limit=MAX_SESSIONS)
    if len(live) >= MAX_SESSIONS:
        await store.end_session(tx.session, live[-1].id, user_id=user.id, now=tx.now)
    session = Session(
        id=tx.new_id(),
        user_id=user.id,
        device_name=device_name,
        ip=origin.ip,
        user_agent=origin.user_agent,
        created_at=tx.now,
        last_seen_at=tx.now,
        expires_at=tx.now + REFRESH_LIFETIME,
        ended_at=None,
    )
    tx.session.add(session)
    await tx.session.flush()
    audit.record(tx, "login", user_id=user.id, data={"device": device_name}, origin=origin)
    return await _with_tokens(tx, tokens, farms, user, session)


async def refresh(
    context: Context, farms: FarmDirectory, given: Renewal, origin: Origin
) -> LoggedIn:
    """Exchange a refresh token for a new pair; a token that comes twice ends its session.

    Who has not heard the answer may ask again: under the key of the first time, within
    `REFRESH_AGAIN`, and until what was given for the token is used.

    Raises:
        Unauthenticated: when the token is unknown, used, or its session is over.
    """
    async with context.database.transaction() as tx:
        token = await store.refresh_token_for_update(tx.session, hash_secret(given.refresh_token))
        if token is None:
            raise Unauthenticated
        session = await tx.session.get_one(Session, token.session_id)
        user = await store.user_by_id(tx.session, session.user_id)
        if user is None or session.ended_at is not None or session.expires_at <= tx.now:
            raise Unauthenticated("session_ended")
        key_hash = None if given.key is None else hash_secret(given.key)
        if token.used_at is None:
            token.used_at = tx.now
            token.used_key_hash = key_hash
            return await _renewed(tx, context.tokens, farms, user, token)
        if await _unheard(tx, token, key_hash):
            return await _renewed(tx, context.tokens, farms, user, token)
        # One of the two that hold this token is a thief, and nobody knows which.
        session.ended_at = tx.now
        audit.record(
            tx,
            "session.token_reused",
            user_id=user.id,
            severity=Severity.WARNING,
            data={"session": str(session.id)},
            origin=origin,
        )
    raise Unauthenticated("session_ended")


async def _unheard(tx: Transaction, token: RefreshToken, key_hash: str | None) -> bool:
    """Tell whether a used token comes from who used it; what was given for it is void then."""
    assert token.used_at is not None, "it was used"
    if key_hash is None or key_hash != token.used_key_hash:
        return False
    if tx.now - token.used_at > REFRESH_AGAIN or token.successor_hash is None:
        return False
    given = await store.refresh_token_for_update(tx.session, token.successor_hash)
    if given is None or given.used_at is not None:
        return False
    # As good as used: whoever comes with it has heard an answer that its owner has not.
    given.used_at = tx.now
    return True


async def _renewed(
    tx: Transaction, tokens: Tokens, farms: FarmDirectory, user: User, token: RefreshToken
) -> LoggedIn:
    session = await tx.session.get_one(Session, token.session_id)
    session.last_seen_at = tx.now
    session.expires_at = tx.now + REFRESH_LIFETIME
    renewed = await _with_tokens(tx, tokens, farms, user, session)
    token.successor_hash = hash_secret(renewed.refresh_token)
    return renewed


async def log_out(tx: Transaction, user_id: UserId, session_id: SessionId, origin: Origin) -> None:
    """End the session of the caller."""
    await store.end_session(tx.session, session_id, user_id=user_id, now=tx.now)
    audit.record(tx, "logout", user_id=user_id, origin=origin)


async def _with_tokens(
    tx: Transaction, tokens: Tokens, farms: FarmDirectory, user: User, session: Session
) -> LoggedIn:
    secret = new_secret()
    tx.session.add(
        RefreshToken(
            token_hash=hash_secret(secret),
            session_id=session.id,
            created_at=tx.now,
            used_at=None,
            used_key_hash=None,
            successor_hash=None,
        )
    )
    user_id = UserId(user.id)
    return LoggedIn(
        access_token=tokens.issue(user_id, SessionId(session.id), now=tx.now),
        refresh_token=secret,
        expires_in_s=int(ACCESS_LIFETIME.total_seconds()),
        user=user,
        farms=await farms.farms_of(tx, user_id, is_staff=user.is_staff),
    )


def _login_or_none(given: str) -> str | None:
    try:
        return normal_login(given)
    except ContactRefused:
        return None
