"""What processes share by Redis: what is new, how often somebody asks, and dear answers."""

import asyncio
import math
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError
from typing_extensions import override

from tokkatot.cloud.platform.cache import KEPT_S, Cache, OwnCache
from tokkatot.cloud.platform.database import Notice
from tokkatot.cloud.platform.limits import Limit, LimitOf, OwnLimit
from tokkatot.cloud.platform.listen import FanOutLine, Subscriber
from tokkatot.cloud.platform.metrics import Metrics
from tokkatot.kit.backoff import Backoff
from tokkatot.kit.clock import Clock
from tokkatot.kit.queue import BoundedQueue

_log = structlog.get_logger(__name__)

TIMEOUT_S: Final = 2.0
REQUEST_TIMEOUT_S: Final = 0.25
"""A request waits no longer for being counted, or for what may be kept."""
AGAIN_S: Final = 5.0
"""After a failure each process counts for itself for so long."""
QUIET_S: Final = 10.0
"""After so long without a notice the connection is asked whether it lives."""
MAX_WAITING: Final = 10_000
AT_ONCE: Final = 500
MAX_CONNECTIONS: Final = 50

# When the next one of a caller is due, in milliseconds, stands for all that passed (GCRA).
_TAKE_LUA: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local each, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = due - now - each * (burst - 1)
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], due + each, 'PX', math.ceil(due + each - now))
return 0
"""


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Redis]:
    """Make the pool; the first command connects."""
    redis = Redis.from_url(
        url,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        max_connections=MAX_CONNECTIONS,
    )
    try:
        yield redis
    finally:
        await redis.aclose()


class RedisFanOut(FanOutLine):
    """Tells notices to all processes; whoever hears looks into the database.

    A notice may be lost with Redis, never the change that it tells of: listeners look for
    themselves every few seconds.
    """

    def __init__(
        self, redis: Redis, *, clock: Clock, random: Callable[[], float], metrics: Metrics
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._random = random
        self._waiting: BoundedQueue[Notice] = BoundedQueue(MAX_WAITING)
        self._subscribers: dict[str, list[Subscriber]] = defaultdict(list)
        self._connected = False
        self._lost = metrics.counter(
            "tokkatot_notices_lost_total", "Notices that Redis did not take."
        )

    @property
    def connected(self) -> bool:
        """Tell whether notices arrive at the moment."""
        return self._connected

    @override
    def subscribe(self, channel: str, subscriber: Subscriber) -> None:
        self._subscribers[channel].append(subscriber)

    @override
    def tell(self, notices: Sequence[Notice]) -> None:
        for notice in notices:
            if not self._waiting.offer(notice):
                self._lost.inc()

    @override
    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tell())
            if self._subscribers:
                tasks.create_task(self._hear())

    async def _tell(self) -> None:
        while True:
            notices = {await self._waiting.get()}
            while len(notices) < AT_ONCE and len(self._waiting):
                notices.add(await self._waiting.get())
            try:
                async with self._redis.pipeline(transaction=False) as pipeline:
                    for channel, payload in sorted(notices):
                        pipeline.publish(channel, payload)  # type: ignore[unused-awaitable]  # gathered
                    await pipeline.execute()
            except (RedisError, OSError, TimeoutError) as error:
                self._lost.inc(len(notices))
                _log.warning("redis.not_told", error=str(error))

    async def _hear(self) -> None:
        backoff = Backoff(first_s=0.2, cap_s=5.0, random=self._random)
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as line:
                    await line.subscribe(*self._subscribers)
                    await self._until_pong(line)
                    self._connected = True
                    backoff.reset()
                    for subscribers in self._subscribers.values():
                        for subscriber in subscribers:
                            subscriber.missed()
                    while True:
                        message = await line.get_message(timeout=QUIET_S)
                        if message is None:
                            await self._until_pong(line)
                        else:
                            self._hand_on(message)
            except (RedisError, OSError, TimeoutError) as error:
                _log.warning("redis.lost", error=str(error))
            finally:
                self._connected = False
            await self._clock.sleep(backoff.next_s())

    async def _until_pong(self, line: PubSub) -> None:
        """Return once Redis has answered what was sent to it, handing on what comes before."""
        async with asyncio.timeout(TIMEOUT_S):
            await line.ping()
            message = None
            while message is None or message["type"] != "pong":
                message = await line.get_message(timeout=TIMEOUT_S)
                if message is not None:
                    self._hand_on(message)

    def _hand_on(self, message: Mapping[str, bytes | str]) -> None:
        if message["type"] == "message":
            channel, payload = message["channel"], message["data"]
            assert isinstance(channel, bytes), "nothing is decoded on the way"
            assert isinstance(payload, bytes), "nothing is decoded on the way"
            for subscriber in self._subscribers[channel.decode()]:
                subscriber.heard(payload.decode())


class _Detour:
    """Goes round a Redis that has just failed, so that not every request waits for it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_s = 0.0

    @property
    def is_taken(self) -> bool:
        return self._clock.monotonic() < self._until_s

    def take(self, what: str, error: Exception) -> None:
        _log.warning("redis.went_round", what=what, error=str(error))
        self._until_s = self._clock.monotonic() + AGAIN_S


class RedisLimit(Limit):
    """Lets each caller through so often a minute, whichever process they ask."""

    def __init__(self, redis: Redis, name: str, per_minute: int, *, clock: Clock) -> None:
        assert per_minute > 0, "a limit lets something through"
        self._take = redis.register_script(_TAKE_LUA)
        self._name = name
        self._per_minute = per_minute
        self._own = OwnLimit(per_minute, clock=clock)
        """Counts while Redis does not."""
        self._detour = _Detour(clock)

    @override
    async def take(self, caller: Hashable) -> int | None:
        if self._detour.is_taken:
            return await self._own.take(caller)
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                wait_ms = await self._take(
                    keys=[f"tokkatot:limit:{self._name}:{caller}"],
                    args=[60_000 / self._per_minute, self._per_minute],
                )
        except (RedisError, OSError, TimeoutError) as error:
            self._detour.take(f"limit {self._name}", error)
            return await self._own.take(caller)
        return None if wait_ms == 0 else math.ceil(wait_ms / 1000)


def shared_limits(redis: Redis, clock: Clock) -> LimitOf:
    """Return what makes limits that all processes count together."""

    def limit_of(name: str, per_minute: int) -> Limit:
        return RedisLimit(redis, name, per_minute, clock=clock)

    return limit_of


class RedisCache(Cache):
    """Keeps answers for all processes; while Redis is away each keeps its own."""

    def __init__(self, redis: Redis, *, clock: Clock, kept_s: float = KEPT_S) -> None:
        self._redis = redis
        self._kept_ms = round(kept_s * 1000)
        self._own = OwnCache(clock=clock, kept_s=kept_s)
        self._detour = _Detour(clock)

    @override
    async def get(self, key: str) -> bytes | None:
        if self._detour.is_taken:
            return await self._own.get(key)
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                kept = await self._redis.get(_kept_at(key))
        except (RedisError, OSError, TimeoutError) as error:
            self._detour.take("cache", error)
            return await self._own.get(key)
        assert kept is None or isinstance(kept, bytes), "nothing is decoded on the way"
        return kept

    @override
    async def put(self, key: str, answer: bytes) -> None:
        if self._detour.is_taken:
            await self._own.put(key, answer)
            return
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                await self._redis.set(_kept_at(key), answer, px=self._kept_ms)
        except (RedisError, OSError, TimeoutError) as error:
            self._detour.take("cache", error)
            await self._own.put(key, answer)


def _kept_at(key: str) -> str:
    return f"tokkatot:answer:{key}"
