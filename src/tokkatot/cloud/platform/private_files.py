"""Files that nobody else on the machine may read."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Put a text in the place of what a file held; a crash leaves the one or the other, whole."""
    # Several processes may write it at once: each has a draft of its own.
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
