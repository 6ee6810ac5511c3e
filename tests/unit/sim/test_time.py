"""The clock of one machine may be wrong, but it never stands still."""

from tokkatot.sim.time import LocalClock, VirtualLoop

TEN_YEARS_S = 10 * 365 * 86_400.0


def test_a_clock_that_is_set_back_before_1970_goes_on_from_there() -> None:
    loop = VirtualLoop()  # type: ignore[abstract]  # what it lacks, nobody here asks for
    clock = LocalClock(loop, wall_ms=5_000)
    clock.jump(-TEN_YEARS_S)
    assert clock.now_ms() == 0
    loop.run_until(3.0)
    assert clock.now_ms() == 3_000
    clock.jump(TEN_YEARS_S)
    assert clock.now_ms() == 3_000 + round(TEN_YEARS_S * 1000)
