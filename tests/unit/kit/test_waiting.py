"""Waiting for a bell, on virtual time."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

import pytest

from tokkatot.kit.waiting import Bell
from tokkatot.sim.time import VirtualLoop

T = TypeVar("T")


def lived(loop: VirtualLoop, story: Coroutine[None, None, T]) -> T:
    task: asyncio.Task[T] = loop.create_task(story)
    loop.run_until(100.0)
    return task.result()


@pytest.fixture
def loop() -> VirtualLoop:
    return VirtualLoop()  # type: ignore[abstract]  # what it lacks, nobody here asks for


def test_who_waits_is_woken_at_once(loop: VirtualLoop) -> None:
    bell = Bell()
    loop.call_later(3.0, bell.set)

    async def story() -> tuple[bool, float]:
        return await bell.set_within(10.0), loop.time()

    assert lived(loop, story()) == (True, 3.0)


def test_nobody_waits_for_longer_than_a_while(loop: VirtualLoop) -> None:
    bell = Bell()
    loop.call_later(10.5, bell.set)

    async def story() -> tuple[bool, float]:
        return await bell.set_within(10.0), loop.time()

    assert lived(loop, story()) == (False, 10.0)


def test_what_is_set_already_is_not_waited_for_until_it_is_cleared(loop: VirtualLoop) -> None:
    bell = Bell()
    bell.set()

    async def story() -> list[tuple[bool, float]]:
        first = await bell.set_within(10.0), loop.time()
        bell.clear()
        return [first, (await bell.set_within(10.0), loop.time())]

    assert lived(loop, story()) == [(True, 0.0), (False, 10.0)]
    assert not bell.is_set()


def test_it_wakes_all_who_wait_even_where_it_is_cleared_at_once(loop: VirtualLoop) -> None:
    bell = Bell()

    def ring() -> None:
        bell.set()
        bell.clear()

    loop.call_later(2.0, ring)

    async def story() -> list[bool]:
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(bell.set_within(5.0)) for _ in range(3)]
        return [task.result() for task in waiting]

    assert lived(loop, story()) == [True, True, True]


def test_who_is_cancelled_leaves_nothing_behind(loop: VirtualLoop) -> None:
    bell = Bell()
    waiting = loop.create_task(bell.set_within(5.0))
    loop.run_until(1.0)
    waiting.cancel()
    loop.run_until(2.0)
    bell.set()

    assert waiting.cancelled()
    assert loop.failures == []


def test_a_bell_that_rings_as_the_time_is_over_has_rung(loop: VirtualLoop) -> None:
    bell = Bell()
    loop.call_later(5.0, bell.set)

    async def story() -> bool:
        return await bell.set_within(5.0)

    assert lived(loop, story())
