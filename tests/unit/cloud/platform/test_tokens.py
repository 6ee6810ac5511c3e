"""A token says whose it is, and only we can make one."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tokkatot.cloud.platform.problems import Unauthenticated
from tokkatot.cloud.platform.tokens import ACCESS_LIFETIME, Tokens
from tokkatot.domain.ids import SessionId, UserId

NOW = datetime(2026, 3, 1, tzinfo=UTC)
USER = UserId(UUID(int=1))
SESSION = SessionId(UUID(int=2))


@pytest.fixture
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def test_a_token_gives_back_what_was_put_in(key: Ed25519PrivateKey) -> None:
    tokens = Tokens(key)
    claims = tokens.verify(tokens.issue(USER, SESSION, now=NOW), now=NOW)
    assert (claims.user_id, claims.session_id) == (USER, SESSION)
    assert claims.expires_at == NOW + ACCESS_LIFETIME


def test_a_token_is_good_to_its_last_second(key: Ed25519PrivateKey) -> None:
    tokens = Tokens(key)
    token = tokens.issue(USER, SESSION, now=NOW)
    tokens.verify(token, now=NOW + ACCESS_LIFETIME - timedelta(seconds=1))
    with pytest.raises(Unauthenticated) as refusal:
        tokens.verify(token, now=NOW + ACCESS_LIFETIME)
    assert refusal.value.code == "session_ended"


def test_a_token_of_another_key_is_refused(key: Ed25519PrivateKey) -> None:
    token = Tokens(Ed25519PrivateKey.generate()).issue(USER, SESSION, now=NOW)
    with pytest.raises(Unauthenticated):
        Tokens(key).verify(token, now=NOW)


@pytest.mark.parametrize(
    "change",
    [{"aud": "hub"}, {"iss": "other"}, {"sub": "x"}, {"sub": 1}, {"sid": None}, {"exp": "x"}],
)
def test_a_token_with_other_claims_is_refused(
    key: Ed25519PrivateKey, change: dict[str, object]
) -> None:
    claims: dict[str, object] = {
        "iss": "tokkatot",
        "aud": "tokkatot-cloud",
        "sub": str(USER),
        "sid": str(SESSION),
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 60,
    }
    Tokens(key).verify(jwt.encode(claims, key, algorithm="EdDSA"), now=NOW)
    with pytest.raises(Unauthenticated):
        Tokens(key).verify(encoded(claims | change, key), now=NOW)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é" * 10, "x" * 5000, "....", "\ud800"])
def test_a_word_that_is_no_token_is_refused(key: Ed25519PrivateKey, token: str) -> None:
    with pytest.raises(Unauthenticated):
        Tokens(key).verify(token, now=NOW)


def test_a_token_signed_with_nothing_is_refused(key: Ed25519PrivateKey) -> None:
    token = jwt.encode({"sub": str(USER), "sid": str(SESSION)}, "", algorithm="none")
    with pytest.raises(Unauthenticated):
        Tokens(key).verify(token, now=NOW)


def encoded(claims: dict[str, object], key: Ed25519PrivateKey) -> str:
    """Sign claims that the library would not let through, such as a subject that is a number."""
    return jwt.PyJWS().encode(json.dumps(claims).encode(), key, algorithm="EdDSA")
