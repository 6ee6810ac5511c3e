"""What the hub's page keeps of what its cameras saw, and what it lets go."""

from uuid import UUID

from tests.support.droppings import HOUSE, detection
from tokkatot.hub.web.seen_book import MAX_LASTS, MAX_SEEN, SeenBook
from tokkatot.wire.messages import EventRow
from tokkatot.wire.pictures import DETECTION, event_data


def see(book: SeenBook, numbers: range, disease: str, camera: str) -> list[str]:
    """Let a camera see something each minute; return the ids."""
    ids = []
    for number in numbers:
        seen = detection(number, disease, camera=camera)
        book.take(EventRow(0, "e", number * 60_000, DETECTION, event_data(seen)))
        ids.append(str(seen.id))
    return ids


def cameras(book: SeenBook) -> list[str]:
    return [seen.camera for _, seen in book.of(HOUSE)]


def test_what_an_open_alert_is_about_stays_until_it_is_closed() -> None:
    needed: set[str] = set()
    book = SeenBook(lambda: needed)
    [about] = see(book, range(1), "newcastle", "front")
    needed.add(about)
    see(book, range(1, 3 * MAX_SEEN), "newcastle", "front")
    held, kept = book.one(UUID(about)), len(book.of(HOUSE))
    needed.clear()
    see(book, range(3 * MAX_SEEN, 3 * MAX_SEEN + 1), "newcastle", "front")

    assert held is not None
    assert kept == MAX_SEEN + 1
    assert book.one(UUID(about)) is None
    assert len(book.of(HOUSE)) == MAX_SEEN


def test_what_a_camera_saw_last_stays_after_it_died() -> None:
    book = SeenBook(frozenset)
    see(book, range(3), "healthy", "back")
    see(book, range(3, 3 * MAX_SEEN), "healthy", "front")

    assert cameras(book) == ["front"] * MAX_SEEN + ["back"]
    assert book.of(HOUSE)[-1][0] == 2 * 60_000


def test_a_camera_of_one_name_in_another_house_is_another_one() -> None:
    book = SeenBook(frozenset)
    elsewhere = detection(0, "healthy", house=UUID(int=99), camera="front")
    book.take(EventRow(0, "e", 0, DETECTION, event_data(elsewhere)))
    see(book, range(1, 2 * MAX_SEEN), "healthy", "front")

    assert len(book.of(UUID(int=99))) == 1


def test_of_cameras_that_were_renamed_again_and_again_not_all_stay() -> None:
    book = SeenBook(frozenset)
    many = MAX_LASTS + MAX_SEEN
    for number in range(many):
        see(book, range(number, number + 1), "healthy", f"camera {number}")
    see(book, range(many, many + MAX_SEEN), "healthy", "front")

    assert len(book.of(HOUSE)) == MAX_SEEN + MAX_LASTS - 1
