from pathlib import Path

import pytest

from tests.support.pictures import drawn, write_set
from tokkatot.vision.data.photos import DataRefused, read_photos


def manifest(root: Path, *lines: str) -> Path:
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")
    return root


def test_folders_name_the_classes(tmp_path: Path) -> None:
    write_set(tmp_path, {"healthy": [drawn(1)], "salmonella": [drawn(2), drawn(3)]})
    (tmp_path / "healthy" / "notes.txt").write_text("no photograph")

    photos = read_photos(tmp_path)

    assert [(photo.name, photo.label) for photo in photos.photos] == [
        ("healthy/0.png", "healthy"),
        ("salmonella/0.png", "salmonella"),
        ("salmonella/1.png", "salmonella"),
    ]
    assert photos.labels() == ("healthy", "salmonella")


def test_a_manifest_says_what_it_knows_and_no_more(tmp_path: Path) -> None:
    root = manifest(
        tmp_path,
        "file,class,label_source,group_id,scene_id,sha256,original_name",
        "b.jpg,healthy,pcr,g1,s1,ABCDEF,healthy.12.jpg",
        "a.jpg,salmonella,,,,,",
    )

    one, other = read_photos(root).photos

    assert (one.name, one.source, one.group, one.scene) == ("a.jpg", None, None, None)
    assert (other.name, other.source, other.group, other.scene) == ("b.jpg", "pcr", "g1", "s1")
    assert (one.sha256, other.sha256) == (None, "abcdef")
    assert (one.original, other.original) == (None, "healthy.12.jpg")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("name,class", "a.jpg,healthy"), "no columns"),
        (("file,class", "a.jpg,"), "line 2"),
        (("file,class", "../a.jpg,healthy"), "not inside"),
        (("file,class", "/etc/a.jpg,healthy"), "not inside"),
        (("file,class", "a.jpg,healthy", "a.jpg,salmonella"), "twice"),
        (("file,class",), "no photographs"),
        (("file,class", f"a.jpg,{'x' * 140_000}"), "can't be read: field larger"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused(
    tmp_path: Path, lines: tuple[str, ...], told: str
) -> None:
    with pytest.raises(DataRefused, match=told):
        read_photos(manifest(tmp_path, *lines))


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match="no folder"):
        read_photos(tmp_path / "nowhere")
