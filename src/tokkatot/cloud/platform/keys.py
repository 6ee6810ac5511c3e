"""The cloud's signing keys, made at the first start and kept where only it can read them."""

import base64
import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tokkatot.cloud.platform.folder import FolderRefused


class KeyRefused(Exception):
    """A key file that can't be trusted; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeys:
    """One key for people's tokens, another for what hubs obey."""

    token_key: Ed25519PrivateKey
    order_key: Ed25519PrivateKey

    @property
    def order_kid(self) -> str:
        """Return the name of the order key: the start of its public half's hash."""
        return hashlib.sha256(public_bytes(self.order_key.public_key())).hexdigest()[:16]

    @property
    def order_public(self) -> str:
        """Return the public half of the order key as a hub's configuration holds it."""
        return base64.b64encode(public_bytes(self.order_key.public_key())).decode()

    @classmethod
    def load(cls, folder: Path) -> "SigningKeys":
        """Read both keys, making each that is not there yet.

        Raises:
            KeyRefused: when a file is no key, or others may read it.
            FolderRefused: when we can't read or write there.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return cls(
                token_key=_load(folder / "token.key"),
                order_key=_load(folder / "order.key"),
            )
        except OSError as error:
            raise FolderRefused(
                f"The keys in {folder} can't be used ({error.strerror}): "
                "let this user read and write there."
            ) from error


def public_bytes(key: Ed25519PublicKey) -> bytes:
    """Return the 32 bytes of a public key."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def kept_secret(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return what a file holds that nobody else may read, making it where it is not there yet.

    Raises:
        KeyRefused: when others may read it.
    """
    if not path.exists():
        _keep(path, make())
    if path.stat().st_mode & 0o077:
        raise KeyRefused(f"{path}: others may read this key; make it 0600")
    return path.read_bytes()


def _load(path: Path) -> Ed25519PrivateKey:
    content = kept_secret(path, _new)
    try:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(content))
    except ValueError as error:
        raise KeyRefused(f"{path}: {error}") from error


def _new() -> bytes:
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()) + b"\n"


def _keep(path: Path, secret: bytes) -> None:
    """Write a secret under another name and link it, so that of two processes one wins whole."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return
    finally:
        draft.unlink(missing_ok=True)
