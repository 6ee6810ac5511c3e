from datetime import UTC, datetime

import pytest

from tokkatot.kit.clock import ManualClock, SystemClock, from_ms, to_ms

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_manual_clock_moves_wall_and_monotonic_time_together() -> None:
    clock = ManualClock(START)

    clock.advance(1.5)

    assert clock.now_ms() == to_ms(START) + 1500
    assert clock.monotonic() == 1.5


def test_a_jump_moves_the_wall_time_alone() -> None:
    clock = ManualClock(START)

    clock.jump(-60)

    assert clock.now_ms() == to_ms(START) - 60_000
    assert clock.monotonic() == 0.0


async def test_sleeping_on_a_manual_clock_takes_no_time_but_its_own() -> None:
    clock = ManualClock(START)

    await clock.sleep(3600)

    assert clock.monotonic() == 3600


def test_a_manual_clock_does_not_run_backwards() -> None:
    with pytest.raises(AssertionError, match="runs forward"):
        ManualClock(START).advance(-1)


def test_milliseconds_and_instants_convert_both_ways() -> None:
    assert from_ms(to_ms(START)) == START


def test_the_machine_s_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC
