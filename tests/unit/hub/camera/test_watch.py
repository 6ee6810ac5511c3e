"""Rounds of photographs and what the journal tells of them."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from typing_extensions import override

from tests.support.droppings import HOUSE, detection
from tests.support.fake_journal import FakeCard, FakeJournal
from tokkatot.hub.camera.alerts import OVER_AFTER_MS
from tokkatot.hub.camera.process import Judging, RoundFailed
from tokkatot.hub.camera.watch import (
    ASKED_AT_MOST_EVERY_S,
    FIRST_AFTER_S,
    LOOKS_UP_EVERY_S,
    STATE,
    Watch,
)
from tokkatot.hub.config import PictureSettings
from tokkatot.hub.journal.port import JournalTimeout
from tokkatot.kit.clock import ManualClock
from tokkatot.kit.ids import IdSource
from tokkatot.wire.messages import AlertRow, EventRow, Row
from tokkatot.wire.pictures import SUSPICIOUS, Camera, Looked, Looks, detection_in

WISH = UUID(int=33)
START = datetime(2026, 3, 1, tzinfo=UTC)
SETTINGS = PictureSettings(
    cameras=(
        Camera(name="front", house=HOUSE, kind="file", where="/front.jpg"),
        Camera(name="back", house=UUID(int=4), kind="http", where="http://back/"),
    ),
    every_s=1800,
    limit_bytes=10**8,
)


class FakeJudging(Judging):
    """Sees what it is told to see, by the camera; what it is not told is not answered."""

    def __init__(self) -> None:
        self.sees: dict[str, str | None] = {}
        self.troubles: dict[str, str] = {}
        self.age_ms = 0
        self.failed: str | None = None
        self.rounds: list[Looks] = []
        self.looked = asyncio.Event()

    @override
    async def round(self, looks: Looks) -> Sequence[Looked]:
        self.rounds.append(looks)
        self.looked.set()
        if self.failed is not None:
            raise RoundFailed(self.failed)
        answers: list[Looked] = []
        for look in looks.looks:
            name, house = look.camera.name, look.camera.house
            disease = self.sees.get(name)
            seen = (
                None
                if disease is None
                else msgspec.structs.replace(
                    detection(len(self.rounds), disease, house=house), id=look.id, camera=name
                )
            )
            if seen is not None or name in self.troubles:
                trouble = self.troubles.get(name)
                answers.append(
                    Looked(id=look.id, detection=seen, trouble=trouble, age_ms=self.age_ms)
                )
        return answers


class Scene:
    """A watch with all that it stands on."""

    def __init__(
        self,
        settings: PictureSettings = SETTINGS,
        *,
        now: datetime = START,
        card: FakeCard | None = None,
        folder: Path = Path("/pictures"),
    ) -> None:
        self.clock = ManualClock(now)
        self.is_time_good = True
        self.journal = FakeJournal(card)
        self.judging = FakeJudging()
        self.watch = Watch(
            settings,
            folder=folder,
            judging=self.judging,
            journal=self.journal,
            clock=self.clock,
            is_time_good=lambda: self.is_time_good,
            new_id=IdSource(self.clock).new,
        )

    @property
    def rows(self) -> list[Row]:
        return self.journal.recorded("events")

    async def run_for(self, real_s: float) -> None:
        running = asyncio.create_task(self.watch.run())
        await asyncio.sleep(real_s)
        running.cancel()

    async def run_until(self, condition: Callable[[], bool]) -> None:
        running = asyncio.create_task(self.watch.run())
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.01)
        running.cancel()

    def events(self) -> list[tuple[str, object]]:
        return [(row.type, row.data["camera"]) for row in self.rows if isinstance(row, EventRow)]


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_what_is_seen_is_told_with_its_picture_and_then_what_people_should_know(
    scene: Scene,
) -> None:
    scene.judging.sees = {"front": "salmonella", "back": "healthy"}
    await scene.watch.look()

    told, alert, healthy = scene.rows
    assert isinstance(told, EventRow)
    assert isinstance(alert, AlertRow)
    seen = detection_in(told.data)
    assert (seen.disease, seen.camera, seen.thumbnail) == ("salmonella", "front", b"\xff\xd8jpeg")
    assert (alert.type, alert.about, alert.t) == ("dropping_suspicious", str(seen.id), told.t)
    assert isinstance(healthy, EventRow)
    assert healthy.data["disease"] == "healthy"


async def test_the_process_is_told_where_pictures_lie_and_how_much_room_there_is(
    scene: Scene,
) -> None:
    await scene.watch.look()
    [looks] = scene.judging.rounds
    assert (looks.folder, looks.limit_bytes, looks.models) == ("/pictures", 10**8, None)
    assert looks.stale_after_s == 3600
    assert [look.camera for look in looks.looks] == list(SETTINGS.cameras)


async def test_each_round_begins_with_another_camera(scene: Scene) -> None:
    for _ in range(3):
        await scene.watch.look()
    assert [looks.looks[0].camera.name for looks in scene.judging.rounds] == [
        "front",
        "back",
        "front",
    ]


async def test_what_was_taken_before_is_of_then_and_told_now(scene: Scene) -> None:
    scene.judging.sees, scene.judging.age_ms = {"front": "newcastle"}, 90_000
    await scene.watch.look()

    told, alert, _ = scene.rows
    assert isinstance(told, EventRow)
    assert isinstance(alert, AlertRow)
    assert (told.t, alert.t) == (scene.clock.now_ms() - 90_000, scene.clock.now_ms())


async def test_where_one_looks_seldom_a_picture_may_be_older() -> None:
    scene = Scene(replace(SETTINGS, every_s=4 * 3600))
    await scene.watch.look()
    assert scene.judging.rounds[0].stale_after_s == 8 * 3600


def test_houses_that_are_looked_at_too_seldom_for_a_flock_are_known() -> None:
    third = Camera(name="third", house=HOUSE, kind="file", where="/third.jpg")
    seldom = replace(SETTINGS, cameras=(*SETTINGS.cameras, third), every_s=7200)
    assert Scene(seldom).watch.too_seldom() == {UUID(int=4)}
    assert Scene(replace(SETTINGS, every_s=5400)).watch.too_seldom() == set()


async def test_a_camera_that_fails_is_told_once_and_so_is_that_it_works_again(
    scene: Scene,
) -> None:
    scene.judging.sees = {"front": "healthy"}
    scene.judging.troubles = {"back": "no answer"}
    await scene.watch.look()
    await scene.watch.look()
    scene.judging.sees["back"], scene.judging.troubles = "healthy", {}
    await scene.watch.look()

    assert scene.events() == [
        ("detection.made", "front"),
        ("camera.failed", "back"),
        ("detection.made", "front"),
        ("detection.made", "front"),
        ("detection.made", "back"),
        ("camera.works", "back"),
    ]


async def test_people_are_told_of_a_camera_that_fails_twice_and_once_it_works(
    scene: Scene,
) -> None:
    scene.judging.sees = {"front": "healthy"}
    scene.judging.troubles = {"back": "no answer"}
    told = []
    for _ in range(3):
        await scene.watch.look()
        told.append(alerts(scene))
    scene.judging.sees["back"], scene.judging.troubles = "healthy", {}
    await scene.watch.look()

    raised, cleared = [row for row in scene.rows if isinstance(row, AlertRow)]
    assert told == [[], [("camera_failed", "raised")], [("camera_failed", "raised")]]
    assert (raised.house, raised.about, raised.severity) == (str(UUID(int=4)), "back", "warning")
    assert (cleared.alert, cleared.change) == (raised.alert, "cleared")


async def test_a_camera_that_fails_once_now_and_then_is_no_alert(scene: Scene) -> None:
    for sees in ("healthy", None, "healthy", None, "healthy"):
        scene.judging.sees = {"front": sees, "back": "healthy"}
        await scene.watch.look()
    assert alerts(scene) == []


async def test_the_alert_of_a_camera_is_known_after_a_restart_and_ends_with_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokkatot.hub.camera.watch.LOOKS_UP_EVERY_S", 0.01)
    scene.judging.sees = {"front": "healthy"}
    for _ in range(2):
        await scene.watch.look()
    same = Scene(card=scene.journal.card)
    await same.run_for(0.05)
    still = alerts(same)
    without = Scene(replace(SETTINGS, cameras=SETTINGS.cameras[:1]), card=same.journal.card)
    await without.run_until(lambda: len(alerts(without)) == 2)

    assert still == [("camera_failed", "raised")]
    assert alerts(without) == [("camera_failed", "raised"), ("camera_failed", "cleared")]


async def test_a_process_that_breaks_costs_one_round_and_is_told(scene: Scene) -> None:
    scene.judging.failed = "the models' process ended with status -9 and said nothing"
    await scene.watch.look()
    scene.judging.failed, scene.judging.sees = None, {"front": "healthy", "back": "healthy"}
    await scene.watch.look()

    assert [kind for kind, _ in scene.events()] == [
        "camera.failed",
        "camera.failed",
        *("detection.made", "camera.works") * 2,
    ]


async def test_a_camera_whose_turn_never_came_is_told_of(scene: Scene) -> None:
    scene.judging.sees = {"front": "healthy"}
    await scene.watch.look()
    assert scene.events() == [("detection.made", "front"), ("camera.failed", "back")]


async def test_what_was_seen_is_untold_until_the_disk_has_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokkatot.hub.camera.watch.LOOKS_UP_EVERY_S", 0.01)
    scene.judging.sees = {"front": "newcastle", "back": "healthy"}
    scene.journal.trouble = JournalTimeout(1)
    scene.watch.ask(HOUSE, WISH)
    running = asyncio.create_task(scene.watch.run())
    await scene.judging.looked.wait()
    looked = {look.id for looks in scene.judging.rounds for look in looks.looks}
    async with asyncio.timeout(60):
        while scene.watch.untold != looked:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        untold = scene.watch.untold
        scene.journal.trouble = None
        while scene.watch.untold:
            await asyncio.sleep(0.01)
    running.cancel()

    assert untold == looked


async def test_what_was_told_is_known_after_a_restart(scene: Scene) -> None:
    scene.judging.sees = {"front": "newcastle"}
    await scene.watch.look()
    again = Scene()
    again.journal = FakeJournal(scene.journal.card)
    again.watch._journal = again.journal
    again.judging.sees = {"front": "newcastle"}
    running = asyncio.create_task(again.watch.run())
    again.watch.ask(HOUSE, WISH)
    await again.judging.looked.wait()
    while STATE not in again.journal.card.states or len(again.rows) < 4:
        await asyncio.sleep(0)
    running.cancel()

    assert [row.type for row in again.rows if isinstance(row, AlertRow)] == ["dropping_suspicious"]


def alerts(scene: Scene) -> list[tuple[str, str]]:
    return [(row.type, row.change) for row in scene.rows if isinstance(row, AlertRow)]


async def test_a_boot_without_a_clock_ends_no_alert_and_forgets_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tokkatot.hub.camera.watch.LOOKS_UP_EVERY_S", 0.01)
    scene.judging.sees = {"front": "newcastle", "back": "healthy"}
    for _ in range(3):
        await scene.watch.look()
    after = Scene(now=datetime(1970, 1, 1, 0, 0, 30, tzinfo=UTC), card=scene.journal.card)
    after.is_time_good = False
    running = asyncio.create_task(after.watch.run())
    await asyncio.sleep(0.05)

    after.clock.jump((START + timedelta(hours=2) - after.clock.now()).total_seconds())
    after.is_time_good = True
    await asyncio.sleep(0.05)
    nothing_new = alerts(after)
    after.judging.sees = {"front": "newcastle", "back": "healthy"}
    after.judging.rounds = [*scene.judging.rounds]
    await after.watch.look()
    running.cancel()

    assert nothing_new == [("dropping_suspicious", "raised")]
    assert alerts(after)[1:] == [("flock_suspicious", "raised")]


async def test_alerts_go_on_while_nobody_stands_for_the_clock(scene: Scene) -> None:
    scene.is_time_good = False
    scene.judging.sees = {"front": "newcastle", "back": "healthy"}
    for _ in range(3):
        await scene.watch.look()
    scene.clock.jump(-START.timestamp())
    await scene.watch.look()

    assert alerts(scene) == [("dropping_suspicious", "raised"), ("flock_suspicious", "raised")]
    assert [row.t for row in scene.rows if isinstance(row, AlertRow)][-1] == 0


async def test_an_alert_that_the_journal_had_no_room_for_is_told_in_the_next_round(
    scene: Scene,
) -> None:
    scene.judging.sees = {"front": "newcastle"}
    scene.judging.troubles = {"back": "no answer"}
    scene.journal.is_full = True
    await scene.watch.look()
    scene.journal.is_full = False
    await scene.watch.look()

    assert alerts(scene) == [("dropping_suspicious", "raised")]
    assert sorted(scene.events()) == [("camera.failed", "back"), ("detection.made", "front")]


async def test_what_was_seen_while_the_journal_was_full_speaks_for_a_flock(scene: Scene) -> None:
    scene.judging.sees = {"front": "newcastle"}
    scene.journal.is_full = True
    for _ in range(3):
        await scene.watch.look()
    scene.journal.is_full = False
    await scene.watch.look()

    assert alerts(scene) == [("dropping_suspicious", "raised"), ("flock_suspicious", "raised")]


async def test_that_a_camera_works_again_is_told_once_there_is_room(scene: Scene) -> None:
    scene.judging.sees, scene.judging.troubles = {"front": "healthy"}, {"back": "no answer"}
    await scene.watch.look()
    scene.judging.sees["back"] = "healthy"
    scene.judging.troubles = {}
    scene.journal.is_full = True
    await scene.watch.look()
    scene.journal.is_full = False
    await scene.watch.look()

    assert scene.events()[-1] == ("camera.works", "back")


async def test_the_end_of_an_alert_is_told_once_there_is_room(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.judging.sees = {"front": "newcastle"}
    await scene.watch.look()
    scene.judging.sees = {}
    monkeypatch.setattr("tokkatot.hub.camera.watch.LOOKS_UP_EVERY_S", LOOKS_UP_EVERY_S / 30_000)
    scene.clock.advance(OVER_AFTER_MS / 1000)
    scene.journal.is_full = True
    running = asyncio.create_task(scene.watch.run())
    await scene.judging.looked.wait()
    await asyncio.sleep(0.05)
    scene.journal.is_full = False
    async with asyncio.timeout(60):
        while len(alerts(scene)) < 2:
            await asyncio.sleep(0.01)
    running.cancel()

    assert alerts(scene)[-1] == ("dropping_suspicious", "cleared")


async def test_people_who_ask_again_and_again_get_one_photograph(scene: Scene) -> None:
    assert scene.watch.ask(HOUSE, WISH)
    await scene.watch.look()
    assert not scene.watch.ask(HOUSE, WISH)
    scene.clock.advance(ASKED_AT_MOST_EVERY_S)
    assert scene.watch.ask(HOUSE, WISH)


async def test_the_first_round_waits_for_what_is_more_urgent_and_the_next_half_an_hour(
    scene: Scene,
) -> None:
    assert not scene.watch.is_due()
    scene.clock.advance(FIRST_AFTER_S)
    assert scene.watch.is_due()
    await scene.watch.look()
    scene.clock.advance(1799)
    assert not scene.watch.is_due()
    scene.clock.advance(1)
    assert scene.watch.is_due()


@pytest.mark.parametrize("name", ["{}.jpg", "{}.png", "{}.sent.webp"])
def test_a_photograph_is_found_by_its_name_without_a_walk_through_the_album(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / SUSPICIOUS / name.format(WISH)
    path.parent.mkdir()
    path.write_bytes(b"a photograph")
    monkeypatch.delattr(Path, "glob")

    watch = Scene(folder=tmp_path).watch
    assert watch.suspicious(WISH) == path
    assert watch.suspicious(UUID(int=8)) is None
