"""A detector's process of our own: it ends where nobody asks, and is there for who does."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.support.still_clock import StillClock
from tokkatot.cloud.detections.detector import RESTS_AFTER_S, Detector
from tokkatot.cloud.platform.process import ChildSpec


class FakeChild:
    """A process that takes its time to end."""

    started: list["FakeChild"]

    def __init__(self) -> None:
        self.returncode: int | None = None
        self.ending = asyncio.Event()
        self.may_end = asyncio.Event()

    @classmethod
    async def start(cls, _: ChildSpec) -> "FakeChild":
        cls.started.append(cls())
        return cls.started[-1]

    async def stop(self) -> None:
        if self.returncode is not None:
            return
        self.returncode = 0
        self.ending.set()
        await self.may_end.wait()


async def turns() -> None:
    """Let all others come as far as they get."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_who_asks_while_the_resting_process_ends_gets_one_that_is_ended_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def listens(_: int) -> bool:
        return True

    FakeChild.started = []
    monkeypatch.setattr("tokkatot.cloud.detections.detector.Child", FakeChild)
    monkeypatch.setattr("tokkatot.cloud.detections.detector._listens", listens)
    clock = StillClock(datetime(2026, 3, 1, tzinfo=UTC))
    answers = httpx.MockTransport(lambda _: httpx.Response(200, json={"status": "ok"}))
    detector = Detector(url=None, folder=tmp_path, clock=clock, transport=answers)
    await detector.health()
    [first] = FakeChild.started

    running = asyncio.create_task(detector.run())
    await asyncio.sleep(0)
    clock.advance(RESTS_AFTER_S + 1)
    await first.ending.wait()
    asking = asyncio.create_task(detector.health())
    await turns()
    first.may_end.set()
    await asking
    await turns()
    second = FakeChild.started[-1]
    running.cancel()
    async with asyncio.timeout(60):
        await second.ending.wait()
    second.may_end.set()

    assert len(FakeChild.started) == 2
    with pytest.raises(asyncio.CancelledError):
        await running
