import asyncio

from tokkatot.kit.queue import BoundedQueue


async def test_items_come_out_in_the_order_they_went_in() -> None:
    queue: BoundedQueue[int] = BoundedQueue(3)
    await queue.put(1)
    await queue.put(2)

    assert [await queue.get(), await queue.get()] == [1, 2]


def test_a_full_queue_drops_what_is_offered_and_counts_it() -> None:
    queue: BoundedQueue[int] = BoundedQueue(1)

    accepted = [queue.offer(1), queue.offer(2)]

    assert accepted == [True, False]
    assert queue.dropped == 1
    assert queue.drain() == [1]


async def test_a_writer_that_can_wait_waits_for_room() -> None:
    queue: BoundedQueue[int] = BoundedQueue(1)
    await queue.put(1)
    writer = asyncio.create_task(queue.put(2))
    await asyncio.sleep(0)
    waiting = not writer.done()

    first = await queue.get()
    await writer

    assert waiting
    assert [first, *queue.drain()] == [1, 2]
