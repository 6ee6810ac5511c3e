"""Which photographs of a set the models have learned from: of these, figures prove nothing."""

from pathlib import Path
from typing import Final

import numpy as np

from tokkatot.vision.data.canvases import Canvases
from tokkatot.vision.data.fingerprints import NEAR, Hashes, fingerprints
from tokkatot.vision.data.photos import DataRefused

FILE: Final = "learned.bin"
"""Beside the models: the fingerprints of what they learned from, sorted, 8 bytes each."""

_BYTES: Final = 8
_FORM: Final = "<u8"
_ROWS_AT_ONCE: Final = 512


def write_learned(canvases: Canvases, folder: Path) -> None:
    """Note beside models what they learned from."""
    (folder / FILE).write_bytes(np.sort(fingerprints(canvases)).astype(_FORM).tobytes())


def read_learned(folder: Path) -> Hashes | None:
    """Return the fingerprints of what models learned from; None where nobody has noted them.

    Raises:
        DataRefused: where the file is none of them.
    """
    path = folder / FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataRefused(f"{path} can't be read: {error.strerror}") from None
    if len(data) % _BYTES:
        raise DataRefused(f"{path} holds no fingerprints.")
    return np.frombuffer(data, _FORM).astype(np.uint64)


def known_among(canvases: Canvases, learned: Hashes) -> int:
    """Return how many pictures are copies of what was learned from."""
    hashes, known = fingerprints(canvases), 0
    for start in range(0, len(hashes), _ROWS_AT_ONCE):
        rows = hashes[start : start + _ROWS_AT_ONCE]
        apart = np.bitwise_count(rows[:, None] ^ learned[None])
        known += int((apart <= NEAR).any(1).sum())
    return known
