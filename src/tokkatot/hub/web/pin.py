"""The PIN of the hub's page: for whoever stands at the hub and has no pass."""

import os
from collections.abc import Callable
from hmac import compare_digest
from pathlib import Path
from typing import Final

from tokkatot.kit.clock import Clock

DIGITS: Final = 6
FREE_TRIES: Final = 5
FIRST_WAIT_S: Final = 30.0
LONGEST_WAIT_S: Final = 3600.0
_FILE: Final = "web.pin"


def kept_pin(folder: Path, random_bytes: Callable[[int], bytes]) -> str:
    """Return the PIN of this hub, made at the first call.

    Raises:
        OSError: when the folder can't be written.
    """
    kept = read_pin(folder)
    if kept is not None:
        return kept
    path = folder / _FILE
    pin = f"{int.from_bytes(random_bytes(8)) % 10**DIGITS:0{DIGITS}d}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{pin}\n")
    return pin


def read_pin(folder: Path) -> str | None:
    """Return the PIN that was kept, None where there is none."""
    try:
        return (folder / _FILE).read_text(encoding="ascii").strip() or None
    except (FileNotFoundError, UnicodeDecodeError):
        return None


class PinWrong(Exception):
    """It is another PIN."""


class PinLocked(Exception):
    """Too many were wrong; nobody's PIN is looked at for `wait_s` more."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"{wait_s:.0f} s")
        self.wait_s = wait_s


class PinLock:
    """Looks at PINs, after a few wrong ones ever more rarely.

    It counts for the whole hub: whoever guesses can have any number of addresses on a farm's
    network, and a pass gets in without it.
    """

    def __init__(self, pin: str, *, clock: Clock) -> None:
        self._pin = pin.encode()
        self._clock = clock
        self._wrong = 0
        self._until_s = 0.0

    def check(self, given: str) -> None:
        """Return where the PIN is right.

        Raises:
            PinLocked: when it is not looked at now, right or wrong.
            PinWrong: when it is another one.
        """
        now_s = self._clock.monotonic()
        if now_s < self._until_s:
            raise PinLocked(self._until_s - now_s)
        if compare_digest(given.encode("utf-8", "replace"), self._pin):
            self._wrong = 0
            return
        self._wrong += 1
        if self._wrong >= FREE_TRIES:
            doubled = FIRST_WAIT_S * 2 ** min(self._wrong - FREE_TRIES, 20)
            self._until_s = now_s + min(doubled, LONGEST_WAIT_S)
        raise PinWrong
