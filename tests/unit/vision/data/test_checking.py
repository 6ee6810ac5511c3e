from pathlib import Path

import pytest

from tests.support.pictures import drawn, encoded, write_set
from tokkatot.vision.data.checking import Trouble, check, scan
from tokkatot.vision.data.photos import Photo, PhotoSet, read_photos, sha256_of
from tokkatot.vision.data.splits import Part


def untold(done: int, total: int) -> None:
    assert 0 < done <= total


def troubles(photos: PhotoSet) -> list[tuple[Trouble, str]]:
    return [(one.trouble, one.text) for one in check(scan(photos, untold))]


def test_a_sound_set_has_no_trouble(tmp_path: Path) -> None:
    write_set(tmp_path, {"healthy": [drawn(1), drawn(2)], "salmonella": [drawn(3)]})

    assert troubles(read_photos(tmp_path)) == []


def test_what_looks_the_same_under_two_names_is_told(tmp_path: Path) -> None:
    write_set(tmp_path, {"healthy": [drawn(1), drawn(1).resize((90, 90))]})

    assert troubles(read_photos(tmp_path)) == [
        (Trouble.COPIES, "healthy/0.png and healthy/1.png look the same")
    ]


def test_what_looks_the_same_and_is_labelled_twice_is_a_conflict(tmp_path: Path) -> None:
    write_set(tmp_path, {"healthy": [drawn(1)], "salmonella": [drawn(1)]})

    ((trouble, text),) = troubles(read_photos(tmp_path))
    assert trouble is Trouble.CONFLICT
    assert "healthy and salmonella" in text


def test_a_group_of_two_classes_is_a_conflict(tmp_path: Path) -> None:
    write_set(tmp_path, {"healthy": [drawn(1)], "salmonella": [drawn(2)]})
    photos = (
        Photo(name="healthy/0.png", label="healthy", group="g"),
        Photo(name="salmonella/0.png", label="salmonella", group="g"),
    )

    ((trouble, _),) = troubles(PhotoSet(roots={"": tmp_path}, photos=photos))
    assert trouble is Trouble.CONFLICT


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        (None, Trouble.MISSING),
        (b"no picture", Trouble.UNREADABLE),
        (encoded(drawn(1)), Trouble.CHANGED),
    ],
    ids=["missing", "unreadable", "changed"],
)
def test_a_file_that_is_not_as_described_is_told(
    tmp_path: Path, content: bytes | None, trouble: Trouble
) -> None:
    if content is not None:
        (tmp_path / "a.jpg").write_bytes(content)
    sha256 = sha256_of(encoded(drawn(2))) if trouble is Trouble.CHANGED else None
    photo = Photo(name="a.jpg", label="healthy", sha256=sha256)

    assert [one for one, _ in troubles(PhotoSet(roots={"": tmp_path}, photos=(photo,)))] == [
        trouble
    ]


def test_a_split_with_a_copy_on_two_sides_is_told(tmp_path: Path) -> None:
    write_set(tmp_path, {"healthy": [drawn(1), drawn(1)]})
    split = {"healthy/0.png": Part.TRAIN, "healthy/1.png": Part.TEST}

    found = list(check(scan(read_photos(tmp_path), untold), split))

    assert [one.trouble for one in found] == [Trouble.COPIES, Trouble.LEAK]
