"""Lines that lose, double, reorder, delay, break, and hang half open."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from typing_extensions import override

from tokkatot.hub.link import Connect, Link, LinkLost
from tokkatot.sim.chance import Chance
from tokkatot.sim.time import VirtualLoop
from tokkatot.wire.topics import HubLeaf

T = TypeVar("T")

CONNECT_WITHIN_S: Final = 10.0
STRAGGLES_S: Final = 120.0
_ANSWERED: Final = frozenset({HubLeaf.HELLO, HubLeaf.UP})
MAX_KEPT: Final = 50
"""So many messages a sloppy broker keeps for a hub that is away."""


@dataclass(slots=True)
class Mood:
    """How a line behaves now; what is on its way already has its fate."""

    delay_s: float = 0.05
    jitter_s: float = 0.0
    loss: float = 0.0
    doubles: float = 0.0
    straggles: float = 0.0
    """The share of messages that are late by up to `STRAGGLES_S`, while others pass them by."""
    is_mute: bool = False
    """Half open: it takes everything, nothing arrives, and nobody is told."""
    is_cut: bool = False
    healings: int = 0
    """What straggles when a line is healed does not arrive any more: it would be trouble still."""


class Path(Generic[T]):
    """One direction of a line."""

    def __init__(
        self, loop: VirtualLoop, chance: Chance, mood: Mood, deliver: Callable[[T], None]
    ) -> None:
        self._loop = loop
        self._chance = chance
        self._mood = mood
        self._deliver = deliver

    def send(self, item: T) -> None:
        """Let an item arrive: once, later, twice, before an earlier one, or never."""
        mood = self._mood
        if mood.is_cut or mood.is_mute:
            return
        copies = 1
        if mood.doubles and self._chance.uniform() < mood.doubles:
            copies = 2
        for _ in range(copies):
            if mood.loss and self._chance.uniform() < mood.loss:
                continue
            delay_s = mood.delay_s
            if mood.jitter_s:
                delay_s += mood.jitter_s * self._chance.uniform()
            if mood.straggles and self._chance.uniform() < mood.straggles:
                delay_s += STRAGGLES_S * self._chance.uniform()
                self._loop.call_later(delay_s, self._deliver_late, item, mood.healings)
            else:
                self._loop.call_later(delay_s, self._deliver, item)

    def _deliver_late(self, item: T, healings: int) -> None:
        if healings == self._mood.healings:
            self._deliver(item)


Message = tuple[HubLeaf, bytes]


class _Line(Link):
    """One connection of the hub to the cloud's broker."""

    def __init__(self, up: Callable[[Message], None]) -> None:
        self._up = up
        self._come: deque[Message] = deque()
        self._news = asyncio.Event()
        self._is_over = False

    def end(self) -> None:
        """Break off; whoever uses it is told."""
        self._is_over = True
        self._news.set()

    def take(self, message: Message) -> None:
        """Let a message come down."""
        self._come.append(message)
        self._news.set()

    @override
    async def send(self, leaf: HubLeaf, payload: bytes, *, qos: int) -> None:
        if self._is_over:
            raise LinkLost("the line is cut")
        self._up((leaf, payload))

    @override
    async def messages(self) -> AsyncIterator[Message]:
        while True:
            while self._come and not self._is_over:
                yield self._come.popleft()
            if self._is_over:
                raise LinkLost("the line is cut")
            self._news.clear()
            await self._news.wait()


class CloudBroker:
    """The broker between one hub and the cloud; no promise of it is relied on, so it keeps none."""

    def __init__(
        self,
        loop: VirtualLoop,
        chance: Chance,
        *,
        to_cloud: Callable[[Message], None],
        passes: Callable[[str, Message], None],
    ) -> None:
        self.mood = Mood()
        self.is_sloppy = False
        """Whether what comes for a hub that is away is handed to it when it is back."""
        self._chance = chance
        self._passes = passes
        self._up: Path[Message] = Path(loop, chance, self.mood, to_cloud)
        self._down: Path[Message] = Path(loop, chance, self.mood, self._came_down)
        self._line: _Line | None = None
        self._loop = loop
        self._waits_since_s: float | None = None
        self._kept: deque[Message] = deque(maxlen=MAX_KEPT)

    @property
    def connect(self) -> Connect:
        """Return what makes a connection, at each call a new one."""
        return self._connect

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[Link]:
        if self.mood.is_mute:
            await asyncio.sleep(CONNECT_WITHIN_S)
            raise LinkLost("no answer")
        await asyncio.sleep(2 * self.mood.delay_s)
        if self.mood.is_cut:
            raise LinkLost("no route")
        self.drop_lines()
        line = self._line = _Line(self._sent_up)
        self._waits_since_s = None
        while self._kept:
            self._hand_down(line, self._kept.popleft())
        try:
            yield line
        finally:
            line.end()
            if self._line is line:
                self._line = None

    def publish(self, message: Message) -> None:
        """Send something down to the hub."""
        self._down.send(message)

    def unanswered_s(self) -> float:
        """Return for how long an answer is due on this connection, and nothing has come down."""
        if self._line is None or self._waits_since_s is None:
            return 0.0
        return self._loop.time() - self._waits_since_s

    def drop_lines(self) -> None:
        """End the connection that there is."""
        if self._line is not None:
            self._line.end()
            self._line = None

    def restart(self) -> None:
        """Forget everything."""
        self.drop_lines()
        self._kept.clear()

    def _sent_up(self, message: Message) -> None:
        self._passes("up", message)
        if self._waits_since_s is None and message[0] in _ANSWERED:
            self._waits_since_s = self._loop.time()
        self._up.send(message)

    def _came_down(self, message: Message) -> None:
        if self._line is not None:
            self._hand_down(self._line, message)
        elif self.is_sloppy:
            self._kept.append(message)

    def _hand_down(self, line: _Line, message: Message) -> None:
        self._passes("down", message)
        self._waits_since_s = None
        line.take(message)
