"""Keeps photographs in a folder, within a limit: those that warn the longest."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import UUID

from tokkatot.wire.pictures import SUSPICIOUS

FREE_BYTES: Final = 512 * 1024 * 1024
"""What a disk keeps free for what matters more: the journal."""
OTHERS: Final = "others"

_SUFFIXES: Final = ((b"\xff\xd8", ".jpg"), (b"\x89PNG", ".png"))


class Album:
    """Names sort by time, since ids do."""

    def __init__(self, folder: Path, *, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes

    def keep(self, picture_id: UUID, data: bytes, *, suspicious: bool) -> bool:
        """Keep a photograph; False where there is no room for it.

        Raises:
            OSError: when the disk does not take it.
        """
        folder = self._folder / (SUSPICIOUS if suspicious else OTHERS)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # What warns of nothing never takes the place of what warns.
        less_worth = (OTHERS, SUSPICIOUS) if suspicious else (OTHERS,)
        if not self._make_room(len(data), less_worth):
            return False
        suffix = next((end for start, end in _SUFFIXES if data.startswith(start)), ".webp")
        half = folder / f"{picture_id}.new"
        half.write_bytes(data)
        half.replace(folder / f"{picture_id}{suffix}")
        return True

    def size(self) -> int:
        """Return how many bytes are kept."""
        return sum(size for _, size in self._oldest_first(OTHERS, SUSPICIOUS))

    def _make_room(self, wanted: int, folders: Sequence[str]) -> bool:
        """Let pictures go until there is room; none, where all of them would not be enough."""
        size, may_go = self.size(), self._oldest_first(*folders)
        most = sum(one for _, one in may_go)
        if self._lacks_room(wanted, size - most, free_bytes(self._folder) + most):
            return False
        for path, one in may_go:
            if not self._lacks_room(wanted, size, free_bytes(self._folder)):
                return True
            path.unlink(missing_ok=True)
            size -= one
        return not self._lacks_room(wanted, size, free_bytes(self._folder))

    def _lacks_room(self, wanted: int, size: int, free: int) -> bool:
        return size + wanted > self._limit_bytes or free - wanted < FREE_BYTES

    def _oldest_first(self, *names: str) -> list[tuple[Path, int]]:
        """Return the pictures of some folders and their sizes in bytes, each folder's by age."""
        found: list[tuple[Path, int]] = []
        for path in (path for name in names for path in sorted((self._folder / name).glob("*"))):
            # The hub renames what it has sent.
            with suppress(FileNotFoundError):
                found.append((path, path.stat().st_size))
        return found


def free_bytes(folder: Path) -> int:
    """Return how much the disk of a folder has left."""
    return shutil.disk_usage(folder).free
