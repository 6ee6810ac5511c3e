"""The pass with which a person's phone shows itself to a hub on the farm's own network."""

import binascii
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Meta, Struct

from tokkatot.domain.ids import HubId, UserId
from tokkatot.domain.people import Language

PASS_LIFETIME_S: Final = 30 * 86_400
MAX_PASS_CHARS: Final = 2048


class PassRefused(Exception):
    """A pass that this hub can't take; `reason` says why, for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class HubPass(Struct, frozen=True, kw_only=True):
    """Whose pass it is. What they may do is not in it: the newest desired document says that."""

    iss: Literal["tokkatot"]
    aud: str
    sub: UserId
    iat: int
    exp: int
    name: Annotated[str, Meta(max_length=200)] = ""
    lang: Language = Language.KHMER


class _Header(Struct, frozen=True, kw_only=True):
    """The one kind of signature that is believed."""

    alg: Literal["EdDSA"]
    kid: str
    typ: Literal["JWT"]


def issue_pass(
    user_id: UserId,
    *,
    name: str,
    language: Language,
    hub_id: HubId,
    now_ms: int,
    kid: str,
    key: Ed25519PrivateKey,
) -> tuple[str, int]:
    """Return a person's pass for one hub as a JWT (RFC 7519), and when it ends in ms."""
    now_s = now_ms // 1000
    claims = HubPass(
        iss="tokkatot",
        aud=_audience(hub_id),
        sub=user_id,
        iat=now_s,
        exp=now_s + PASS_LIFETIME_S,
        name=name,
        lang=language,
    )
    header = _Header(alg="EdDSA", kid=kid, typ="JWT")
    signed = b".".join(_base64(msgspec.json.encode(part)) for part in (header, claims))
    return (signed + b"." + _base64(key.sign(signed))).decode(), claims.exp * 1000


def open_pass(token: str, keys: Mapping[str, Ed25519PublicKey], *, hub_id: HubId) -> HubPass:
    """Return what a pass says; whether it has ended is for who knows the time.

    Raises:
        PassRefused: when it is no pass, is signed by nobody we know, or is for another hub.
    """
    try:
        if len(token) > MAX_PASS_CHARS:
            raise PassRefused("it is too long")
        head, body, signature = token.encode("ascii").split(b".")
        header = msgspec.json.decode(_bytes(head), type=_Header)
        key = keys.get(header.kid)
        if key is None:
            raise PassRefused("its key is not known")
        key.verify(_bytes(signature), head + b"." + body)
        claims = msgspec.json.decode(_bytes(body), type=HubPass)
    except InvalidSignature:
        raise PassRefused("its signature does not fit") from None
    except (ValueError, binascii.Error, msgspec.DecodeError, RecursionError) as error:
        raise PassRefused("it is no pass") from error
    if claims.aud != _audience(hub_id):
        raise PassRefused("it is for another hub")
    return claims


def lan_name(hub_id: HubId) -> str:
    """Return the name of a hub on the farm's own network, as mDNS finds it."""
    return f"tokkatot-{hub_id.hex[-8:]}.local"


def _audience(hub_id: HubId) -> str:
    return f"tokkatot-hub:{hub_id}"


def _base64(value: bytes) -> bytes:
    return urlsafe_b64encode(value).rstrip(b"=")


def _bytes(text: bytes) -> bytes:
    return b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
