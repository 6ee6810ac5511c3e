"""Sets of labelled photographs: a folder for each class, or a manifest."""

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from uuid import UUID

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
    """The photographs under a folder, or of several sets that are used together, by name."""

    roots: Mapping[str, Path]
    """With what the names of a set begin, to its folder; of a set alone with nothing."""
    photos: tuple[Photo, ...]

    def path(self, photo: Photo) -> Path:
        """Return where a photograph lies."""
        begins, root = next(one for one in self.roots.items() if photo.name.startswith(one[0]))
        return root / photo.name.removeprefix(begins)

    def labels(self) -> tuple[str, ...]:
        """Return the classes, by name."""
        return tuple(sorted({photo.label for photo in self.photos}))

    def only(self, wanted: Callable[[Photo], bool]) -> "PhotoSet":
        """Return the photographs for which `wanted` says yes."""
        return replace(self, photos=tuple(filter(wanted, self.photos)))


def read_sets(roots: Sequence[Path]) -> PhotoSet:
    """Read sets that are used together.

    Of several, the names and groups of each begin with the name of its folder: what two sets call
    alike is not the same. A group named by a UUID is one everywhere, and so is a scene of one name:
    it can only hold more together.

    Raises:
        DataRefused: where one of them can't be read, or two have one name.
    """
    if len(roots) == 1:
        return read_photos(roots[0])
    named: dict[str, Path] = {}
    photos: list[Photo] = []
    for root in roots:
        name = root.resolve().name
        if name in named:
            raise DataRefused(f"{named[name]} and {root} have one name: rename one of them.")
        named[name] = root
        photos += [_of_set(name, photo) for photo in read_photos(root).photos]
    if len(photos) > MAX_PHOTOS:
        raise DataRefused(f"Together they hold more than {MAX_PHOTOS} photographs.")
    return PhotoSet(
        roots={f"{name}/": root for name, root in named.items()},
        photos=tuple(sorted(photos, key=lambda photo: photo.name)),
    )


def _of_set(name: str, photo: Photo) -> Photo:
    return replace(
        photo,
        name=f"{name}/{photo.name}",
        group=photo.group if _is_unique(photo.group) else f"{name}/{photo.group}",
    )


def _is_unique(group: str | None) -> bool:
    """Return whether no other set calls something else so."""
    if group is None:
        return True
    try:
        UUID(group)
    except ValueError:
        return False
    return True


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
    return PhotoSet(roots={"": root}, photos=photos)


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
