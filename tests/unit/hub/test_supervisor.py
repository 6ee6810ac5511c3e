"""What breaks is run again; what control hangs on, not for ever."""

import asyncio
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from tokkatot.hub.supervisor import FAILURES_AT_MOST, GaveUp, Service, ServiceUnable, supervise
from tokkatot.kit.clock import ManualClock


class Breaking:
    """A service that breaks so many times and is then at its end."""

    def __init__(self, times: int, *, clock: ManualClock, lasts_s: float = 0.0) -> None:
        self.times = times
        self.runs = 0
        self.told = 0
        self._clock = clock
        self._lasts_s = lasts_s

    async def run(self) -> None:
        self.runs += 1
        self._clock.advance(self._lasts_s)
        if self.runs <= self.times:
            raise RuntimeError("broken")

    def tell(self) -> None:
        self.told += 1


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 1, tzinfo=UTC))


async def test_a_service_at_the_edge_is_run_again_for_ever_ever_more_slowly(
    clock: ManualClock,
) -> None:
    breaking = Breaking(20, clock=clock)
    service = Service(name="edge", run=breaking.run, on_failure=breaking.tell)
    await supervise(service, clock=clock, random=lambda: 1.0)
    assert (breaking.runs, breaking.told) == (21, 20)
    assert 300 < clock.monotonic() <= 20 * 30


async def test_what_a_person_has_to_mend_is_told_on_one_line_and_once(clock: ManualClock) -> None:
    reasons = iter(["no broker", "no broker", "port taken", "no broker"])

    async def run() -> None:
        reason = next(reasons, None)
        if reason is not None:
            raise ServiceUnable(reason)

    with capture_logs() as logs:
        await supervise(Service(name="edge", run=run), clock=clock, random=lambda: 1.0)
    assert [(line["event"], line["reason"]) for line in logs] == [
        ("service.unable", "no broker"),
        ("service.unable", "port taken"),
        ("service.unable", "no broker"),
    ]
    assert all("exc_info" not in line for line in logs)


async def test_an_essential_service_that_breaks_too_often_is_given_up(clock: ManualClock) -> None:
    breaking = Breaking(100, clock=clock)
    with pytest.raises(GaveUp, match="control broke 5 times"):
        await supervise(
            Service(name="control", run=breaking.run, essential=True),
            clock=clock,
            random=lambda: 1.0,
        )
    assert breaking.runs == FAILURES_AT_MOST


async def test_an_essential_service_that_breaks_now_and_then_goes_on(clock: ManualClock) -> None:
    breaking = Breaking(20, clock=clock, lasts_s=61.0)
    await supervise(
        Service(name="control", run=breaking.run, essential=True), clock=clock, random=lambda: 1.0
    )
    assert breaking.runs == 21


async def test_a_service_that_is_cancelled_is_not_run_again(clock: ManualClock) -> None:
    runs: list[int] = []

    async def wait() -> None:
        runs.append(1)
        await asyncio.Event().wait()

    task = asyncio.create_task(
        supervise(Service(name="x", run=wait), clock=clock, random=lambda: 1.0)
    )
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    assert (task.cancelled(), runs) == (True, [1])
