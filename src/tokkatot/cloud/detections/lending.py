"""Marks of people as a set of labelled photographs, for the next training."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Sequence
from typing import Final

from tokkatot.cloud.detections.model import Detection

COLUMNS: Final = ("file", "class", "group_id", "scene_id", "label_source", "sha256")
LABELLED_BY: Final = "farm"
MOST: Final = 2000
"""Pictures of one file: about 16 MB."""


def labelled(detections: Sequence[Detection]) -> bytes:
    """Return a ZIP with a manifest, as `tokkatot vision data check` reads it once unpacked."""
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(COLUMNS)
    file = io.BytesIO()
    # Pictures are packed already.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as pack:
        for one in detections:
            assert one.marked_as is not None, "only what has a label is lent"
            assert one.thumbnail is not None, "only what has a picture is lent"
            name = f"{one.marked_as.value}/{one.id}.jpg"
            pack.writestr(name, one.thumbnail)
            rows.writerow(
                (
                    name,
                    one.marked_as.value,
                    str(one.id),
                    f"{one.house_id}-{one.camera or 'phone'}",
                    LABELLED_BY,
                    hashlib.sha256(one.thumbnail).hexdigest(),
                )
            )
        pack.writestr("manifest.csv", table.getvalue())
    return file.getvalue()
