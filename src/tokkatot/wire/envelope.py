"""The one signed envelope `{kid, sig, body}` of orders, desired documents and firmware."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Meta, Struct

from tokkatot.wire.messages import MAX_BODY_BYTES, MessageError


class Envelope(Struct, frozen=True, kw_only=True):
    """Ed25519 (RFC 8032) over the body's exact bytes; `kid` names the key."""

    kid: Annotated[str, Meta(min_length=1, max_length=64)]
    sig: Annotated[bytes, Meta(min_length=64, max_length=64)]
    body: bytes


class SignatureError(Exception):
    """An envelope whose signature can't be trusted; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def seal(body: bytes, *, kid: str, key: Ed25519PrivateKey) -> bytes:
    """Return the envelope around `body` as JSON bytes (signature and body in base64)."""
    return msgspec.json.encode(Envelope(kid=kid, sig=key.sign(body), body=body))


def unseal(payload: bytes, keys: Mapping[str, Ed25519PublicKey]) -> bytes:
    """Return the body of an envelope that one of `keys` has signed.

    Raises:
        MessageError: when the payload is no envelope.
        SignatureError: when the key is unknown or the signature is wrong.
    """
    if len(payload) > 2 * MAX_BODY_BYTES:
        raise MessageError(f"envelope longer than {2 * MAX_BODY_BYTES} bytes")
    try:
        envelope = msgspec.json.decode(payload, type=Envelope)
    except (msgspec.DecodeError, RecursionError) as error:
        raise MessageError(str(error)) from error
    key = keys.get(envelope.kid)
    if key is None:
        raise SignatureError(f"unknown key {envelope.kid!r}")
    try:
        key.verify(envelope.sig, envelope.body)
    except InvalidSignature:
        raise SignatureError("the signature does not fit the body") from None
    return envelope.body
