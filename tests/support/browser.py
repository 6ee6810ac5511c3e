"""A browser's side of web push: its subscription, and what it reads of what comes (RFC 8291)."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LAST_RECORD = b"\x02"


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Browser:
    """One that has subscribed at a push service."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)
    auth: bytes = b"sixteen bytes..."

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def body(self, **more: object) -> dict[str, object]:
        """Return what the phone app posts to the cloud."""
        keys = {"p256dh": encoded(self.point), "auth": encoded(self.auth)}
        return {"kind": "web_push", "endpoint": self.endpoint, **keys, **more}

    def opened(self, sealed: bytes) -> bytes:
        """Decrypt what came, as RFC 8291 and RFC 8188 say."""
        salt, size, rest = sealed[:16], int.from_bytes(sealed[16:20], "big"), sealed[20:]
        assert len(sealed) <= 4096, "push services take no more"
        assert size >= len(rest) - 1 - rest[0], "all is in one record"
        sender, sealed_text = rest[1 : 1 + rest[0]], rest[1 + rest[0] :]
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        secret = self.key.exchange(ec.ECDH(), theirs)
        shared = derived(secret, self.auth, b"WebPush: info\0" + self.point + sender, 32)
        key = derived(shared, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = derived(shared, salt, b"Content-Encoding: nonce\0", 12)
        text = AESGCM(key).decrypt(nonce, sealed_text, None).rstrip(b"\0")
        assert text.endswith(LAST_RECORD)
        return text.removesuffix(LAST_RECORD)

    def read(self, sealed: bytes) -> Any:
        """Return what the service worker gets."""
        return json.loads(self.opened(sealed))


def derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)
