"""The pass of a person for a hub; PyJWT, which wrote none of it, reads it too."""

from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.engine import HUB
from tokkatot.domain.ids import HubId, UserId
from tokkatot.domain.people import Language
from tokkatot.wire.passes import PASS_LIFETIME_S, PassRefused, issue_pass, lan_name, open_pass

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
KEYS = {"k1": KEY.public_key()}
SOMEBODY = UserId(UUID(int=77))
NOW_MS = 1_780_000_000_000


def issued(key: Ed25519PrivateKey = KEY, *, kid: str = "k1", hub: HubId = HUB) -> str:
    token, _ = issue_pass(
        SOMEBODY,
        name="សុខា",
        language=Language.KHMER,
        hub_id=hub,
        now_ms=NOW_MS,
        kid=kid,
        key=key,
    )
    return token


def test_a_pass_names_its_person_and_ends_after_30_days() -> None:
    claims = open_pass(issued(), KEYS, hub_id=HUB)
    assert (claims.sub, claims.name, claims.lang) == (SOMEBODY, "សុខា", "km")
    assert claims.exp - claims.iat == PASS_LIFETIME_S == 30 * 86_400


def test_a_pass_is_a_jwt_as_others_read_it() -> None:
    claims = jwt.decode(
        issued(),
        KEY.public_key(),
        algorithms=["EdDSA"],
        issuer="tokkatot",
        audience=f"tokkatot-hub:{HUB}",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["sub"] == str(SOMEBODY)


def test_a_pass_says_nothing_of_what_its_person_may_do() -> None:
    claims = jwt.decode(issued(), options={"verify_signature": False})
    assert claims.keys() == {"iss", "aud", "sub", "iat", "exp", "name", "lang"}


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (issued(OTHER), "signature"),
        (issued(kid="k2"), "key"),
        (issued(hub=HubId(UUID(int=9))), "another hub"),
        (issued()[:-6] + "AAAAAA", "signature"),
        (issued() + ".x", "no pass"),
        ("", "no pass"),
        ("a.b.c", "no pass"),
        ("é.é.é", "no pass"),
        ("x" * 3000, "too long"),
        (jwt.encode({"sub": "x"}, "s" * 32, algorithm="HS256"), "no pass"),
        (jwt.encode({"sub": "x"}, "", algorithm="none"), "no pass"),
        (jwt.encode({"aud": "x"}, KEY, algorithm="EdDSA", headers={"kid": "k1"}), "no pass"),
    ],
)
def test_what_is_no_good_pass_is_refused(token: str, reason: str) -> None:
    with pytest.raises(PassRefused, match=reason):
        open_pass(token, KEYS, hub_id=HUB)


def test_a_hub_has_a_short_name_of_its_own_on_the_farms_network() -> None:
    assert lan_name(HubId(UUID("0197c0de-0000-7000-8000-0123456789ab"))) == (
        "tokkatot-456789ab.local"
    )
