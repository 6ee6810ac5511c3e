"""Answers that are dear to make, kept for a while by this process or by all of them together."""

from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from hashlib import blake2b
from typing import Final, Generic, Protocol, TypeVar

import msgspec
from pydantic import ValidationError
from typing_extensions import override

from tokkatot.cloud.platform.schemas import View
from tokkatot.kit.clock import Clock

KEPT_S: Final = 60.0
MAX_ANSWER_BYTES: Final = 1024 * 1024
_OWN_BYTES: Final = 16 * 1024 * 1024

V = TypeVar("V", bound=View)
T = TypeVar("T")


class Cache(Protocol):
    """Keeps answers by a key; any of them may be gone at any time."""

    async def get(self, key: str) -> bytes | None:
        """Return what is kept."""
        ...

    async def put(self, key: str, answer: bytes) -> None:
        """Keep it for a minute."""
        ...


class Shelf(Generic[T]):
    """Keeps things by a key for a time, the newest that there is room for."""

    def __init__(self, *, clock: Clock, kept_s: float, room_bytes: int) -> None:
        self._clock = clock
        self._kept_s = kept_s
        self._room_bytes = room_bytes
        self._things: dict[Hashable, tuple[float, int, T]] = {}

    def get(self, key: Hashable) -> T | None:
        """Return what is kept."""
        found = self._things.get(key)
        return None if found is None or self._clock.monotonic() >= found[0] else found[2]

    def put(self, key: Hashable, thing: T, *, size: int) -> None:
        """Keep something of so many bytes, in place of what has the same key."""
        now_s = self._clock.monotonic()
        self._drop(key)
        self._things[key] = (now_s + self._kept_s, size, thing)
        self._room_bytes -= size
        # All are kept for as long, so that the oldest is the first.
        for oldest, (until_s, _, _) in list(self._things.items()):
            if self._room_bytes >= 0 and now_s < until_s:
                break
            self._drop(oldest)

    def _drop(self, key: Hashable) -> None:
        if (dropped := self._things.pop(key, None)) is not None:
            self._room_bytes += dropped[1]


class OwnCache(Cache):
    """Keeps answers in this process, the newest that there is room for."""

    def __init__(
        self, *, clock: Clock, kept_s: float = KEPT_S, room_bytes: int = _OWN_BYTES
    ) -> None:
        self._answers = Shelf[bytes](clock=clock, kept_s=kept_s, room_bytes=room_bytes)

    @override
    async def get(self, key: str) -> bytes | None:
        return self._answers.get(key)

    @override
    async def put(self, key: str, answer: bytes) -> None:
        self._answers.put(key, answer, size=len(answer))


async def remembered(
    cache: Cache, about: tuple[object, ...], kind: type[V], make: Callable[[], Awaitable[V]]
) -> V:
    """Return the answer about something, made anew when it is a minute old.

    Whoever asks has been let in before: the answer is the same for everybody.
    """
    key = blake2b(msgspec.json.encode((kind.__name__, about)), digest_size=32).hexdigest()
    kept = await cache.get(key)
    if kept is not None:
        # Another version of this program may have kept it.
        with suppress(ValidationError):
            return kind.model_validate_json(kept)
    made = await make()
    answer = made.model_dump_json().encode()
    if len(answer) <= MAX_ANSWER_BYTES:
        await cache.put(key, answer)
    return made
