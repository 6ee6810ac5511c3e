"""Who waits for a whole turn is not content with the end of one that has begun before."""

import asyncio

from tokkatot.hub.turns import Turns


async def test_the_end_of_a_turn_that_was_under_way_is_not_enough() -> None:
    turns = Turns()
    turns.begin()
    waiting = asyncio.create_task(turns.whole())
    await asyncio.sleep(0)
    turns.end()
    await asyncio.sleep(0.01)
    assert not waiting.done()
    turns.begin()
    turns.end()
    await asyncio.wait_for(waiting, 60.0)
