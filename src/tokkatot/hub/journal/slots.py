"""Two slots in two files, written in turns: a torn write never takes the last good value."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

_MAGIC = b"tokkatot slot 1"
_SLOTS = ("a", "b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A value as it was kept, and its version."""

    version: int
    value: bytes


class TwoSlots:
    """Keeps the newest value and the one before it.

    A slot is one line `magic version sha256` and the value; a slot that does not fit its sum counts
    as empty. The slot that is not the newest is overwritten, and synced before the call returns.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._paths = [folder / f"{name}.{slot}" for slot in _SLOTS]

    def newest_first(self) -> list[Kept]:
        """Return the values that are whole, the newest first."""
        found = [kept for kept in map(_read, self._paths) if kept is not None]
        return sorted(found, key=lambda kept: kept.version, reverse=True)

    def keep(self, value: bytes, version: int) -> None:
        """Write the value over the older slot.

        Raises:
            OSError: when the disk refuses; the newest value is untouched then.
        """
        versions = [-1 if kept is None else kept.version for kept in map(_read, self._paths)]
        target = self._paths[versions.index(min(versions))]
        head = b"%b %d %b\n" % (_MAGIC, version, hashlib.sha256(value).hexdigest().encode())
        with target.open("wb") as file:
            file.write(head + value)
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _read(path: Path) -> Kept | None:
    try:
        head, _, value = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    magic, _, rest = head.rpartition(b" ")
    magic, _, version = magic.rpartition(b" ")
    if magic != _MAGIC or not version.isdigit():
        return None
    if hashlib.sha256(value).hexdigest().encode() != rest:
        return None
    return Kept(version=int(version), value=value)
