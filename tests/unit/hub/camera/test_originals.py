from pathlib import Path
from uuid import UUID

import pytest

from tokkatot.hub.camera.originals import Originals
from tokkatot.wire.pictures import PART_BYTES, SUSPICIOUS, Kept

FIRST, SECOND = UUID(int=1), UUID(int=2)
PHOTO = bytes(range(256)) * (PART_BYTES // 256) + b"the rest"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / SUSPICIOUS).mkdir()
    return tmp_path


def keep(folder: Path, which: UUID, data: bytes = PHOTO, suffix: str = ".jpg") -> None:
    (folder / SUSPICIOUS / f"{which}{suffix}").write_bytes(data)


def test_where_nothing_was_suspicious_there_is_nothing_to_send(tmp_path: Path) -> None:
    assert Originals(tmp_path).next_part() is None


def test_a_photograph_goes_part_by_part_and_is_over_once_the_cloud_has_it(folder: Path) -> None:
    keep(folder, FIRST)
    originals = Originals(folder)

    first = originals.next_part()
    assert first is not None
    originals.kept(Kept(id=FIRST, through=first.through))
    rest = originals.next_part()
    assert rest is not None
    originals.kept(Kept(id=FIRST, through=rest.through))

    assert first.data + rest.data == PHOTO
    assert (rest.at, rest.size) == (PART_BYTES, len(PHOTO))
    assert originals.next_part() is None
    assert Originals(folder).next_part() is None


def test_a_part_without_an_answer_is_offered_again(folder: Path) -> None:
    keep(folder, FIRST)
    originals = Originals(folder)

    once, again = originals.next_part(), originals.next_part()

    assert once is not None
    assert once == again


def test_the_cloud_says_where_to_go_on_after_a_restart(folder: Path) -> None:
    keep(folder, FIRST)
    originals = Originals(folder)
    originals.next_part()

    originals.kept(Kept(id=FIRST, through=PART_BYTES))
    part = originals.next_part()

    assert part is not None
    assert part.data == b"the rest"


def test_the_oldest_goes_first_and_neither_half_written_nor_strange_files_go(
    folder: Path,
) -> None:
    (folder / SUSPICIOUS / "0-notes.jpg").write_bytes(PHOTO)
    keep(folder, SECOND)
    keep(folder, FIRST)
    keep(folder, UUID(int=0), suffix=".new")

    part = Originals(folder).next_part()

    assert part is not None
    assert part.id == FIRST


def test_a_word_on_another_photograph_moves_nothing(folder: Path) -> None:
    keep(folder, FIRST)
    originals = Originals(folder)
    originals.next_part()

    originals.kept(Kept(id=SECOND, through=len(PHOTO)))

    part = originals.next_part()
    assert part is not None
    assert (part.id, part.at) == (FIRST, 0)
    assert not originals.answered.is_set()


def test_a_photograph_that_the_album_let_go_of_gives_way_to_the_next(folder: Path) -> None:
    keep(folder, FIRST)
    keep(folder, SECOND)
    originals = Originals(folder)
    originals.next_part()
    (folder / SUSPICIOUS / f"{FIRST}.jpg").unlink()

    assert originals.next_part() is None
    part = originals.next_part()
    assert part is not None
    assert part.id == SECOND


def test_what_is_not_told_yet_lets_others_go_first(folder: Path) -> None:
    keep(folder, FIRST)
    keep(folder, SECOND)
    originals = Originals(folder)
    part = originals.next_part(frozenset({FIRST}))
    assert part is not None
    assert part.id == SECOND
    assert Originals(folder).next_part(frozenset({FIRST, SECOND})) is None
