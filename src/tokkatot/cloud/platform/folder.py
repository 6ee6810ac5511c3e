"""The data folder, which one program at a time may own."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCK_NAME = "tokkatot.lock"


class FolderRefused(Exception):
    """The data folder can't be used; the text is one line for a person."""


@contextmanager
def own_folder(data_dir: Path) -> Iterator[Path]:
    """Hold the data folder; the kernel lets go of it however we end.

    Raises:
        FolderRefused: when another program holds it or nothing can be written there.
    """
    folder = data_dir.absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Kept when we end: removing a lock file lets two programs hold one name.
        lock = (folder / _LOCK_NAME).open("a+")
    except OSError as error:
        raise FolderRefused(
            f"The data folder {folder} can't be written ({error.strerror}): "
            "set TOKKATOT_DATA_DIR to one that can."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise FolderRefused(
                f"Tokkatot already runs on the data folder {folder} (process {holder})."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield folder
