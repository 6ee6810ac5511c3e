"""The PIN of the hub's page: for whoever stands at the hub and has no pass."""

import asyncio
import os
from collections.abc import Callable
from hmac import compare_digest
from pathlib import Path
from typing import Final

import structlog

from tokkatot.hub.journal.port import JournalError, JournalPort
from tokkatot.kit.clock import Clock
from tokkatot.wire.messages import EventRow
from tokkatot.wire.pins import opens

DIGITS: Final = 6
FREE_TRIES: Final = 5
FIRST_WAIT_S: Final = 30.0
LONGEST_WAIT_S: Final = 3600.0
_FILE: Final = "web.pin"
_TRIES: Final = "web.pin_tries"

log = structlog.get_logger(__name__)


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
    """Looks at PINs one after the other, after a few wrong ones ever more rarely.

    It counts for the whole hub: whoever guesses can have any number of addresses on a farm's
    network, and a pass gets in without it. A restart forgives nothing.
    """

    def __init__(self, own: str, *, journal: JournalPort, clock: Clock) -> None:
        self._own = own
        self._journal = journal
        self._clock = clock
        self._wrong = 0
        self._until_s = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def recall(self) -> None:
        """Go on where an earlier run has left off; what was waited for then begins anew."""
        try:
            kept = await self._journal.state(_TRIES)
        except JournalError as error:
            # Nobody knows how often it was wrong: it begins with the wait, and passes get in.
            log.warning("web.tries_not_known", reason=error.reason)
            kept = str(FREE_TRIES).encode()
        self._wrong = int(kept) if kept is not None and kept.isdigit() else 0
        self._wait()

    async def check(self, given: str, sealed: str | None) -> None:
        """Return where the PIN is right: the sealed one, the hub's own where there is none.

        Raises:
            PinLocked: when it is not looked at now, right or wrong.
            PinWrong: when it is another one.
        """
        async with self._one_at_a_time:
            now_s = self._clock.monotonic()
            if now_s < self._until_s:
                raise PinLocked(self._until_s - now_s)
            fits = await self._fits(given, sealed)
            if fits and self._wrong == 0:
                return
            self._wrong = 0 if fits else self._wrong + 1
            self._wait()
            await self._keep()
        if not fits:
            raise PinWrong

    async def _fits(self, given: str, sealed: str | None) -> bool:
        if sealed is None:
            return compare_digest(given.encode("utf-8", "replace"), self._own.encode())
        # It takes as long as it is meant to, while control goes on.
        return await asyncio.to_thread(opens, given, sealed)

    def _wait(self) -> None:
        if self._wrong >= FREE_TRIES:
            doubled = FIRST_WAIT_S * 2 ** min(self._wrong - FREE_TRIES, 20)
            self._until_s = self._clock.monotonic() + min(doubled, LONGEST_WAIT_S)

    async def _keep(self) -> None:
        """Have a wrong try on the disk before the next is looked at, and in the farm's log."""
        try:
            await self._journal.keep_state(_TRIES, str(self._wrong).encode())
            if self._wrong:
                told: dict[str, str | int | float | bool | None] = {"tries": self._wrong}
                wrong = EventRow(0, "e", self._clock.now_ms(), "hub.pin_wrong", told)
                await self._journal.record(events=[wrong], urgent=True)
        except JournalError as error:
            log.warning("web.tries_not_kept", tries=self._wrong, reason=error.reason)
