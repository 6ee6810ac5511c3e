"""Suspicious photographs as the camera made them, on their way to the cloud part by part."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog

from tokkatot.kit.waiting import Bell
from tokkatot.wire.pictures import (
    MAX_ORIGINAL_BYTES,
    PART_BYTES,
    SUSPICIOUS,
    Kept,
    Original,
)

SENT: Final = ".sent"
"""Before the ending of a name: the cloud has it."""
_HALF: Final = ".new"

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class _Going:
    """The photograph that is on its way, and from where on it is still to be sent."""

    id: UUID
    path: Path
    size: int
    at: int = 0


class Originals:
    """One photograph at a time, the oldest first; the name of a file says that it is over."""

    def __init__(
        self, folder: Path, *, untold: Callable[[], frozenset[UUID]] = frozenset[UUID]
    ) -> None:
        self._folder = folder / SUSPICIOUS
        self.untold = untold
        """Return the detections that the journal may not have yet: the cloud can't know of them."""
        self._going: _Going | None = None
        self.answered = Bell()
        """Set by each answer of the cloud; who waits for one clears it before."""

    def next_part(self, untold: frozenset[UUID] = frozenset()) -> Original | None:
        """Read what is to be sent next, of what was told; None where there is nothing.

        It waits for the disk, in a thread: who calls it says what was untold when he saw the line
        idle, for what is told meanwhile is no longer untold and not yet acknowledged.
        """
        try:
            going = self._going = self._going or self._next(untold)
            if going is None:
                return None
            with going.path.open("rb") as file:
                file.seek(going.at)
                data = file.read(PART_BYTES)
        except OSError as error:
            # The album has made room meanwhile; another one is next.
            log.warning("camera.original_not_read", reason=error.strerror)
            self._going = None
            return None
        if not data:
            self._going = None
            return None
        return Original(id=going.id, at=going.at, size=going.size, data=data)

    def kept(self, kept: Kept) -> None:
        """Take the cloud's word for how much it has."""
        going = self._going
        if going is None or going.id != kept.id:
            return
        going.at = kept.through
        if kept.through >= going.size:
            self._going = None
            try:
                going.path.rename(going.path.with_name(f"{going.id}{SENT}{going.path.suffix}"))
            except OSError as error:
                # It is offered again, and the cloud wants no more of it.
                log.warning("camera.original_not_noted", reason=error.strerror)
        self.answered.set()

    def _next(self, untold: frozenset[UUID]) -> _Going | None:
        if not self._folder.is_dir():
            return None
        for path in sorted(self._folder.iterdir()):
            which = _named(path)
            if which is None or which in untold:
                continue
            size = path.stat().st_size
            if 0 < size <= MAX_ORIGINAL_BYTES:
                return _Going(id=which, path=path, size=size)
        return None


def _named(path: Path) -> UUID | None:
    """Return which detection a file belongs to; None: it is sent, half written or not ours."""
    if path.suffix == _HALF:
        return None
    try:
        return UUID(path.stem)
    except ValueError:
        return None
