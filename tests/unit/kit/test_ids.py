from datetime import UTC, datetime

from tokkatot.kit.clock import ManualClock
from tokkatot.kit.ids import IdSource

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_ids_are_version_7_and_carry_the_time_in_their_first_48_bits() -> None:
    clock = ManualClock(START)
    made = IdSource(clock).new()

    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert made.int >> 80 == clock.now_ms()


def test_ids_of_one_millisecond_rise_strictly() -> None:
    ids = IdSource(ManualClock(START))

    made = [ids.new() for _ in range(10_000)]

    assert made == sorted(set(made))


def test_ids_keep_rising_when_the_wall_clock_goes_back() -> None:
    clock = ManualClock(START)
    ids = IdSource(clock)
    before = ids.new()

    clock.jump(-3600)

    assert ids.new() > before
