"""The hub's data folder, which one hub at a time may use."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FolderRefused(Exception):
    """A data folder that can't be used; the text is one line for a person."""


@contextmanager
def own_folder(path: Path) -> Iterator[None]:
    """Make the folder, and keep every other hub out of it until the end of the block.

    The kernel drops the lock with the process, however that ends.

    Raises:
        FolderRefused: when it can't be made or opened, or another hub uses it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The folder itself is what is locked: on a full disk there is no room for a file.
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise FolderRefused(f"The data folder {path} can't be used: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FolderRefused(f"Another hub uses the data folder {path}: end it first") from error
        yield
    finally:
        os.close(descriptor)
