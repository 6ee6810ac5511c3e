"""What part of its fans a house runs, as its policy's twin is told."""

from dataclasses import replace
from uuid import UUID

import pytest

from tests.support.engine import HOUSE, device, document
from tests.support.fans import FANS, MIDDLE_C, Coop
from tokkatot.automation.inputs import Contact, Order
from tokkatot.automation.instant import Instant
from tokkatot.domain.devices import OFF, DeviceRole
from tokkatot.domain.ids import CommandId, HouseId
from tokkatot.hub.autopilot.fans import FansWatch
from tokkatot.hub.view import WorldView

ELSEWHERE = HouseId(UUID(int=77))


class Watched(Coop):
    """A coop with four fans whose hub shows what they do."""

    def watch(self, watch: FansWatch, view: WorldView) -> None:
        now = Instant(monotonic_s=self.now_s, utc_ms=None)
        view.decided(self.state, self.last.decisions, now, 0)
        watch.look(view, {HOUSE})


@pytest.fixture
def coop() -> Watched:
    made = Watched()
    made.at(MIDDLE_C)
    return made


@pytest.fixture
def view(coop: Watched) -> WorldView:
    view = WorldView()
    view.hold(coop.document)
    for fan in FANS:
        view.contact(fan, online=True)
    return view


def test_it_is_the_mean_from_one_question_to_the_next(coop: Watched, view: WorldView) -> None:
    watch = FansWatch()
    coop.watch(watch, view)
    coop.lend(0.5)
    coop.at(MIDDLE_C)
    coop.watch(watch, view)
    assert watch.take(HOUSE) == pytest.approx(0.75)
    coop.watch(watch, view)
    assert watch.take(HOUSE) == pytest.approx(0.5)
    assert watch.take(HOUSE) is None


def test_what_people_keep_off_and_what_is_away_does_not_run(coop: Watched, view: WorldView) -> None:
    watch = FansWatch()
    order = Order(command=CommandId(UUID(int=1)), device_id=FANS[0], level=OFF, hold_s=300.0)
    coop.step(order)
    coop.step(contacts=(Contact(device_id=FANS[1], online=False),))
    view.contact(FANS[1], online=False)
    coop.watch(watch, view)
    assert watch.take(HOUSE) == pytest.approx(0.5)


def test_a_house_without_fans_and_one_that_nobody_steers_are_told_nothing_of() -> None:
    watch, view = FansWatch(), WorldView()
    view.hold(replace(document(), devices=(device(FANS[0], DeviceRole.VENT),)))
    watch.look(view, {HOUSE, ELSEWHERE})
    assert (watch.take(HOUSE), watch.take(ELSEWHERE)) == (None, None)


def test_a_house_that_is_switched_off_is_forgotten(coop: Watched, view: WorldView) -> None:
    watch = FansWatch()
    coop.watch(watch, view)
    watch.look(view, set())
    assert watch.take(HOUSE) is None
