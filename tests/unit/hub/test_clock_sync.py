"""The hub's wall clock with and without the cloud's."""

from datetime import UTC, datetime

import pytest

from tokkatot.hub.clock_sync import EARLIEST_MS, ClockQuality, SyncedClock
from tokkatot.kit.clock import ManualClock

CLOUD_MS = 1_800_000_000_000


@pytest.fixture
def machine() -> ManualClock:
    return ManualClock(datetime(2026, 5, 1, tzinfo=UTC))


@pytest.fixture
def clock(machine: ManualClock) -> SyncedClock:
    return SyncedClock(machine, is_machine_synchronised=lambda: False)


def test_without_the_cloud_the_machine_tells_the_time(
    clock: SyncedClock, machine: ManualClock
) -> None:
    assert clock.now() == machine.now()
    assert clock.quality is ClockQuality.ESTIMATED
    assert clock.cloud_ms() is None


def test_a_machine_that_booted_in_1970_has_no_clock() -> None:
    machine = ManualClock(datetime(1970, 1, 1, tzinfo=UTC))
    clock = SyncedClock(machine, is_machine_synchronised=lambda: True)

    before = clock.quality
    clock.learn(cloud_ms=CLOUD_MS, sent_s=0.0, heard_s=0.0)

    assert (before, clock.quality) == (ClockQuality.UNSET, ClockQuality.GOOD)
    assert clock.now_ms() == CLOUD_MS


def test_a_clock_that_is_set_is_only_an_estimate_until_the_cloud_has_told_the_time(
    clock: SyncedClock,
) -> None:
    before = clock.quality
    clock.learn(cloud_ms=CLOUD_MS, sent_s=0.0, heard_s=0.0)

    assert (before, clock.quality) == (ClockQuality.ESTIMATED, ClockQuality.GOOD)


def test_a_machine_that_was_synchronised_once_is_believed_for_as_long_as_it_runs(
    machine: ManualClock,
) -> None:
    synchronised = iter([False, True])
    clock = SyncedClock(machine, is_machine_synchronised=lambda: next(synchronised))

    assert [clock.quality for _ in range(4)] == [
        ClockQuality.ESTIMATED,
        ClockQuality.GOOD,
        ClockQuality.GOOD,
        ClockQuality.GOOD,
    ]


def test_half_the_round_trip_is_added_and_may_be_wrong(
    clock: SyncedClock, machine: ManualClock
) -> None:
    machine.advance(10.4)
    clock.learn(cloud_ms=CLOUD_MS, sent_s=10.0, heard_s=10.4)

    assert clock.cloud_ms() == (CLOUD_MS + 200, 200)


def test_a_jump_of_the_machine_clock_moves_nothing_once_the_cloud_has_spoken(
    clock: SyncedClock, machine: ManualClock
) -> None:
    clock.learn(cloud_ms=CLOUD_MS, sent_s=0.0, heard_s=0.0)
    for years in (10, -20):
        machine.jump(years * 365 * 86_400)
    machine.advance(60)

    assert clock.now_ms() == CLOUD_MS + 60_000


def test_a_worse_answer_is_taken_only_when_the_better_one_has_drifted(
    clock: SyncedClock, machine: ManualClock
) -> None:
    clock.learn(cloud_ms=CLOUD_MS, sent_s=0.0, heard_s=0.0)
    machine.advance(60)
    clock.learn(cloud_ms=CLOUD_MS + 58_200, sent_s=58.0, heard_s=60.0)
    assert clock.now_ms() == CLOUD_MS + 60_000

    machine.advance(6 * 3600)
    at_s = machine.monotonic()
    told_ms = CLOUD_MS + round(at_s * 1000) - 1_800
    clock.learn(cloud_ms=told_ms, sent_s=at_s - 2, heard_s=at_s)
    assert clock.now_ms() == told_ms + 1_000


def test_a_worse_answer_is_taken_where_the_better_one_can_not_be_right_beside_it(
    clock: SyncedClock, machine: ManualClock
) -> None:
    machine.advance(10.0)
    clock.learn(cloud_ms=CLOUD_MS - 1_200_000, sent_s=9.94, heard_s=10.0)
    machine.advance(120.0)
    clock.learn(cloud_ms=CLOUD_MS, sent_s=129.91, heard_s=130.0)

    assert clock.cloud_ms() == (CLOUD_MS + 45, 45)


def test_a_first_answer_is_taken_however_late_with_the_error_that_it_has(
    clock: SyncedClock, machine: ManualClock
) -> None:
    machine.advance(14.0)
    clock.learn(cloud_ms=CLOUD_MS, sent_s=0.0, heard_s=14.0)

    assert clock.cloud_ms() == (CLOUD_MS + 7_000, 7_000)


@pytest.mark.parametrize(
    ("cloud_ms", "sent_s", "heard_s"),
    [(CLOUD_MS, 5.0, 4.0), (EARLIEST_MS - 1, 0.0, 0.1)],
)
def test_an_answer_that_can_not_be_is_not_believed(
    clock: SyncedClock, cloud_ms: int, sent_s: float, heard_s: float
) -> None:
    clock.learn(cloud_ms=cloud_ms, sent_s=sent_s, heard_s=heard_s)

    assert clock.cloud_ms() is None
