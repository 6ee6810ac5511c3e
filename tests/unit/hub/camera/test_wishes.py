"""Photographs that people ask for through the cloud, and what each of them is told."""

from uuid import UUID

import pytest

from tests.support.droppings import HOUSE
from tests.unit.hub.camera.test_watch import Scene
from tokkatot.hub.camera.watch import ASKED_AT_MOST_EVERY_S, MAX_WISHES
from tokkatot.wire.messages import EventRow, Photograph


@pytest.fixture
def scene() -> Scene:
    return Scene()


def wish(number: int = 1, *, house: UUID = HOUSE) -> Photograph:
    return Photograph(
        hub=UUID(int=1),
        id=UUID(int=number),
        session="now",
        house=house,
        issued=0,
        ttl_ms=30_000,
        by=UUID(int=2),
    )


def not_taken(scene: Scene) -> list[tuple[object, object]]:
    return [
        (row.data["request"], row.data["reason"])
        for row in scene.rows
        if isinstance(row, EventRow) and row.type == "photograph.failed"
    ]


async def answered(scene: Scene, rows: int) -> None:
    """Let the watch run until it has told so much."""
    await scene.run_until(lambda: len(scene.rows) >= rows)


async def test_what_a_person_asks_for_is_seen_at_once(scene: Scene) -> None:
    scene.judging.sees = {"front": "healthy", "back": "healthy"}
    scene.watch.photograph(wish())
    await answered(scene, 2)

    assert scene.events() == [("detection.made", "front"), ("detection.made", "back")]
    assert len(scene.judging.rounds) == 1


async def test_who_asks_of_a_camera_that_gives_nothing_is_told_so_each_time(scene: Scene) -> None:
    scene.judging.sees = {"back": "healthy"}
    scene.judging.troubles = {"front": "no answer"}
    scene.watch.photograph(wish(1))
    await answered(scene, 3)
    scene.clock.advance(ASKED_AT_MOST_EVERY_S)
    scene.watch.photograph(wish(2))
    await answered(scene, 5)

    asked = [(str(UUID(int=number)), "no_picture") for number in (1, 2)]
    assert not_taken(scene) == asked


async def test_all_who_asked_for_the_same_round_are_told_what_came_of_it(scene: Scene) -> None:
    scene.judging.sees = {"back": "healthy"}
    for number in (1, 2, 1):
        scene.watch.photograph(wish(number))
    assert scene.watch.is_asked(HOUSE)
    await scene.run_until(lambda: len(not_taken(scene)) >= 2)

    asked = [(str(UUID(int=number)), "no_picture") for number in (1, 2)]
    assert not_taken(scene) == asked
    assert not scene.watch.is_asked(HOUSE)


async def test_no_more_wishes_wait_than_there_is_room_for(scene: Scene) -> None:
    for number in range(MAX_WISHES + 1):
        scene.watch.photograph(wish(number + 1))

    assert not_taken(scene) == [(str(UUID(int=MAX_WISHES + 1)), "moment_ago")]


async def test_a_wish_that_is_sent_again_is_one_wish(scene: Scene) -> None:
    scene.judging.sees = {"front": "healthy", "back": "healthy"}
    scene.watch.photograph(wish())
    await answered(scene, 2)
    scene.watch.photograph(wish())

    assert not_taken(scene) == []
    assert len(scene.judging.rounds) == 1


async def test_who_asks_too_soon_or_of_a_house_without_a_camera_is_told_so(scene: Scene) -> None:
    await scene.watch.look()
    scene.watch.photograph(wish(1))
    scene.watch.photograph(wish(2, house=UUID(int=99)))

    assert not_taken(scene) == [
        (str(UUID(int=1)), "moment_ago"),
        (str(UUID(int=2)), "no_camera"),
    ]
