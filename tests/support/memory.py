"""Folders in memory, for what is made and thrown away so often that a disk would slow it down."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

_SHARED = Path("/dev/shm")
_NAME = "tokkatot-test-"
_ROOM = 1 << 30


@contextmanager
def folder_in_memory(otherwise: Path) -> Iterator[Path]:
    """Yield a folder in memory, or the other one where there is no room for it."""
    _forget_the_killed()
    try:
        has_room = shutil.disk_usage(_SHARED).free >= _ROOM and os.access(_SHARED, os.W_OK)
    except OSError:
        has_room = False
    if not has_room:
        yield otherwise
        return
    folder = Path(mkdtemp(prefix=f"{_NAME}{os.getpid()}-", dir=_SHARED))
    # The user whom a server runs as has to come through to its own folder.
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _forget_the_killed() -> None:
    """Remove what runs that were killed have left: memory is not cleaned by anybody else."""
    for left in _SHARED.glob(f"{_NAME}*"):
        number = left.name.removeprefix(_NAME).partition("-")[0]
        if number.isdigit() and not Path("/proc", number).exists():
            shutil.rmtree(left, ignore_errors=True)
