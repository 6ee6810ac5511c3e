"""Who may speak to the cloud's broker, as the two files that mosquitto reads."""

import contextlib
import hashlib
import hmac
import os
import signal
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tokkatot.cloud.platform.private_files import write_private
from tokkatot.cloud.platform.process import running_pid

PASSWORD_FILE = "passwords"  # noqa: S105 - a file's name
ACCESS_FILE = "access"
PID_FILE = "broker.pid"
"""Written by whoever starts the broker (`process.Child`)."""

_ITERATIONS = 101  # what mosquitto_passwd uses; a login's password is 128 bits of randomness
_SALT_BYTES = 12
_FORBIDDEN = frozenset("\r\n\0")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerLogin:
    """A login with what it may do: lines such as `write farm/…/up` or `read farm/…/ack`."""

    name: str
    password_hash: str
    acl_lines: tuple[str, ...]

    def __post_init__(self) -> None:
        for text in (self.name, self.password_hash, *self.acl_lines):
            assert not _FORBIDDEN.intersection(text), "one line of a file must stay one line"
        assert self.name, "a login has a name"
        assert ":" not in self.name, "a colon ends the name"


def hash_password(password: str, *, salt: bytes | None = None) -> str:
    """Return a hash that mosquitto understands: PBKDF2-SHA512 in its `$7$` form."""
    salt = os.urandom(_SALT_BYTES) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"$7${_ITERATIONS}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def password_fits(password: str, password_hash: str) -> bool:
    """Tell whether a password has this `$7$` hash."""
    try:
        _, kind, iterations, salt, digest = password_hash.split("$")
        if kind != "7":
            return False
        expected = b64decode(digest, validate=True)
        found = hashlib.pbkdf2_hmac(
            "sha512", password.encode(), b64decode(salt, validate=True), int(iterations)
        )
    except (ValueError, NotBase64):
        return False
    return hmac.compare_digest(found, expected)


def cloud_login(name: str, password: str) -> BrokerLogin:
    """Return the cloud's own login, which speaks with every hub."""
    return BrokerLogin(
        name=name, password_hash=hash_password(password), acl_lines=("readwrite farm/#",)
    )


class LoginFiles:
    """The folder that broker and cloud share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.password_path = self.folder / PASSWORD_FILE
        self.access_path = self.folder / ACCESS_FILE

    def write(self, logins: Iterable[BrokerLogin]) -> None:
        """Let exactly these in, and have a running broker read the files again."""
        ordered = sorted(logins, key=lambda login: login.name)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        passwords = "".join(f"{login.name}:{login.password_hash}\n" for login in ordered)
        access = "\n".join(
            "\n".join((f"user {login.name}", *(f"topic {line}" for line in login.acl_lines), ""))
            for login in ordered
        )
        # The access first: a new login without rights is harmless, the other way round is not.
        write_private(self.access_path, access)
        write_private(self.password_path, passwords)
        self._reload()

    def read_passwords(self) -> dict[str, str]:
        """Return name to hash."""
        lines = self.password_path.read_text().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def read_access(self) -> dict[str, tuple[str, ...]]:
        """Return name to access lines."""
        access: dict[str, tuple[str, ...]] = {}
        name = ""
        for line in self.access_path.read_text().splitlines():
            word, _, rest = line.partition(" ")
            if word == "user":
                name = rest
                access[name] = ()
            elif word == "topic":
                access[name] += (rest,)
        return access

    def _reload(self) -> None:
        pid = running_pid(self.folder / PID_FILE)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGHUP)
