"""Keeps photographs in a folder, within a limit: those that warn the longest."""

import shutil
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
        self._make_room(len(data))
        fits = self.size() + len(data) <= self._limit_bytes
        if not fits or free_bytes(folder) - len(data) < FREE_BYTES:
            return False
        suffix = next((end for start, end in _SUFFIXES if data.startswith(start)), ".webp")
        half = folder / f"{picture_id}.new"
        half.write_bytes(data)
        half.replace(folder / f"{picture_id}{suffix}")
        return True

    def size(self) -> int:
        """Return how many bytes are kept."""
        return sum(path.stat().st_size for path in self._oldest_first())

    def _make_room(self, wanted: int) -> None:
        size = self.size()
        for path in self._oldest_first():
            if size + wanted <= self._limit_bytes:
                return
            size -= path.stat().st_size
            path.unlink()

    def _oldest_first(self) -> list[Path]:
        """Return what may go first: what warns of nothing, then the oldest."""
        return [
            path
            for name in (OTHERS, SUSPICIOUS)
            for path in sorted((self._folder / name).glob("*"))
        ]


def free_bytes(folder: Path) -> int:
    """Return how much the disk of a folder has left."""
    return shutil.disk_usage(folder).free
