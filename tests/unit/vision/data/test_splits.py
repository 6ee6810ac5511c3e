from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokkatot.vision.data.fingerprints import Pair
from tokkatot.vision.data.photos import DataRefused, Photo
from tokkatot.vision.data.splits import (
    HELD_OUT,
    Part,
    Shares,
    divide,
    leaks,
    read_split,
    write_split,
)

SHARES = Shares(validation=0.1, test=0.15, unseen=0.1)


def many(
    count: int, *, groups: int = 10_000, scenes: int = 20, label: str = "healthy", source: str = ""
) -> list[Photo]:
    return [
        Photo(
            name=f"{label}{source}{number:04}",
            label=label,
            group=f"{label}{source}{number % groups}",
            scene=f"{label}{number % scenes}",
            source=source or None,
        )
        for number in range(count)
    ]


photo_sets = st.lists(
    st.builds(
        lambda label, group, scene: (label, group, scene),
        st.sampled_from(("healthy", "salmonella")),
        st.one_of(st.none(), st.integers(0, 12)),
        st.one_of(st.none(), st.integers(0, 5)),
    ),
    min_size=1,
    max_size=60,
).map(
    lambda rows: [
        Photo(
            name=f"{number:03}",
            label=label,
            group=None if group is None else f"{label}{group}",
            scene=None if scene is None else f"{label}{scene}",
        )
        for number, (label, group, scene) in enumerate(rows)
    ]
)


@given(photo_sets, st.integers(0, 5), st.data())
@settings(deadline=None)
def test_no_split_leaks(photos: list[Photo], seed: int, data: st.DataObject) -> None:
    number = st.integers(0, len(photos) - 1)
    copies = [
        Pair(one=one, other=other)
        for one, other in data.draw(st.lists(st.tuples(number, number), max_size=8))
    ]

    split = divide(photos, copies, SHARES, seed=seed)

    assert set(split) == {photo.name for photo in photos}
    assert list(leaks(photos, copies, split)) == []


def test_each_class_and_source_gets_its_share_of_each_part() -> None:
    photos = [
        *many(1000),
        *many(200, source="pcr"),
        *many(400, label="newcastle"),
    ]

    split = divide(photos, [], SHARES, seed=1)

    for label, source, count in (
        ("healthy", None, 1000),
        ("healthy", "pcr", 200),
        ("newcastle", None, 400),
    ):
        some = [one for one in photos if (one.label, one.source) == (label, source)]
        parts = Counter(split[photo.name] for photo in some)
        assert parts[Part.VALIDATION] == pytest.approx(count * 0.1, rel=0.2)
        assert parts[Part.TEST] == pytest.approx(count * 0.15, rel=0.2)
        assert parts[Part.UNSEEN] == pytest.approx(count * 0.1, rel=0.2)


def test_the_same_seed_gives_the_same_split_and_another_another() -> None:
    photos = many(300)

    first = divide(photos, [], SHARES, seed=1)

    assert divide(photos, [], SHARES, seed=1) == first
    assert divide(photos, [], SHARES, seed=2) != first


def test_a_large_group_stays_whole() -> None:
    photos = many(400, groups=4)

    split = divide(photos, [], Shares(validation=0.2, test=0.2, unseen=0), seed=1)

    assert all(
        len({split[photo.name] for photo in photos if photo.group == f"healthy{group}"}) == 1
        for group in range(4)
    )


def test_a_copy_a_group_and_a_seen_scene_on_two_sides_are_leaks() -> None:
    photos = [
        Photo(name="a", label="healthy", group="g", scene="s"),
        Photo(name="b", label="healthy", group="g", scene="t"),
        Photo(name="c", label="healthy", scene="s"),
        Photo(name="d", label="healthy"),
    ]
    split = {"a": Part.UNSEEN, "b": Part.TRAIN, "c": Part.VALIDATION, "d": Part.TEST}

    found = [leak.why for leak in leaks(photos, [Pair(one=2, other=3)], split)]

    assert found == ["copies of each other", "group g", "unseen scene s"]


def test_the_held_out_parts_are_one_side() -> None:
    photos = [Photo(name="a", label="healthy", group="g"), Photo(name="b", label="healthy")]
    split = dict(zip(("a", "b"), sorted(HELD_OUT), strict=True))

    assert list(leaks(photos, [Pair(one=0, other=1)], split)) == []


def test_a_split_is_read_as_it_was_written(tmp_path: Path) -> None:
    photos = many(50)
    split = divide(photos, [], SHARES, seed=1)
    path = tmp_path / "split.csv"

    write_split(split, path)

    assert read_split(path, photos) == split


def test_a_split_of_several_sets_serves_each_alone(tmp_path: Path) -> None:
    photos = many(3)
    path = tmp_path / "split.csv"
    write_split({f"marks/{photo.name}": Part.TEST for photo in photos}, path)

    assert read_split(path, photos, root=tmp_path / "marks") == {
        photo.name: Part.TEST for photo in photos
    }
    with pytest.raises(DataRefused, match="says nothing of healthy0000"):
        read_split(path, photos, root=tmp_path / "other")
    with pytest.raises(DataRefused, match="says nothing of"):
        read_split(path, many(4), root=tmp_path / "marks")


@pytest.mark.parametrize("text", ["", "file,part\nhealthy0000,nowhere\n", "file,part\n"])
def test_a_file_that_is_no_whole_split_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "split.csv"
    path.write_text(text)

    with pytest.raises(DataRefused):
        read_split(path, many(1))
