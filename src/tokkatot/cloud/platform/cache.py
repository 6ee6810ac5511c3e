"""Answers that are dear to make, kept for a minute by this process or by all of them together."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import blake2b
from typing import Final, Protocol, TypeVar

import msgspec
from pydantic import ValidationError
from typing_extensions import override

from tokkatot.cloud.platform.schemas import View
from tokkatot.kit.clock import Clock

KEPT_S: Final = 60.0
MAX_ANSWER_BYTES: Final = 1024 * 1024
_OWN_BYTES: Final = 16 * 1024 * 1024

V = TypeVar("V", bound=View)


class Cache(Protocol):
    """Keeps answers by a key; any of them may be gone at any time."""

    async def get(self, key: str) -> bytes | None:
        """Return what is kept."""
        ...

    async def put(self, key: str, answer: bytes) -> None:
        """Keep it for a minute."""
        ...


class OwnCache(Cache):
    """Keeps answers in this process, the newest that there is room for."""

    def __init__(
        self, *, clock: Clock, kept_s: float = KEPT_S, room_bytes: int = _OWN_BYTES
    ) -> None:
        self._clock = clock
        self._kept_s = kept_s
        self._room_bytes = room_bytes
        self._answers: dict[str, tuple[float, bytes]] = {}

    @override
    async def get(self, key: str) -> bytes | None:
        until_s, answer = self._answers.get(key, (0.0, b""))
        return answer if self._clock.monotonic() < until_s else None

    @override
    async def put(self, key: str, answer: bytes) -> None:
        now_s = self._clock.monotonic()
        self._room_bytes += len(self._answers.pop(key, (0.0, b""))[1])
        self._answers[key] = (now_s + self._kept_s, answer)
        self._room_bytes -= len(answer)
        # All are kept for as long, so that the oldest is the first.
        for oldest, (until_s, kept) in list(self._answers.items()):
            if self._room_bytes >= 0 and now_s < until_s:
                break
            del self._answers[oldest]
            self._room_bytes += len(kept)


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
