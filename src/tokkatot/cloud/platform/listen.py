"""One LISTEN connection that comes back by itself and owns up to what it may have missed."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Protocol

import psycopg
import structlog
from psycopg import sql
from typing_extensions import override

from tokkatot.cloud.platform.database import FanOut, libpq_url
from tokkatot.kit.backoff import Backoff
from tokkatot.kit.clock import Clock

_log = structlog.get_logger(__name__)

_CONNECT_TIMEOUT_S = 5
_QUIET_S = 15.0
"""After so long without a notice the connection is asked whether it lives."""


class Subscriber(Protocol):
    """Who is told; both methods return at once and only enqueue."""

    def heard(self, payload: str) -> None:
        """Take a notice."""
        ...

    def missed(self) -> None:
        """Notices may have been lost (or the listening only begins): look at the database."""
        ...


class Ear(Protocol):
    """Where notices are heard."""

    def subscribe(self, channel: str, subscriber: Subscriber) -> None:
        """Tell `subscriber` of a channel; to be called before `run`."""
        ...


class FanOutLine(FanOut, Ear, Protocol):
    """Tells notices and hears them, while it runs."""

    async def run(self) -> None:
        """Tell and hear until cancelled."""
        ...


class Listener(Ear):
    """Shares one connection among the subscribers of all channels."""

    def __init__(self, url: str, *, clock: Clock, random: Callable[[], float]) -> None:
        self._url = libpq_url(url)
        self._clock = clock
        self._backoff = Backoff(first_s=0.2, cap_s=10, random=random)
        self._subscribers: dict[str, list[Subscriber]] = defaultdict(list)
        self._connected = False

    @property
    def connected(self) -> bool:
        """Tell whether notices arrive at the moment."""
        return self._connected

    @override
    def subscribe(self, channel: str, subscriber: Subscriber) -> None:
        self._subscribers[channel].append(subscriber)

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError, TimeoutError) as error:
                _log.warning("listen.lost", error=str(error).strip())
            finally:
                self._connected = False
            await self._clock.sleep(self._backoff.next_s())

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            connect_timeout=_CONNECT_TIMEOUT_S,
            application_name="tokkatot-listen",
        )
        async with connection:
            for channel in self._subscribers:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            self._connected = True
            self._backoff.reset()
            for subscribers in self._subscribers.values():
                for subscriber in subscribers:
                    subscriber.missed()
            while True:
                async for notice in connection.notifies(timeout=_QUIET_S):
                    for subscriber in self._subscribers[notice.channel]:
                        subscriber.heard(notice.payload)
                async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                    await connection.execute("SELECT 1")
