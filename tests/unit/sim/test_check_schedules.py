"""The checker of schedules finds what it is there to find."""

from dataclasses import dataclass, field, replace

import pytest

from tokkatot.sim.check_schedules import SchedulesCheck
from tokkatot.sim.layout import SEASONS, first_document, lay_out
from tokkatot.sim.watch import Findings
from tokkatot.wire.messages import Row, ScheduleRunRow

LAYOUT = lay_out(1)
SEASON = SEASONS[0]
DOSE = first_document(LAYOUT, SEASON).schedules[0]
DOCUMENT = replace(first_document(LAYOUT, SEASON), schedules=(DOSE,))
TEN = 600.0


@dataclass
class Hub:
    """A hub that holds one schedule, due every ten minutes, and what is told of it."""

    now_s: float = 0.0
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.findings = Findings(now_s=lambda: self.now_s)
        self.check = SchedulesCheck(self.findings, zone=SEASON.zone, wall_ms=self.wall_ms)
        self.check.wanted(DOCUMENT)
        self.check.held(DOCUMENT)

    def wall_ms(self) -> int:
        return SEASON.start_ms + round(self.now_s * 1000)

    def run(self, due_s: float, at_s: float) -> None:
        """Tell of the run that was due then."""
        self.now_s = at_s
        due_ms = SEASON.start_ms + round(due_s * 1000)
        row = ScheduleRunRow(0, "x", str(DOSE.id), due_ms, self.wall_ms(), "executed", None)
        self.rows.append(row)
        self.check.says([row])
        self.check.told([row])

    def found(self, at_s: float) -> list[str]:
        self.now_s = at_s
        self.check.check()
        return [violation.invariant for violation in self.findings.violations]


@pytest.fixture
def hub() -> Hub:
    return Hub()


def test_runs_that_are_told_once_are_accounted_for(hub: Hub) -> None:
    hub.run(TEN, at_s=TEN + 20)
    hub.run(2 * TEN, at_s=2 * TEN + 20)
    assert hub.found(at_s=2 * TEN + 300) == []


def test_a_run_that_is_never_told_is_found_once_its_time_is_over(hub: Hub) -> None:
    hub.run(TEN, at_s=TEN + 20)
    assert hub.found(at_s=2 * TEN + 200) == []
    assert hub.found(at_s=2 * TEN + 250) == ["every schedule run is accounted for"]


def test_a_run_that_is_told_twice_is_found(hub: Hub) -> None:
    hub.run(TEN, at_s=TEN + 20)
    hub.run(TEN, at_s=TEN + 60)
    assert hub.found(at_s=TEN + 60) == ["no schedule run is told twice"]


def test_a_run_that_was_never_due_is_found(hub: Hub) -> None:
    hub.run(TEN + 60, at_s=TEN + 80)
    assert hub.found(at_s=TEN + 80) == ["no schedule run is made up"]


def test_what_was_due_while_the_schedule_was_another_one_is_not_asked_for(hub: Hub) -> None:
    hub.now_s = TEN - 30
    hub.check.may_change()
    hub.now_s = TEN + 30
    hub.check.held(DOCUMENT)
    assert hub.found(at_s=TEN + 550) == []


def test_a_card_from_before_may_tell_of_a_run_once_more_but_not_twice(hub: Hub) -> None:
    hub.run(TEN, at_s=TEN + 20)
    hub.now_s = TEN + 100
    hub.check.card_restored(SEASON.start_ms + round((TEN - 60) * 1000))
    hub.run(TEN, at_s=TEN + 120)
    assert hub.found(at_s=TEN + 120) == []
    hub.run(TEN, at_s=TEN + 140)
    assert hub.found(at_s=TEN + 140) == ["no schedule run is told twice"]


def test_a_cloud_from_a_backup_must_be_told_again(hub: Hub) -> None:
    hub.run(TEN, at_s=TEN + 20)
    hub.check.cloud_restored([])
    assert hub.found(at_s=TEN + 300) == ["every schedule run is accounted for"]


def test_what_is_forgotten_is_no_longer_asked_for(hub: Hub) -> None:
    hub.check.forget(SEASON.start_ms + round((TEN + 1) * 1000), dropped=[])
    assert hub.found(at_s=TEN + 300) == []


def test_a_run_told_before_it_was_due_stays_told_when_a_cloud_that_dropped_it_is_restored(
    hub: Hub,
) -> None:
    hub.run(2 * TEN, at_s=TEN - 60)
    hub.check.forget(SEASON.start_ms + round((TEN + 1) * 1000), dropped=hub.rows)
    hub.check.cloud_restored([])
    assert hub.found(at_s=2 * TEN + 300) == []


def test_a_run_told_before_it_was_due_and_dropped_is_found_when_it_is_told_again(hub: Hub) -> None:
    hub.run(2 * TEN, at_s=TEN - 60)
    hub.check.forget(SEASON.start_ms + round((TEN + 1) * 1000), dropped=hub.rows)
    hub.check.cloud_restored([])
    hub.run(2 * TEN, at_s=2 * TEN + 20)
    assert hub.found(at_s=2 * TEN + 20) == ["no schedule run is told twice"]


def test_a_card_from_before_may_bring_once_more_what_the_cloud_dropped_but_not_twice(
    hub: Hub,
) -> None:
    hub.run(2 * TEN, at_s=TEN - 60)
    hub.check.forget(SEASON.start_ms + round((TEN + 1) * 1000), dropped=hub.rows)
    hub.now_s = TEN + 100
    hub.check.card_restored(SEASON.start_ms + round((TEN + 60) * 1000))
    hub.run(2 * TEN, at_s=TEN + 120)
    assert hub.found(at_s=TEN + 120) == []
    hub.run(2 * TEN, at_s=TEN + 140)
    assert hub.found(at_s=TEN + 140) == ["no schedule run is told twice"]


def test_a_restored_cloud_may_show_a_forgotten_run_as_often_as_it_was_told(hub: Hub) -> None:
    hub.run(TEN, at_s=TEN + 20)
    hub.check.card_restored(SEASON.start_ms + round((TEN - 60) * 1000))
    hub.run(TEN, at_s=TEN + 120)
    hub.check.forget(SEASON.start_ms + round((TEN + 1) * 1000), dropped=[])
    hub.check.cloud_restored(hub.rows)
    assert hub.found(at_s=TEN + 180) == []
