"""Who is calling: a token that is ours, of a session that lives, of a person who is still there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from tokkatot.cloud.accounts import store
from tokkatot.cloud.accounts.store import LiveSession
from tokkatot.cloud.platform.context import Ctx, Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Forbidden, Unauthenticated
from tokkatot.cloud.platform.tokens import AccessClaims, Tokens
from tokkatot.domain.ids import SessionId, UserId

_SEEN_EVERY = timedelta(minutes=1)
"""`last_seen_at` is written no oftener, so that reading a screen writes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A person with a live session."""

    user_id: UserId
    session_id: SessionId
    name: str
    is_staff: bool


async def authenticate(tx: Transaction, tokens: Tokens, token: str) -> Caller:
    """Return whose token it is.

    Raises:
        Unauthenticated: when the token, its session or its user is no longer good.
    """
    claims = tokens.verify(token, now=tx.now)
    found = await store.live_session(tx.session, claims.session_id, now=tx.now)
    return await caller_of(tx, claims, found)


async def caller_of(tx: Transaction, claims: AccessClaims, found: LiveSession | None) -> Caller:
    """Return who calls, by the session that was found for a token.

    Raises:
        Unauthenticated: when there is none, or it is somebody else's.
    """
    if found is None or found.user_id != claims.user_id:
        raise Unauthenticated("session_ended")
    if not was_seen(found, now=tx.now):
        await store.session_seen(tx.session, claims.session_id, now=tx.now)
    return Caller(
        user_id=claims.user_id,
        session_id=claims.session_id,
        name=found.name,
        is_staff=found.is_staff,
    )


def was_seen(session: LiveSession, *, now: datetime) -> bool:
    """Tell whether it need not be noted again that a session is used."""
    return now - session.last_seen_at <= _SEEN_EVERY


_bearer = HTTPBearer(auto_error=False, description="The access token of a login.")


async def claims(
    tx: Tx,
    context: Ctx,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> AccessClaims:
    """Read the bearer token of a request; whether its session lives is still to be asked."""
    if credentials is None:
        raise Unauthenticated
    return context.tokens.verify(credentials.credentials, now=tx.now)


SomeClaims = Annotated[AccessClaims, Depends(claims)]


async def caller(tx: Tx, claims: SomeClaims) -> Caller:
    """Find who calls."""
    found = await store.live_session(tx.session, claims.session_id, now=tx.now)
    return await caller_of(tx, claims, found)


async def staff(caller: Annotated[Caller, Depends(caller)]) -> Caller:
    """Let staff alone pass."""
    if not caller.is_staff:
        raise Forbidden("staff", "Only staff may do this.")
    return caller


StaffOnly = Depends(staff)
KnownOnly = Depends(caller)
SomeCaller = Annotated[Caller, Depends(caller)]
StaffCaller = Annotated[Caller, Depends(staff)]
