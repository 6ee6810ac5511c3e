"""Access tokens: Ed25519-signed JWTs of a day, each bound to one session."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tokkatot.cloud.platform.problems import Unauthenticated
from tokkatot.domain.ids import SessionId, UserId

ACCESS_LIFETIME = timedelta(hours=24)
REFRESH_LIFETIME = timedelta(days=30)
_ISSUER = "tokkatot"
_AUDIENCE = "tokkatot-cloud"
_ALGORITHM = "EdDSA"
_MAX_TOKEN_CHARS = 2048
_REMEMBERED = 4096
"""Tokens whose signature need not be checked again: of people who look at their screens now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClaims:
    """Whose token it is; whether its session still lives is the database's word."""

    user_id: UserId
    session_id: SessionId
    expires_at: datetime


class Tokens:
    """Signs and checks access tokens."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._public = key.public_key()
        self._claims_of = lru_cache(_REMEMBERED)(self._read)

    def issue(self, user_id: UserId, session_id: SessionId, *, now: datetime) -> str:
        """Return an access token that is good for a day."""
        return jwt.encode(
            {
                "iss": _ISSUER,
                "aud": _AUDIENCE,
                "sub": str(user_id),
                "sid": str(session_id),
                "iat": int(now.timestamp()),
                "exp": int((now + ACCESS_LIFETIME).timestamp()),
            },
            self._key,
            algorithm=_ALGORITHM,
        )

    def verify(self, token: str, *, now: datetime) -> AccessClaims:
        """Return what a token claims.

        Raises:
            Unauthenticated: when it is not ours, or too old.
        """
        if len(token) > _MAX_TOKEN_CHARS:
            raise Unauthenticated
        claims = self._claims_of(token)
        if claims.expires_at <= now:
            raise Unauthenticated("session_ended")
        return claims

    def _read(self, token: str) -> AccessClaims:
        try:
            claims = jwt.decode(
                token,
                self._public,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                audience=_AUDIENCE,
                options={
                    "require": ["exp", "iat", "sub", "sid"],
                    # Times are compared with the clock that is handed in.
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
            return AccessClaims(
                user_id=UserId(UUID(claims["sub"])),
                session_id=SessionId(UUID(claims["sid"])),
                expires_at=datetime.fromtimestamp(int(claims["exp"]), UTC),
            )
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, AttributeError):
            raise Unauthenticated from None


def new_secret() -> str:
    """Return 256 random bits as a word, for refresh tokens and the like."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Return the hash under which a long random secret is stored; it needs no salt or slowness."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
