from pathlib import Path

from tokkatot.vision.data.photos import read_photos
from tokkatot.vision.data.splits import Part
from tokkatot.vision.data.stats import stats


def test_a_manifest_is_counted_by_class_source_group_scene_and_part(tmp_path: Path) -> None:
    rows = (
        "file,class,label_source,group_id,scene_id",
        "a.jpg,healthy,farm,g1,s1",
        "b.jpg,healthy,pcr,g1,s2",
        "c.jpg,healthy,pcr,,",
        "d.jpg,salmonella,,g2,s1",
        "e.jpg,salmonella,farm,g1,",
    )
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    photos = read_photos(tmp_path).photos
    split = dict(
        zip(
            (photo.name for photo in photos),
            (Part.TRAIN, Part.TRAIN, Part.UNSEEN, Part.TEST, Part.TRAIN),
            strict=True,
        )
    )

    assert list(stats(photos)) == [
        ("class", "photos", "farm", "pcr", "groups", "scenes"),
        ("healthy", "3", "1", "2", "1", "2"),
        ("salmonella", "2", "1", "0", "2", "1"),
        # A group or a scene of two classes is one.
        ("all", "5", "2", "2", "2", "2"),
    ]
    assert [row[6:] for row in stats(photos, split)] == [
        ("train", "validation", "test", "unseen"),
        ("2", "0", "0", "1"),
        ("1", "0", "1", "0"),
        ("3", "0", "1", "1"),
    ]
