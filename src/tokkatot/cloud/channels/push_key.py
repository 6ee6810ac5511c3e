"""The key by which push services know this cloud, made when it is first needed."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from tokkatot.cloud.platform.keys import KeyRefused, kept_secret

_FILE = "push.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushKey:
    """Both halves; browsers that subscribed are lost with the private one."""

    private_pem: bytes = field(repr=False)
    public_pem: bytes
    public: str
    """As a browser's `applicationServerKey`."""

    @classmethod
    def load(cls, folder: Path) -> "PushKey":
        """Read the key, making it where it is not there yet.

        Raises:
            KeyRefused: when the file is no key, or others may read it.
        """
        path = folder / _FILE
        pem = kept_secret(path, _new)
        try:
            key = load_pem_private_key(pem, password=None)
        except ValueError as error:
            raise KeyRefused(f"{path}: {error}") from error
        if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
            raise KeyRefused(f"{path}: it is no key of the curve P-256")
        public = key.public_key()
        point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return cls(
            private_pem=pem,
            public_pem=public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            public=urlsafe_b64encode(point).rstrip(b"=").decode(),
        )


def _new() -> bytes:
    key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
