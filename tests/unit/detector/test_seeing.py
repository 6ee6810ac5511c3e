"""From a camera to what is told, and what is kept of it."""

import hashlib
import io
import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from PIL import Image

from tests.support.pictures import drawn, encoded, huge_jpeg, huge_png
from tests.support.vision import DOUBT_ABOVE, FakeDetector, judged, quality
from tokkatot.detector.album import FREE_BYTES, Album
from tokkatot.detector.seeing import Seeing, small
from tokkatot.hub.journal.rows import MAX_ROW_BYTES, pack_tail
from tokkatot.kit.clock import ManualClock, SystemClock
from tokkatot.vision.detect.verdict import decide
from tokkatot.vision.findings import Finding
from tokkatot.vision.preprocess.decoding import PictureRefused, Refusal
from tokkatot.wire.messages import EventRow
from tokkatot.wire.pictures import (
    DETECTION,
    MAX_THUMBNAIL_BYTES,
    Camera,
    Look,
    Looks,
    detection_in,
    event_data,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HEALTHY = decide(judged(Finding.HEALTHY, 0.97), quality(), doubt_above=DOUBT_ABOVE)


def look(where: Path, number: int = 1) -> Look:
    camera = Camera(name="front", house=UUID(int=3), kind="file", where=str(where))
    return Look(id=UUID(int=number), camera=camera)


def seeing(folder: Path, detector: FakeDetector, *, limit_bytes: int = 10**7) -> Seeing:
    album = Album(folder, limit_bytes=limit_bytes)
    return Seeing(detector, album, ManualClock(NOW), stale_after_s=3600)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "now.jpg"
    path.write_bytes(encoded(drawn(1, width=640, height=480), quality=95))
    return path


@pytest.fixture
def album(tmp_path: Path) -> Path:
    return tmp_path / "album"


def test_what_is_seen_is_told_with_all_that_led_to_it(photo: Path, album: Path) -> None:
    looked = seeing(album, FakeDetector()).look(look(photo))

    seen = looked.detection
    assert looked.trouble is None
    assert seen is not None
    assert (seen.id, seen.house, seen.camera) == (UUID(int=1), UUID(int=3), "front")
    assert (seen.disease, seen.confidence, seen.alert, seen.isolate) == (
        "salmonella",
        0.91,
        True,
        True,
    )
    assert (seen.salmonella, seen.healthy, seen.models) == (0.91, 0.03, "fake")
    assert (seen.width, seen.height, seen.size_bytes) == (640, 480, photo.stat().st_size)
    assert seen.sha256 == hashlib.sha256(photo.read_bytes()).hexdigest()


def test_of_a_folder_it_is_told_how_long_ago_its_picture_was_taken(
    photo: Path, album: Path
) -> None:
    os.utime(photo, (NOW.timestamp() - 90,) * 2)
    assert seeing(album, FakeDetector()).look(look(photo.parent)).age_ms == 90_000


def test_the_small_picture_keeps_its_shape_and_fits_into_a_row_of_the_journal(
    tmp_path: Path, album: Path
) -> None:
    colours = np.random.default_rng(1).integers(0, 256, (900, 900, 3), dtype=np.uint8)
    noise = Image.fromarray(colours)
    worst = tmp_path / "noise.png"
    worst.write_bytes(encoded(noise, "PNG"))
    seen = seeing(album, FakeDetector()).look(look(worst)).detection

    assert seen is not None
    assert len(seen.thumbnail) <= MAX_THUMBNAIL_BYTES
    assert Image.open(io.BytesIO(seen.thumbnail)).size == (224, 224)
    row = EventRow(0, "e", 2**53, DETECTION, event_data(seen))
    assert len(pack_tail(row)) < MAX_ROW_BYTES
    assert detection_in(row.data) == seen


def test_of_hard_grain_the_small_picture_is_smaller_still(tmp_path: Path, album: Path) -> None:
    grain = np.random.default_rng(1).integers(0, 2, (224, 224, 1), dtype=np.uint8) * 255
    fine = Image.fromarray(grain.repeat(3, axis=2))
    coarse = fine.resize((896, 896), Image.Resampling.NEAREST)
    for data in (encoded(fine, "PNG"), encoded(coarse, quality=95)):
        path = tmp_path / "grain"
        path.write_bytes(data)
        seen = seeing(album, FakeDetector()).look(look(path)).detection

        assert seen is not None
        assert seen.thumbnail == small(data)
        assert len(seen.thumbnail) <= MAX_THUMBNAIL_BYTES
        assert Image.open(io.BytesIO(seen.thumbnail)).size == (160, 160)


def test_what_cannot_be_judged_is_refused_in_words_and_not_kept(
    tmp_path: Path, album: Path
) -> None:
    (tmp_path / "now.jpg").write_bytes(b"PK\x03\x04 a zip")
    looked = seeing(album, FakeDetector()).look(look(tmp_path / "now.jpg"))
    assert (looked.detection, looked.trouble) == (None, "This is no JPEG, PNG or WebP picture.")
    assert not album.exists()


def test_the_shipped_models_outlive_any_bytes_and_judge_the_photograph_after_them(
    tmp_path: Path, album: Path
) -> None:
    upright, *others = (drawn(seed, width=480, height=640) for seed in range(3))
    turned = Image.Exif()
    turned[0x0112] = 6
    files = {
        "a zip": b"PK\x05\x06" + bytes(18),
        "a huge PNG": huge_png(20_000),
        "a huge JPEG": huge_jpeg(20_000),
        "CMYK": encoded(upright.convert("CMYK")),
        "moving": encoded(upright, "WEBP", save_all=True, append_images=others),
        "cut off": encoded(upright)[:-900],
        "turned": encoded(upright.transpose(Image.Transpose.ROTATE_90), exif=turned),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    sees = Seeing.open(
        Looks(folder=str(album), limit_bytes=10**8, models=None, looks=()), SystemClock()
    )

    *refused, last = [sees.look(look(tmp_path / name)) for name in files]

    assert [(one.detection, one.trouble) for one in refused] == [
        (None, str(PictureRefused(reason)))
        for reason in (
            Refusal.UNKNOWN_FORMAT,
            Refusal.TOO_MANY_PIXELS,
            Refusal.TOO_MANY_PIXELS,
            Refusal.NO_COLOUR,
            Refusal.ANIMATED,
            Refusal.DAMAGED,
        )
    ]
    assert last.trouble is None
    assert last.detection is not None
    with Image.open(io.BytesIO(last.detection.thumbnail)) as small:
        assert small.size == (168, 224)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_camera_that_is_grey_at_night_works_and_nothing_is_told_of_its_picture(
    tmp_path: Path, album: Path, mode: str
) -> None:
    # The one sends a single component, the other three that are alike.
    grey = drawn(1, width=640, height=480).convert("L").convert(mode)
    (tmp_path / "night.jpg").write_bytes(encoded(grey))
    looks = Looks(folder=str(album), limit_bytes=10**8, models=None, looks=())

    looked = Seeing.open(looks, SystemClock()).look(look(tmp_path / "night.jpg"))

    seen = looked.detection
    assert looked.trouble is None
    assert seen is not None
    assert (seen.disease, seen.alert, "colourless" in seen.reasons) == ("unknown", False, True)
    assert seen.thumbnail.startswith(b"\xff\xd8")


def test_pictures_are_kept_as_they_came_apart_by_whether_they_warn(
    photo: Path, album: Path
) -> None:
    seeing(album, FakeDetector()).look(look(photo, 1))
    seeing(album, FakeDetector(HEALTHY)).look(look(photo, 2))

    kept = {path.relative_to(album).as_posix(): path for path in album.rglob("*.jpg")}
    assert set(kept) == {f"suspicious/{UUID(int=1)}.jpg", f"others/{UUID(int=2)}.jpg"}
    assert all(path.read_bytes() == photo.read_bytes() for path in kept.values())


def test_within_the_limit_what_warns_of_nothing_goes_first_and_the_oldest_of_it(
    album: Path,
) -> None:
    book = Album(album, limit_bytes=350)
    picture = b"\xff\xd8" + bytes(98)
    for number, suspicious in ((1, True), (2, False), (3, False), (4, False), (5, True)):
        assert book.keep(UUID(int=number), picture, suspicious=suspicious)

    assert numbers(album) == [1, 4, 5]
    assert book.size() <= 350


def test_a_picture_larger_than_the_whole_limit_is_not_kept(album: Path) -> None:
    assert Album(album, limit_bytes=50).keep(UUID(int=1), b"\xff\xd8", suspicious=False)
    assert not Album(album, limit_bytes=50).keep(UUID(int=2), bytes(100), suspicious=True)
    assert [path.stem for path in album.rglob("*.*")] == [str(UUID(int=1))]


def test_on_a_disk_that_is_nearly_full_no_picture_is_kept_but_all_is_told(
    photo: Path, album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tokkatot.detector.album.free_bytes", lambda _: FREE_BYTES + photo.stat().st_size - 1
    )
    looked = seeing(album, FakeDetector()).look(look(photo))
    assert looked.detection is not None
    assert looked.trouble == "not kept: no room"
    assert [path for path in album.rglob("*") if path.is_file()] == []


def lend(folder: Path, monkeypatch: pytest.MonkeyPatch, *, bytes_left: int) -> None:
    """Let the disk have so much more than must stay free, and what of the folder goes besides."""
    before = sum(path.stat().st_size for path in folder.rglob("*.*"))

    def free(_: Path) -> int:
        now = sum(path.stat().st_size for path in folder.rglob("*.*"))
        return FREE_BYTES + bytes_left + before - now

    monkeypatch.setattr("tokkatot.detector.album.free_bytes", free)


def numbers(album: Path) -> list[int]:
    return sorted(UUID(path.stem).int for path in album.rglob("*.jpg"))


def test_on_a_disk_that_is_nearly_full_what_warns_takes_the_place_of_what_does_not(
    album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, picture = Album(album, limit_bytes=10**6), b"\xff\xd8" + bytes(98)
    for number, suspicious in ((1, True), (2, False), (3, False), (4, False)):
        assert book.keep(UUID(int=number), picture, suspicious=suspicious)
    lend(album, monkeypatch, bytes_left=-50)

    assert book.keep(UUID(int=5), picture, suspicious=True)
    assert numbers(album) == [1, 4, 5]


def test_what_warns_of_nothing_never_takes_the_place_of_what_warns(
    album: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, picture = Album(album, limit_bytes=250), b"\xff\xd8" + bytes(98)
    for number in (1, 2):
        assert book.keep(UUID(int=number), picture, suspicious=True)

    assert not book.keep(UUID(int=3), picture, suspicious=False)
    lend(album, monkeypatch, bytes_left=50)
    assert not Album(album, limit_bytes=10**6).keep(UUID(int=4), picture, suspicious=False)
    assert numbers(album) == [1, 2]


def test_a_disk_that_fails_costs_the_picture_and_not_what_was_seen(
    photo: Path, album: Path
) -> None:
    album.write_bytes(b"a file where the folder should be")
    looked = seeing(album, FakeDetector()).look(look(photo))
    assert looked.detection is not None
    assert (looked.trouble or "").startswith("not kept: ")
