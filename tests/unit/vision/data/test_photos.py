from pathlib import Path

import pytest

from tests.support.pictures import drawn, write_set
from tokkatot.vision.data.photos import DataRefused, read_photos, read_sets


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


def test_what_two_sets_call_alike_is_not_the_same(tmp_path: Path) -> None:
    for name in ("shared", "marks"):
        write_set(tmp_path / name, {"healthy": [drawn(1)]})
        rows = ("file,class,group_id,scene_id,label_source", "healthy/0.png,healthy,g1,s1,farm")
        manifest(tmp_path / name, *rows)

    photos = read_sets([tmp_path / "shared", tmp_path / "marks"])

    assert [(one.name, one.group, one.scene, one.source) for one in photos.photos] == [
        (f"{name}/healthy/0.png", f"{name}/g1", "s1", "farm") for name in ("marks", "shared")
    ]
    assert [photos.path(one) for one in photos.photos] == [
        tmp_path / name / "healthy" / "0.png" for name in ("marks", "shared")
    ]
    assert photos == read_sets([tmp_path / "marks", tmp_path / "shared"])


def test_what_is_the_same_in_two_sets_is_not_divided(tmp_path: Path) -> None:
    # As in two ZIPs of one farm's marks.
    group = "0199d3a2-6f0e-7c3b-8a51-0d8f6b1f2c34"
    for name in ("earlier", "later"):
        write_set(tmp_path / name, {"healthy": [drawn(1)]})
        row = f"healthy/0.png,healthy,{group},house-camera"
        manifest(tmp_path / name, "file,class,group_id,scene_id", row)

    photos = read_sets([tmp_path / "earlier", tmp_path / "later"]).photos

    assert {(one.group, one.scene) for one in photos} == {(group, "house-camera")}


def test_what_a_set_does_not_say_it_does_not_say_beside_another(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_set(tmp_path / name, {"healthy": [drawn(1)]})

    photos = read_sets([tmp_path / "a", tmp_path / "b"]).photos

    assert {(one.group, one.scene) for one in photos} == {(None, None)}


def test_a_set_alone_keeps_its_names(tmp_path: Path) -> None:
    write_set(tmp_path, {"healthy": [drawn(1)]})

    assert read_sets([tmp_path]) == read_photos(tmp_path)


def test_two_sets_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("one/marks", "other/marks"):
        write_set(tmp_path / name, {"healthy": [drawn(1)]})

    with pytest.raises(DataRefused, match="have one name"):
        read_sets([tmp_path / "one/marks", tmp_path / "other/marks"])
