"""A PIN on its way to a hub: enough to know it again, and too little to read it."""

import binascii
import hashlib
from base64 import b64decode, b64encode
from hmac import compare_digest
from typing import Final

SALT_BYTES: Final = 16
_KIND: Final = "scrypt-13-8-1"
"""What the hash costs: 8 MiB and some 20 ms, which a small hub has beside its work. Six digits are
soon tried by who holds the hash; what protects them is the hub, which looks at few."""


def seal_pin(pin: str, salt: bytes) -> str:
    """Return what a hub needs to know a PIN again."""
    assert len(salt) == SALT_BYTES, "each PIN has a salt of its own"
    return f"{_KIND}${b64encode(salt + _digest(pin, salt)).decode()}"


def opens(pin: str, sealed: str) -> bool:
    """Tell whether it is the PIN that was sealed; a seal of another kind is nobody's."""
    kind, _, body = sealed.partition("$")
    if kind != _KIND:
        return False
    try:
        raw = b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return False
    return compare_digest(_digest(pin, raw[:SALT_BYTES]), raw[SALT_BYTES:])


def _digest(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode("utf-8", "replace"), salt=salt, n=2**13, r=8, p=1, dklen=32)
