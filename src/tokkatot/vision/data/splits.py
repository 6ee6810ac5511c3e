"""Divides a set so that no dropping, burst or copy stands on two sides."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from random import Random  # noqa: TID251 - made by the caller's seed

from tokkatot.vision.data.fingerprints import Pair, components
from tokkatot.vision.data.photos import DataRefused, Photo


class Part(StrEnum):
    """What a photograph is for."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    UNSEEN = "unseen"
    """Held out like `test`, before backgrounds that no other part shows."""


HELD_OUT = frozenset({Part.TEST, Part.UNSEEN})

Split = Mapping[str, Part]
"""The name of a photograph to its part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How much of each class goes where; the rest is learned from."""

    validation: float
    test: float
    unseen: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Two photographs that belong together and stand on two sides."""

    one: str
    other: str
    why: str


def bundles(photos: Sequence[Photo], copies: Iterable[Pair]) -> Sequence[int]:
    """Return for each photograph the bundle that must not be divided."""
    first: dict[str, int] = {}
    links = list(copies)
    for number, photo in enumerate(photos):
        if photo.group is not None:
            links.append(Pair(one=first.setdefault(photo.group, number), other=number))
    return components(len(photos), links)


def divide(photos: Sequence[Photo], copies: Iterable[Pair], shares: Shares, *, seed: int) -> Split:
    """Divide a set; the same seed gives the same split.

    Whole scenes are held out first, then bundles, of each class and source of labels alike.
    """
    random = Random(seed)  # noqa: S311 - no secret
    bundle = bundles(photos, copies)
    held_scenes = _held_scenes(photos, shares.unseen, random)
    unseen = {bundle[n] for n, photo in enumerate(photos) if photo.scene in held_scenes}
    parts: dict[int, Part] = {}
    for stratum in _strata(photos, bundle):
        free = [one for one in stratum if one not in unseen]
        random.shuffle(free)
        sizes = {one: stratum[one] for one in free}
        total = sum(stratum.values())
        for part, share in ((Part.TEST, shares.test), (Part.VALIDATION, shares.validation)):
            wanted = share * total
            while free and wanted >= sizes[free[-1]] / 2:
                wanted -= sizes[free[-1]]
                parts[free.pop()] = part
    return {
        photo.name: _part(photo, bundle[n], held_scenes, unseen, parts)
        for n, photo in enumerate(photos)
    }


def _part(
    photo: Photo,
    bundle: int,
    held_scenes: frozenset[str],
    unseen: set[int],
    parts: Mapping[int, Part],
) -> Part:
    if bundle in unseen:
        # What is bundled with a held-out scene but shows another one proves nothing about scenes.
        return Part.UNSEEN if photo.scene in held_scenes else Part.TEST
    return parts.get(bundle, Part.TRAIN)


def _held_scenes(photos: Sequence[Photo], share: float, random: Random) -> frozenset[str]:
    """Choose scenes of each class until they hold about `share` of it."""
    sizes: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    totals: dict[str, int] = defaultdict(int)
    for photo in photos:
        totals[photo.label] += 1
        if photo.scene is not None:
            sizes[photo.label][photo.scene] += 1
    held = set()
    for label in sorted(sizes):
        scenes = sorted(sizes[label])
        random.shuffle(scenes)
        wanted = share * totals[label]
        for scene in scenes:
            if wanted >= sizes[label][scene] / 2:
                wanted -= sizes[label][scene]
                held.add(scene)
    return frozenset(held)


def _strata(photos: Sequence[Photo], bundle: Sequence[int]) -> Iterator[dict[int, int]]:
    """Return the bundles of each class and source with their sizes, largest classes by name."""
    strata: dict[tuple[str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    home: dict[int, tuple[str, str]] = {}
    for number, photo in enumerate(photos):
        stratum = home.setdefault(bundle[number], (photo.label, photo.source or ""))
        strata[stratum][bundle[number]] += 1
    for key in sorted(strata):
        yield strata[key]


def leaks(photos: Sequence[Photo], copies: Iterable[Pair], split: Split) -> Iterator[Leak]:
    """Return what a split has on two sides that belongs together; TEST and UNSEEN are one side."""
    side = [_side(split[photo.name]) for photo in photos]
    for pair in copies:
        if side[pair.one] is not side[pair.other]:
            yield Leak(
                one=photos[pair.one].name, other=photos[pair.other].name, why="copies of each other"
            )
    by_group: dict[str, list[int]] = defaultdict(list)
    by_scene: dict[str, list[int]] = defaultdict(list)
    for number, photo in enumerate(photos):
        if photo.group is not None:
            by_group[photo.group].append(number)
        if photo.scene is not None:
            by_scene[photo.scene].append(number)
    for group, numbers in sorted(by_group.items()):
        for one, other in pairwise(numbers):
            if side[one] is not side[other]:
                yield Leak(one=photos[one].name, other=photos[other].name, why=f"group {group}")
    for scene, numbers in sorted(by_scene.items()):
        yield from _shown_scene(photos, numbers, scene, split)


def _side(part: Part) -> Part:
    return Part.TEST if part in HELD_OUT else part


def _shown_scene(
    photos: Sequence[Photo], numbers: Sequence[int], scene: str, split: Split
) -> Iterator[Leak]:
    unseen = [n for n in numbers if split[photos[n].name] is Part.UNSEEN]
    shown = [n for n in numbers if split[photos[n].name] in {Part.TRAIN, Part.VALIDATION}]
    if unseen and shown:
        yield Leak(
            one=photos[unseen[0]].name, other=photos[shown[0]].name, why=f"unseen scene {scene}"
        )


def write_split(split: Split, path: Path) -> None:
    """Write a split as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("file", "part"))
        writer.writerows((name, split[name].value) for name in sorted(split))


def read_split(path: Path, photos: Sequence[Photo], *, root: Path | None = None) -> Split:
    """Read a split that has a part for every photograph of a set.

    Of a set that stands alone and lies at `root`, names may begin as they do beside other sets.

    Raises:
        DataRefused: where it can't be read, or a photograph has no part.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            split = {row["file"]: Part(row["part"]) for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError, KeyError, ValueError, csv.Error) as error:
        raise DataRefused(f"{path} is no split: {error}") from None
    lacking = [photo.name for photo in photos if photo.name not in split]
    if lacking and root is not None:
        beside = {photo.name: f"{root.resolve().name}/{photo.name}" for photo in photos}
        if all(name in split for name in beside.values()):
            return {name: split[other] for name, other in beside.items()}
    if lacking:
        raise DataRefused(f"{path} says nothing of {lacking[0]} and {len(lacking) - 1} others.")
    return split
