"""Starts again what ended without being asked to."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import NoReturn, Protocol

from tokkatot.cloud.platform.process import Child, ChildFailed, ChildSpec
from tokkatot.kit.backoff import Backoff
from tokkatot.kit.clock import Clock

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 30.0
STABLE_S = 60.0
"""What has run for so long begins again with the first wait."""


class Service(Protocol):
    """Something that runs until it ends or is stopped."""

    async def start(self) -> object:
        """Start it; it works when this returns."""
        ...

    async def wait(self) -> int:
        """Return the exit status once it has ended."""
        ...

    async def stop(self) -> None:
        """End it, if it runs."""
        ...


async def keep_all_running(
    services: Mapping[str, Service],
    *,
    clock: Clock,
    random: Callable[[], float],
    say: Callable[[str], None],
) -> None:
    """Watch services that were started, and start each again when it ends."""
    async with asyncio.TaskGroup() as group:
        for name, service in services.items():
            backoff = Backoff(first_s=FIRST_WAIT_S, cap_s=LONGEST_WAIT_S, random=random)
            group.create_task(keep_running(name, service, clock=clock, backoff=backoff, say=say))


async def keep_running(
    name: str, service: Service, *, clock: Clock, backoff: Backoff, say: Callable[[str], None]
) -> NoReturn:
    """Watch a service that was started, and start it again each time that it ends."""
    while True:
        began_s = clock.monotonic()
        status = await service.wait()
        if clock.monotonic() - began_s > STABLE_S:
            backoff.reset()
        reason = f"{name} ended with status {status}"
        while reason:
            delay_s = backoff.next_s()
            say(f"{reason}; starting it again in {delay_s:.1f} s")
            await clock.sleep(delay_s)
            reason = await _failure(name, service)
        say(f"{name} runs again")


async def _failure(name: str, service: Service) -> str:
    try:
        await service.start()
    except (ChildFailed, OSError) as error:
        # A disk that is full now may have room again: whoever watches must not end for it.
        return f"{name} did not start: {error}"
    return ""


class ChildService:
    """A child process as a service."""

    def __init__(
        self, spec: ChildSpec, ready: Callable[[Child], Awaitable[None]] | None = None
    ) -> None:
        self._spec = spec
        self._ready = ready
        self._child: Child | None = None

    async def start(self) -> None:
        """Start it, and return once it says that it works.

        Raises:
            ChildFailed: when it ends or is not ready within its time.
        """
        self._child = await Child.start(self._spec)
        if self._ready is not None:
            await self._ready(self._child)

    async def wait(self) -> int:
        """Return the exit status once it has ended."""
        assert self._child is not None, "start() comes first"
        return await self._child.wait()

    async def stop(self) -> None:
        """End it, if it runs."""
        if self._child is not None:
            await self._child.stop()
            self._child = None
