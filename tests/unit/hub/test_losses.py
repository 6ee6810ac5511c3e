"""What a hub drops is counted, shown, and told once an hour."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from typing_extensions import override

from tests.support.fake_driver import FakeDriver
from tests.support.fake_journal import FakeJournal
from tests.unit.hub.conftest import Hub
from tokkatot.hub.clock_sync import ClockQuality
from tokkatot.hub.inbox import HubInbox
from tokkatot.hub.losses import TELL_EVERY_S, Losses
from tokkatot.kit.clock import ManualClock
from tokkatot.wire.messages import ReadingRow


class Chatty(FakeDriver):
    """A driver whose devices say what nobody can use."""

    def __init__(self) -> None:
        super().__init__("nodes")
        self.nonsense: dict[str, int] = {}

    @override
    def dropped(self) -> Mapping[str, int]:
        return dict(self.nonsense)


def test_what_was_lost_since_is_told_once_an_hour_and_nothing_else() -> None:
    told: list[dict[str, int]] = []
    driver = Chatty()
    clock = ManualClock(datetime(2026, 6, 1, tzinfo=UTC))
    journal = FakeJournal()
    inbox = HubInbox(journal, clock, clock_quality=lambda: ClockQuality.GOOD)
    losses = Losses([driver], inbox, journal, note=lambda _kind, **new: told.append(new))
    losses.tell(0.0)
    driver.nonsense = {"repeated": 3, "sensor": 1}
    losses.tell(TELL_EVERY_S - 1)
    assert told == []
    losses.tell(TELL_EVERY_S)
    driver.nonsense["repeated"] += 2
    losses.tell(2 * TELL_EVERY_S)
    losses.tell(3 * TELL_EVERY_S)
    assert told == [{"nodes: repeated": 3, "nodes: sensor": 1}, {"nodes: repeated": 2}]
    assert losses.counts() == {"nodes: repeated": 5, "nodes: sensor": 1}


async def test_control_notes_what_was_lost_for_the_cloud(hub: Hub) -> None:
    hub.driver.dropped = lambda: {"repeated": 1}  # type: ignore[method-assign]
    await hub.turn(TELL_EVERY_S)
    (event,) = [row for row in hub.events("e") if getattr(row, "type", "") == "hub.dropped"]
    assert getattr(event, "data", None) == {"fake: repeated": 1}


def test_what_the_journal_could_not_keep_is_shown_and_told_by_the_journal_itself() -> None:
    told: list[dict[str, int]] = []
    journal = FakeJournal()
    inbox = HubInbox(
        journal,
        ManualClock(datetime(2026, 6, 1, tzinfo=UTC)),
        clock_quality=lambda: ClockQuality.GOOD,
    )
    losses = Losses([], inbox, journal, note=lambda _kind, **new: told.append(new))
    journal.offer(readings=[ReadingRow(0, "r", "d", "temperature", 1, math.inf, 0)])
    losses.tell(0.0)
    assert losses.counts() == {"journal: not kept": 1}
    assert told == []
