"""Access tokens: Ed25519-signed JWTs of a day, each bound to one session."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
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
        try:
            claims = jwt.decode(
                token,
                self._public,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                audience=_AUDIENCE,
                options={
                    "require": ["exp", "iat", "sub", "sid"],
                    # Times are compared below with the clock that was handed in.
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
            expires_at = datetime.fromtimestamp(int(claims["exp"]), now.tzinfo)
            user_id = UserId(UUID(claims["sub"]))
            session_id = SessionId(UUID(claims["sid"]))
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, AttributeError):
            raise Unauthenticated from None
        if expires_at <= now:
            raise Unauthenticated("session_ended")
        return AccessClaims(user_id=user_id, session_id=session_id, expires_at=expires_at)


def new_secret() -> str:
    """Return 256 random bits as a word, for refresh tokens and the like."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Return the hash under which a long random secret is stored; it needs no salt or slowness."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
