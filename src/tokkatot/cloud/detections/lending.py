"""Marks of people as a set of labelled photographs, for the next training."""

import csv
import hashlib
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import combinations
from typing import Final
from uuid import UUID

from tokkatot.cloud.detections.model import Detection
from tokkatot.domain.droppings import SAME_BITS

COLUMNS: Final = (
    "file",
    "class",
    "original_name",
    "zenodo_name",
    "label_source",
    "rendering",
    "phash",
    "group_id",
    "scene_id",
    "sha256",
)
"""In the order of the set that our models were learned from: rows of both may stand in one file."""
LABELLED_BY: Final = "farm"
MOST: Final = 2000
"""Pictures of one file: about 16 MB."""
SAME_WITHIN: Final = timedelta(days=1)
"""A dropping lies before its camera until somebody cleans."""


def labelled(detections: Sequence[Detection]) -> bytes:
    """Return a ZIP with a manifest, as `tokkatot vision data check` reads it once unpacked."""
    groups = grouped(detections)
    table = io.StringIO()
    rows = csv.DictWriter(table, COLUMNS, restval="", lineterminator="\n")
    rows.writeheader()
    file = io.BytesIO()
    # Pictures are packed already.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as pack:
        for one in detections:
            assert one.marked_as is not None, "only what has a label is lent"
            assert one.thumbnail is not None, "only what has a picture is lent"
            name = f"{one.marked_as.value}/{one.id}.jpg"
            pack.writestr(name, one.thumbnail)
            rows.writerow(
                {
                    "file": name,
                    "class": one.marked_as.value,
                    "label_source": LABELLED_BY,
                    "group_id": str(groups[one.id]),
                    "scene_id": f"{one.house_id}-{one.camera or 'phone'}",
                    "sha256": hashlib.sha256(one.thumbnail).hexdigest(),
                }
            )
        pack.writestr("manifest.csv", table.getvalue())
    return file.getvalue()


def grouped(detections: Sequence[Detection]) -> dict[UUID, UUID]:
    """Return for each photograph the first one that shows the same dropping, as far as it seems.

    What one camera, or one person's phone, took within a day, that is marked alike and looks
    alike: learned from the one and tested on the other, memory would be measured.
    """
    # Only here does the cloud open pictures.
    from tokkatot.vision.data.fingerprints import Pair, components  # noqa: PLC0415

    rows = sorted(detections, key=lambda one: (one.t, one.id))
    looks = [_fingerprint(one) for one in rows]
    alike: dict[object, list[int]] = defaultdict(list)
    for number, one in enumerate(rows):
        who = (one.house_id, one.camera) if one.camera is not None else one.sent_by
        alike[who, one.marked_as].append(number)

    def pairs() -> Iterator[Pair]:
        for numbers in alike.values():
            for first, second in combinations(numbers, 2):
                near = rows[second].t - rows[first].t <= SAME_WITHIN
                if near and _is_same(looks[first], looks[second]):
                    yield Pair(one=first, other=second)

    roots = components(len(rows), pairs())
    return {one.id: rows[root].id for one, root in zip(rows, roots, strict=True)}


def _is_same(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and (one ^ other).bit_count() <= SAME_BITS


def _fingerprint(detection: Detection) -> int | None:
    from tokkatot.vision.data.fingerprints import fingerprint  # noqa: PLC0415
    from tokkatot.vision.preprocess.decoding import PictureRefused, read_shot  # noqa: PLC0415

    assert detection.thumbnail is not None, "only what has a picture is lent"
    try:
        return fingerprint(read_shot(detection.thumbnail).pixels)
    except PictureRefused:
        return None
