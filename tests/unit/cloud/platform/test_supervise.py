import asyncio
from datetime import UTC, datetime

from tokkatot.cloud.platform.process import ChildFailed
from tokkatot.cloud.platform.supervise import keep_running
from tokkatot.kit.backoff import Backoff
from tokkatot.kit.clock import ManualClock


class FlakyService:
    """Runs for given times on a virtual clock; an error is a start that fails."""

    def __init__(self, clock: ManualClock, runs_s: list[float | Exception]) -> None:
        self._clock = clock
        self._runs_s = runs_s

    async def start(self) -> None:
        if isinstance(self._runs_s[0], Exception):
            error = self._runs_s[0]
            self._runs_s.pop(0)
            raise error

    async def wait(self) -> int:
        if len(self._runs_s) == 1:
            await asyncio.Event().wait()
        run_s = self._runs_s.pop(0)
        assert not isinstance(run_s, Exception)
        self._clock.advance(run_s)
        return 1

    async def stop(self) -> None:
        self._runs_s.clear()


async def said_for(*runs_s: float | Exception) -> list[str]:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    service = FlakyService(clock, [*runs_s, 1.0])
    said: list[str] = []
    backoff = Backoff(first_s=1.0, cap_s=4.0, random=lambda: 1.0)
    task = asyncio.create_task(
        keep_running("It", service, clock=clock, backoff=backoff, say=said.append)
    )
    for _ in range(100):
        await asyncio.sleep(0)
    task.cancel()
    return said


async def test_what_ends_is_started_again_and_said() -> None:
    assert await said_for(1.0) == [
        "It ended with status 1; starting it again in 1.0 s",
        "It runs again",
    ]


async def test_the_wait_grows_to_its_cap_while_it_keeps_ending() -> None:
    waits = [line for line in await said_for(1.0, 1.0, 1.0, 1.0) if "starting" in line]

    assert [line.rpartition("in ")[2] for line in waits] == ["1.0 s", "2.0 s", "4.0 s", "4.0 s"]


async def test_a_long_run_makes_the_wait_short_again() -> None:
    waits = [line for line in await said_for(1.0, 1.0, 3600.0) if "starting" in line]

    assert waits[-1].endswith("in 1.0 s")


async def test_a_start_that_fails_is_tried_again() -> None:
    assert await said_for(1.0, ChildFailed("no luck")) == [
        "It ended with status 1; starting it again in 1.0 s",
        "It did not start: no luck; starting it again in 2.0 s",
        "It runs again",
    ]


async def test_a_disk_that_is_full_does_not_end_who_watches() -> None:
    said = await said_for(1.0, OSError(28, "No space left on device"))
    assert said[1:] == [
        "It did not start: [Errno 28] No space left on device; starting it again in 2.0 s",
        "It runs again",
    ]
