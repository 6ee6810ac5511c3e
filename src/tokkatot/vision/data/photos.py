"""Sets of labelled photographs: a folder for each class, or a manifest."""

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

MANIFEST = "manifest.csv"
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
MAX_PHOTOS = 200_000


class DataRefused(Exception):
    """A set that can't be read as it is; the text is one line for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """One labelled file; what the manifest does not say is None."""

    name: str
    """Its path inside the set, with slashes."""
    label: str
    group: str | None = None
    """Photographs of one dropping, or of one burst, share it."""
    scene: str | None = None
    """Photographs before a like background share it."""
    source: str | None = None
    """Who gave the label, such as `farm` or `pcr`."""
    sha256: str | None = None
    original: str | None = None
    """What it is called in the public sets that our models were learned from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoSet:
    """The photographs under a folder, by name."""

    root: Path
    photos: tuple[Photo, ...]

    def path(self, photo: Photo) -> Path:
        """Return where a photograph lies."""
        return self.root / photo.name

    def labels(self) -> tuple[str, ...]:
        """Return the classes, by name."""
        return tuple(sorted({photo.label for photo in self.photos}))

    def only(self, wanted: Callable[[Photo], bool]) -> "PhotoSet":
        """Return the photographs for which `wanted` says yes."""
        return PhotoSet(root=self.root, photos=tuple(filter(wanted, self.photos)))


def read_photos(root: Path) -> PhotoSet:
    """Read a set by its manifest, or by its folders where it has none.

    Raises:
        DataRefused: where there is no such set, or its manifest can't be read.
    """
    if not root.is_dir():
        raise DataRefused(f"There is no folder {root}.")
    manifest = root / MANIFEST
    found = _listed(manifest) if manifest.is_file() else _by_folder(root)
    photos = tuple(sorted(found, key=lambda photo: photo.name))
    if not photos:
        raise DataRefused(f"{root} holds no photographs: no {MANIFEST}, and no folder of a class.")
    if len(photos) > MAX_PHOTOS:
        raise DataRefused(f"{root} holds more than {MAX_PHOTOS} photographs.")
    names = [photo.name for photo in photos]
    for one, other in pairwise(names):
        if one == other:
            raise DataRefused(f"{manifest} names {one} twice.")
    return PhotoSet(root=root, photos=photos)


def sha256_of(data: bytes) -> str:
    """Return the hash of a file's bytes, as manifests write it."""
    return hashlib.sha256(data).hexdigest()


def _by_folder(root: Path) -> Iterator[Photo]:
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                yield Photo(name=path.relative_to(root).as_posix(), label=folder.name)


def _listed(manifest: Path) -> Iterator[Photo]:
    try:
        text = manifest.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(text.splitlines())
        columns, rows = reader.fieldnames or (), list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataRefused(f"{manifest} can't be read: {error}") from None
    if "file" not in columns or "class" not in columns:
        raise DataRefused(f"{manifest} has no columns `file` and `class`.")
    for line, row in enumerate(rows, start=2):
        yield _photo(row, where=f"{manifest}, line {line}")


def _photo(row: Mapping[str, str | None], *, where: str) -> Photo:
    name, label = row["file"], row["class"]
    if not name or not label:
        raise DataRefused(f"{where}: `file` or `class` is empty.")
    path = Path(name)
    if path.is_absolute() or ".." in path.parts:
        raise DataRefused(f"{where}: {name} is not inside the folder.")
    return Photo(
        name=path.as_posix(),
        label=label,
        group=row.get("group_id") or None,
        scene=row.get("scene_id") or None,
        source=row.get("label_source") or None,
        sha256=(row.get("sha256") or "").lower() or None,
        original=row.get("original_name") or None,
    )
