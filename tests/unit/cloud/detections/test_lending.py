"""Marked photographs as a set: what shows one dropping stays together."""

import io
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from PIL import Image

from tests.support.pictures import drawn, encoded
from tokkatot.cloud.detections.lending import COLUMNS, grouped, labelled
from tokkatot.cloud.detections.model import Detection, Told
from tokkatot.vision.data.canvases import read_canvases
from tokkatot.vision.data.fingerprints import fingerprint, fingerprints, near_pairs
from tokkatot.vision.data.photos import read_photos, sha256_of
from tokkatot.vision.data.splits import Shares, divide
from tokkatot.vision.preprocess.decoding import read_shot

TEN = datetime(2026, 3, 1, 10, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
ONE = drawn(1)
LATER = Image.blend(ONE, drawn(2), 0.27)
"""The same dropping, half an hour later: no copy, and not another one."""


def lent(number: int, picture: Image.Image = ONE, **more: Any) -> Detection:
    values: dict[str, Any] = {
        "id": UUID(int=number),
        "house_id": UUID(int=3),
        "camera": "front",
        "t": TEN,
        "marked_as": Told.COCCIDIOSIS,
        "thumbnail": encoded(picture),
    }
    return Detection(**values | more)


def test_the_two_pictures_are_no_copies_and_nearly_so() -> None:
    one, other = (fingerprint(read_shot(encoded(picture)).pixels) for picture in (ONE, LATER))
    assert 4 < (one ^ other).bit_count() <= 10


def test_what_one_camera_shows_of_one_dropping_is_a_group_by_its_first_photograph() -> None:
    rows = [lent(2, LATER, t=TEN + HALF_HOUR), lent(1), lent(3, drawn(3), t=TEN + 2 * HALF_HOUR)]
    assert grouped(rows) == {
        UUID(int=1): UUID(int=1),
        UUID(int=2): UUID(int=1),
        UUID(int=3): UUID(int=3),
    }


def test_a_dropping_that_lies_for_days_is_one_group() -> None:
    rows = [lent(1 + n, t=TEN + n * timedelta(hours=20)) for n in range(4)]
    assert set(grouped(rows).values()) == {UUID(int=1)}


@pytest.mark.parametrize(
    "more",
    [
        {"camera": "back"},
        {"house_id": UUID(int=4)},
        {"t": TEN + timedelta(days=1, minutes=1)},
        {"marked_as": Told.HEALTHY},
        {"camera": None, "sent_by": UUID(int=7)},
        {"thumbnail": b"no picture"},
    ],
    ids=["camera", "house", "day", "label", "phone", "broken"],
)
def test_what_looks_alike_elsewhere_or_later_is_a_group_of_its_own(more: dict[str, Any]) -> None:
    assert len(set(grouped([lent(1), lent(2, **more)]).values())) == 2


def test_what_one_person_sends_of_one_dropping_is_one_group() -> None:
    phone: dict[str, Any] = {"camera": None, "sent_by": UUID(int=7)}
    rows = [
        lent(1, **phone),
        lent(2, LATER, **phone, house_id=UUID(int=4)),
        lent(3, camera=None, sent_by=UUID(int=8)),
    ]
    assert len(set(grouped(rows).values())) == 2


def test_what_is_lent_says_whose_it_is_and_is_of_no_public_set(tmp_path: Path) -> None:
    data = labelled([lent(1)])
    zipfile.ZipFile(io.BytesIO(data)).extractall(tmp_path)

    (photo,) = read_photos(tmp_path).photos

    assert (photo.label, photo.source, photo.original) == ("coccidiosis", "farm", None)
    assert (photo.group, photo.scene) == (str(UUID(int=1)), f"{UUID(int=3)}-front")
    assert photo.sha256 == sha256_of((tmp_path / photo.name).read_bytes())


@pytest.mark.shared_data
def test_its_rows_may_stand_below_those_of_the_recorded_photographs(shared_data: Path) -> None:
    with (shared_data / "vision" / "manifest.csv").open() as file:
        assert file.readline().rstrip() == ",".join(COLUMNS)


def test_one_dropping_is_never_learned_from_and_tested_on(tmp_path: Path) -> None:
    others = [lent(10 + n, drawn(10 + n)) for n in range(30)]
    data = labelled([lent(1), lent(2, LATER, t=TEN + HALF_HOUR), *others])
    zipfile.ZipFile(io.BytesIO(data)).extractall(tmp_path)
    photos = read_photos(tmp_path)
    canvases = read_canvases(photos, lambda *_: None)
    shares = Shares(validation=0.2, test=0.2, unseen=0.0)
    one, other = (f"coccidiosis/{UUID(int=number)}.jpg" for number in (1, 2))

    for seed in range(30):
        copies = near_pairs(fingerprints(canvases))
        split = divide(photos.photos, copies, shares, seed=seed)
        assert split[one] is split[other]
