"""What gathers is handed on together and in order, and no more than fits is taken."""

import asyncio
from collections.abc import Sequence

from tokkatot.cloud.sync.lane import Lane


async def test_what_has_gathered_is_handed_on_together() -> None:
    taken: list[Sequence[int]] = []
    done = asyncio.Event()

    async def work(items: Sequence[int]) -> None:
        taken.append(items)
        if sum(len(part) for part in taken) == 7:
            done.set()

    lane: Lane[int] = Lane(work, limit=10, at_once=4)
    for item in range(7):
        lane.offer(item)
    running = asyncio.create_task(lane.run())
    await done.wait()
    running.cancel()
    assert [list(part) for part in taken] == [[0, 1, 2, 3], [4, 5, 6]]


async def test_a_full_lane_takes_nothing_more() -> None:
    async def never(items: Sequence[int]) -> None:
        raise AssertionError(items)

    lane: Lane[int] = Lane(never, limit=2, at_once=1)
    assert [lane.offer(item) for item in range(3)] == [True, True, False]
