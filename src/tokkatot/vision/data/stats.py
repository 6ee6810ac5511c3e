"""Counts a set: classes, sources of labels, groups, scenes, parts."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from tokkatot.vision.data.photos import Photo
from tokkatot.vision.data.splits import Part, Split


def stats(photos: Sequence[Photo], split: Split | None = None) -> Iterator[tuple[str, ...]]:
    """Return the rows of a table, the head first: a row a class, and one for all of them."""
    sources = sorted({photo.source for photo in photos if photo.source is not None})
    parts = tuple(Part) if split is not None else ()
    yield ("class", "photos", *sources, "groups", "scenes", *(part.value for part in parts))
    labels = sorted({photo.label for photo in photos})
    rows: list[tuple[str, Sequence[Photo]]] = [
        (label, [photo for photo in photos if photo.label == label]) for label in labels
    ]
    for name, some in (*rows, ("all", photos)):
        by_source = Counter(photo.source for photo in some)
        by_part = Counter(split[photo.name] for photo in some) if split is not None else Counter()
        yield (
            name,
            str(len(some)),
            *(str(by_source[source]) for source in sources),
            _different(some, lambda photo: photo.group),
            _different(some, lambda photo: photo.scene),
            *(str(by_part[part]) for part in parts),
        )


def _different(photos: Sequence[Photo], key: Callable[[Photo], str | None]) -> str:
    return str(len({key(photo) for photo in photos} - {None}))
