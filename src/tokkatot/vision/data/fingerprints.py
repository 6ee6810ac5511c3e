"""Perceptual hashes, by which copies of one photograph are found among many."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from tokkatot.vision.preprocess.canvas import Pixels

NEAR = 4
"""Bits of 64 by which two renderings of one photograph may differ."""

_SIDE = 32
_KEPT = 8
_ROWS_AT_ONCE = 512

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Pair:
    """Two photographs by their numbers, the smaller first."""

    one: int
    other: int


def _cosines() -> npt.NDArray[np.float64]:
    place = np.arange(_SIDE)
    return np.cos(np.pi * np.outer(np.arange(_KEPT), 2 * place + 1) / (2 * _SIDE))


def fingerprint(pixels: Pixels) -> int:
    """Return 64 bits that stay nearly the same when a picture is resized or compressed anew."""
    grey = Image.fromarray(pixels).convert("L")
    small = grey.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    cosines = _cosines()
    spectrum = cosines @ np.asarray(small, float) @ cosines.T
    bits = (spectrum > np.median(spectrum)).ravel()
    return int("".join("1" if bit else "0" for bit in bits), 2)


def fingerprints(canvases: Iterable[Pixels]) -> Hashes:
    """Return the fingerprints of some pictures."""
    return np.array([fingerprint(pixels) for pixels in canvases], dtype=np.uint64)


def near_pairs(hashes: Hashes, *, within: int = NEAR) -> Iterator[Pair]:
    """Return every two hashes that differ by at most `within` bits."""
    for start in range(0, len(hashes), _ROWS_AT_ONCE):
        rows = hashes[start : start + _ROWS_AT_ONCE]
        distances = np.bitwise_count(rows[:, None] ^ hashes[None, start:])
        for row, column in np.argwhere(distances <= within).tolist():
            if row < column:
                yield Pair(one=start + row, other=start + column)


def components(count: int, links: Iterable[Pair]) -> Sequence[int]:
    """Return for each of `count` things the smallest number among those it is linked to."""
    root = list(range(count))

    def root_of(thing: int) -> int:
        while root[thing] != thing:
            root[thing] = root[root[thing]]
            thing = root[thing]
        return thing

    for link in links:
        one, other = sorted((root_of(link.one), root_of(link.other)))
        root[other] = one
    return [root_of(thing) for thing in range(count)]
