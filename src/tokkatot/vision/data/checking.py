"""Looks for what makes a set worthless: broken files, copies, labels that contradict each other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from tokkatot.vision.data.fingerprints import Hashes, Pair, fingerprint, near_pairs
from tokkatot.vision.data.photos import Photo, PhotoSet, sha256_of
from tokkatot.vision.data.splits import Split, leaks
from tokkatot.vision.preprocess.decoding import PictureRefused, read_shot


class Trouble(StrEnum):
    """What may be wrong with a set; `copies` alone is a warning, the others must be mended."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    CHANGED = "changed"
    CONFLICT = "conflict"
    LEAK = "leak"
    COPIES = "copies"


WARNINGS = frozenset({Trouble.COPIES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing that was found; `text` is one line for a person."""

    trouble: Trouble
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The files of a set that can be read, with their hashes, and what is wrong with the others."""

    photos: tuple[Photo, ...]
    hashes: Hashes
    found: tuple[Found, ...]

    def copies(self) -> list[Pair]:
        """Return the pairs that show one photograph."""
        return list(near_pairs(self.hashes))


def scan(photos: PhotoSet, tell: Callable[[int, int], None]) -> Scan:
    """Read every file once, telling how many of how many are read."""
    kept: list[Photo] = []
    hashes: list[int] = []
    found: list[Found] = []
    for number, photo in enumerate(photos.photos):
        path = photos.path(photo)
        try:
            data = path.read_bytes()
            if photo.sha256 is not None and sha256_of(data) != photo.sha256:
                found.append(_found(Trouble.CHANGED, f"{photo.name}: not the bytes of its sha256"))
            hashes.append(fingerprint(read_shot(data).pixels))
            kept.append(photo)
        except FileNotFoundError:
            found.append(_found(Trouble.MISSING, f"{photo.name}: there is no such file"))
        except (OSError, PictureRefused) as error:
            found.append(_found(Trouble.UNREADABLE, f"{photo.name}: {error}"))
        tell(number + 1, len(photos.photos))
    return Scan(photos=tuple(kept), hashes=np.array(hashes, dtype=np.uint64), found=tuple(found))


def check(scanned: Scan, split: Split | None = None) -> Iterator[Found]:
    """Return everything that is wrong with a set, and with its split where one is given."""
    yield from scanned.found
    copies = scanned.copies()
    yield from _of_labels(scanned.photos, copies)
    if split is not None:
        for leak in leaks(scanned.photos, copies, split):
            yield _found(Trouble.LEAK, f"{leak.one} and {leak.other} stand apart: {leak.why}")


def conflicts(photos: Sequence[Photo], copies: Sequence[Pair]) -> Iterator[Found]:
    """Return where labels contradict each other: nothing can be learned from such a set."""
    return (one for one in _of_labels(photos, copies) if one.trouble not in WARNINGS)


def _of_labels(photos: Sequence[Photo], copies: Sequence[Pair]) -> Iterator[Found]:
    yield from _doubled(photos, copies)
    yield from _grouped_conflicts(photos)


def _doubled(photos: Sequence[Photo], copies: Sequence[Pair]) -> Iterator[Found]:
    for pair in copies:
        one, other = photos[pair.one], photos[pair.other]
        both = f"{one.name} and {other.name}"
        if one.label != other.label:
            yield _found(
                Trouble.CONFLICT, f"{both} look the same and are {one.label} and {other.label}"
            )
        elif one.group is None or one.group != other.group:
            # Copies within one group do no harm: they stay together.
            yield _found(Trouble.COPIES, f"{both} look the same")


def _grouped_conflicts(photos: Sequence[Photo]) -> Iterator[Found]:
    first: dict[str, Photo] = {}
    for photo in photos:
        if photo.group is None:
            continue
        seen = first.setdefault(photo.group, photo)
        if seen.label != photo.label:
            yield _found(
                Trouble.CONFLICT,
                f"group {photo.group}: {seen.name} is {seen.label}, {photo.name} {photo.label}",
            )


def _found(trouble: Trouble, text: str) -> Found:
    return Found(trouble=trouble, text=text)
