"""What processes share by a real Redis, and what they do while it is away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from typing_extensions import override

from tests.support.processes import free_port
from tests.support.servers import running_redis
from tokkatot.cloud.platform import outbox
from tokkatot.cloud.platform.cache import Cache, OwnCache
from tokkatot.cloud.platform.database import Database
from tokkatot.cloud.platform.limits import Limit, own_limits
from tokkatot.cloud.platform.listen import Subscriber
from tokkatot.cloud.platform.metrics import Metrics
from tokkatot.cloud.platform.redis import RedisCache, RedisFanOut, connect, shared_limits
from tokkatot.domain.ids import FarmId
from tokkatot.kit.clock import SystemClock
from tokkatot.kit.ids import IdSource

pytestmark = pytest.mark.needs("redis-server")

CLOCK = SystemClock()
WITHIN_S = 60.0


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a late answer from being taken for a Redis that is away."""
    for limit in ("TIMEOUT_S", "REQUEST_TIMEOUT_S"):
        monkeypatch.setattr(f"tokkatot.cloud.platform.redis.{limit}", 60.0)


class Ears(Subscriber):
    """Remembers what it hears."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[str] = asyncio.Queue()

    @override
    def heard(self, payload: str) -> None:
        self._heard.put_nowait(payload)

    @override
    def missed(self) -> None:
        self._heard.put_nowait("missed")

    async def next(self) -> str:
        async with asyncio.timeout(WITHIN_S):
            return await self._heard.get()


def fan_out(redis: Redis) -> RedisFanOut:
    return RedisFanOut(redis, clock=CLOCK, random=lambda: 0.0, metrics=Metrics())


@asynccontextmanager
async def running(line: RedisFanOut) -> AsyncIterator[None]:
    task = asyncio.create_task(line.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_one_process_hears_the_commits_of_another_by_farm_and_number_alone(
    redis_url: str, postgres_url: str
) -> None:
    async with connect(redis_url) as redis, connect(redis_url) as other:
        telling, hearing, ears = fan_out(redis), fan_out(other), Ears()
        hearing.subscribe(outbox.CHANNEL, ears)
        database = Database.open(postgres_url, clock=CLOCK, ids=IdSource(CLOCK), fan_out=telling)
        async with running(telling), running(hearing):
            assert await ears.next() == "missed"
            farm_id = await make_farm(database)
            for _ in range(2):
                async with database.transaction() as tx:
                    tx.emit(farm_id, "farm.changed", {"secret": "stays in the database"})
            assert [await ears.next(), await ears.next()] == [f"{farm_id} 1", f"{farm_id} 2"]
        await database.close()


async def test_what_was_rolled_back_is_told_to_nobody(redis_url: str, postgres_url: str) -> None:
    async with connect(redis_url) as redis:
        line, ears = fan_out(redis), Ears()
        line.subscribe(outbox.CHANNEL, ears)
        database = Database.open(postgres_url, clock=CLOCK, ids=IdSource(CLOCK), fan_out=line)
        async with running(line):
            assert await ears.next() == "missed"
            farm_id = await make_farm(database)
            with pytest.raises(ValueError, match="changed my mind"):
                await fail_after_emitting(database, farm_id)
            async with database.transaction() as tx:
                tx.emit(farm_id, "farm.changed", {})
            assert await ears.next() == f"{farm_id} 1"
        await database.close()


async def fail_after_emitting(database: Database, farm_id: FarmId) -> None:
    async with database.transaction() as tx:
        tx.emit(farm_id, "farm.changed", {})
        raise ValueError("changed my mind")


async def test_a_redis_that_comes_back_is_owned_up_to_and_heard_again(tmp_path: Path) -> None:
    port = free_port()
    ears = Ears()
    async with AsyncExitStack() as stack, connect(f"redis://127.0.0.1:{port}") as redis:
        line = fan_out(redis)
        line.subscribe("news", ears)
        first = stack.enter_context(running_redis(tmp_path / "first", port))
        assert first.endswith(str(port))
        await stack.enter_async_context(running(line))
        assert await ears.next() == "missed"
        await asyncio.to_thread(stop_and_start, tmp_path, port, stack)
        assert await ears.next() == "missed"
        line.tell([("news", "all is well")])
        assert await ears.next() == "all is well"


def stop_and_start(folder: Path, port: int, stack: AsyncExitStack) -> None:
    import redis  # noqa: PLC0415 - the blocking client, for a command that ends the server

    redis.Redis(port=port).shutdown(nosave=True)
    stack.enter_context(running_redis(folder / "second", port))


async def test_who_tells_never_waits_for_a_redis_that_is_away(postgres_url: str) -> None:
    async with connect(f"redis://127.0.0.1:{free_port()}") as away:
        line = fan_out(away)
        database = Database.open(postgres_url, clock=CLOCK, ids=IdSource(CLOCK), fan_out=line)
        async with running(line):
            farm_id = await make_farm(database)
            async with database.transaction() as tx:
                tx.emit(farm_id, "farm.changed", {})
            async with database.transaction() as tx:
                found = await outbox.read(tx.session, farm_id, since=0, limit=10)
        await database.close()
    assert [change.seq for change in found.changes] == [1]


LimitOf = Callable[[str, Redis, int], Limit]


def own(name: str, _redis: Redis, per_minute: int) -> Limit:
    return own_limits(CLOCK)(name, per_minute)


def shared(name: str, redis: Redis, per_minute: int) -> Limit:
    return shared_limits(redis, CLOCK)(name, per_minute)


@pytest.mark.parametrize("limit_of", [own, shared])
async def test_a_caller_passes_so_often_a_minute_and_is_told_how_long_to_wait(
    redis_url: str, limit_of: LimitOf
) -> None:
    async with connect(redis_url) as redis:
        limit = limit_of(str(uuid4()), redis, 3)
        assert [await limit.take("a") for _ in range(3)] == [None, None, None]
        wait_s = await limit.take("a")
        assert wait_s is not None
        assert 0 < wait_s <= 20
        assert await limit.take("b") is None


@pytest.mark.parametrize("limit_of", [own, shared])
async def test_a_caller_passes_again_after_the_wait(redis_url: str, limit_of: LimitOf) -> None:
    async with connect(redis_url) as redis:
        limit = limit_of(str(uuid4()), redis, 60)
        for _ in range(60):
            await limit.take("a")
        async with asyncio.timeout(WITHIN_S):
            while (wait_s := await limit.take("a")) is not None:
                assert wait_s == 1
                await asyncio.sleep(0.05)


async def test_two_processes_count_together(redis_url: str) -> None:
    async with connect(redis_url) as one, connect(redis_url) as other:
        name = str(uuid4())
        limits = [shared(name, redis, 10) for redis in (one, other)]
        passed = [await limits[n % 2].take("a") is None for n in range(20)]
    # While they are asked, an eleventh may come due.
    assert sum(passed) in {10, 11}


async def test_a_process_counts_for_itself_while_redis_is_away() -> None:
    async with connect(f"redis://127.0.0.1:{free_port()}") as away:
        limit = shared("away", away, 2)
        answers = [await limit.take("a") for _ in range(3)]
    assert answers[:2] == [None, None]
    assert answers[2] is not None


CacheOf = Callable[[Redis, float], Cache]


def own_cache(_redis: Redis, kept_s: float) -> Cache:
    return OwnCache(clock=CLOCK, kept_s=kept_s)


def shared_cache(redis: Redis, kept_s: float) -> Cache:
    return RedisCache(redis, clock=CLOCK, kept_s=kept_s)


@pytest.mark.parametrize("cache_of", [own_cache, shared_cache])
async def test_an_answer_is_kept_and_replaced_and_gone_after_its_time(
    redis_url: str, cache_of: CacheOf
) -> None:
    async with connect(redis_url) as redis:
        for_long, briefly, key = cache_of(redis, 60.0), cache_of(redis, 0.1), str(uuid4())
        assert await for_long.get(key) is None
        await for_long.put(key, b"first")
        await for_long.put(key, b"second")
        assert await for_long.get(key) == b"second"
        await briefly.put(key, b"soon gone")
        async with asyncio.timeout(WITHIN_S):
            while await briefly.get(key) is not None:
                await asyncio.sleep(0.02)


async def test_what_one_process_has_kept_another_one_finds(redis_url: str) -> None:
    async with connect(redis_url) as one, connect(redis_url) as other:
        key = str(uuid4())
        await shared_cache(one, 60.0).put(key, b"dear")
        assert await shared_cache(other, 60.0).get(key) == b"dear"


async def test_a_process_keeps_its_own_answers_while_redis_is_away() -> None:
    async with connect(f"redis://127.0.0.1:{free_port()}") as away:
        cache = shared_cache(away, 60.0)
        assert await cache.get("a") is None
        await cache.put("a", b"dear")
        assert await cache.get("a") == b"dear"


async def make_farm(database: Database) -> FarmId:
    async with database.transaction() as tx:
        farm_id = FarmId(tx.new_id())
        await tx.session.execute(
            text(
                "INSERT INTO farms (id, name, time_zone, change_seq, created_at)"
                " VALUES (:id, 'Kandal', 'Asia/Phnom_Penh', 0, now())"
            ),
            {"id": farm_id},
        )
    return farm_id
