"""Answers that are kept: for how long, how many, and what is made of those that make no sense."""

from typing_extensions import override

from tests.support.cloud import START
from tokkatot.cloud.platform.cache import KEPT_S, OwnCache, remembered
from tokkatot.cloud.platform.schemas import View
from tokkatot.kit.clock import ManualClock


class Sum(View):
    """An answer."""

    value: int


class Maker:
    """Makes answers, and counts them."""

    def __init__(self) -> None:
        self.made = 0

    async def __call__(self) -> Sum:
        self.made += 1
        return Sum(value=self.made)


async def test_an_answer_is_made_once_a_minute_for_each_thing_that_is_asked() -> None:
    clock, make = ManualClock(START), Maker()
    cache = OwnCache(clock=clock)
    asked = [await remembered(cache, about, Sum, make) for about in (("a", 1), ("a", 1), ("a", 2))]
    clock.advance(KEPT_S)
    asked.append(await remembered(cache, ("a", 1), Sum, make))
    assert [one.value for one in asked] == [1, 1, 2, 3]


async def test_what_is_kept_and_makes_no_sense_is_made_anew() -> None:
    class Silly(OwnCache):
        @override
        async def get(self, key: str) -> bytes | None:
            return b'{"total": "many"}'

    make = Maker()
    assert (await remembered(Silly(clock=ManualClock(START)), ("a",), Sum, make)).value == 1


async def test_the_oldest_answers_make_room() -> None:
    cache = OwnCache(clock=ManualClock(START), room_bytes=10)
    for key in ("a", "b", "c"):
        await cache.put(key, b"1234")
    await cache.put("b", b"12345")
    assert [await cache.get(key) for key in ("a", "b", "c")] == [None, b"12345", b"1234"]
    await cache.put("d", b"12345678901")
    assert [await cache.get(key) for key in ("b", "c", "d")] == [None, None, None]
