"""An asyncio event loop on virtual time: the same calls in the same order, in no time."""

import asyncio
import sys
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any, TypeVar

from typing_extensions import TypeVarTuple, Unpack, override

from tokkatot.kit.clock import Clock, from_ms

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_SWEEP_CANCELLED = 512
"""So many cancelled timers are swept out together; time-outs are cancelled far more than rung."""

MAX_TURNS = 200_000
"""More callbacks than this at one moment: something waits for itself without time passing."""


class Stuck(Exception):
    """The program under simulation goes round in a circle without letting time pass."""


class _Task(asyncio.Task[T]):
    """A task that hashes by its number, so that sets of tasks have the same order in every run."""

    _numbers = count(1)

    def __init__(
        self,
        coro: Coroutine[Any, Any, T],
        *,
        loop: asyncio.AbstractEventLoop,
        name: str | None,
        context: Context | None,
        number: int,
    ) -> None:
        self._number = number
        super().__init__(coro, loop=loop, name=name or f"task-{number}", context=context)

    @override
    def __hash__(self) -> int:
        return self._number

    @override
    def __eq__(self, other: object) -> bool:
        return self is other


class _Turn(asyncio.Handle):
    """A callback without what a debugger would want of it: a simulation makes millions."""

    __slots__ = ()

    def __init__(
        self,
        callback: Callable[..., object],
        args: tuple[object, ...],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = self._source_traceback = None


class _Timer(asyncio.TimerHandle):
    """The same with the moment at which it rings."""

    __slots__ = ()

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[object, ...],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = self._source_traceback = None
        self._when = when
        self._scheduled = True


class VirtualLoop(asyncio.AbstractEventLoop):
    """Runs what is ready, in order; when nothing is, the time is that of the next timer.

    It has no sockets, threads or signals: who asks for one in a simulation is told so.
    """

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._numbers = count(1)
        self._tasks = count(1)
        self._cancelled = 0
        self.failures: list[str] = []
        """What nobody caught: each is a mistake of the program under simulation."""

    # ------------------------------------------------------------------------------- the passing

    def run_until(self, until_s: float) -> None:
        """Let everything happen up to a moment."""
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(finalizer=self._forget_generator)
        events._set_running_loop(self)  # noqa: SLF001 - the documented way to write a loop
        try:
            while True:
                self._run_ready()
                if not self._timers or self._timers[0][0] > until_s:
                    break
                self._ring()
            self._now_s = max(self._now_s, until_s)
        finally:
            events._set_running_loop(None)  # noqa: SLF001 - the same
            sys.set_asyncgen_hooks(*hooks)

    def _run_ready(self) -> None:
        ready = self._ready
        turns = 0
        while ready:
            handle = ready.popleft()
            if not handle._cancelled:  # noqa: SLF001 - a loop's own
                handle._run()  # noqa: SLF001 - what a loop is there for
            turns += 1
            if turns > MAX_TURNS:
                raise Stuck(f"more than {MAX_TURNS} callbacks at {self._now_s:.3f} s")

    def _ring(self) -> None:
        when_s, _, timer = heappop(self._timers)
        timer._scheduled = False  # type: ignore[attr-defined]  # noqa: SLF001 - a loop's own
        if timer._cancelled:  # noqa: SLF001 - a loop's own
            self._cancelled -= 1
            return
        self._now_s = max(self._now_s, when_s)
        self._ready.append(timer)

    # ------------------------------------------------------------------- what asyncio asks for

    @override
    def time(self) -> float:
        return self._now_s

    @override
    def get_debug(self) -> bool:
        return False

    @override
    def is_running(self) -> bool:
        return True

    @override
    def is_closed(self) -> bool:
        return False

    @override
    def call_soon(
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        handle = _Turn(callback, args, self, context)
        self._ready.append(handle)
        return handle

    @override
    def call_soon_threadsafe(
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    @override
    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        when = self._now_s + delay if delay > 0.0 else self._now_s
        return self.call_at(when, callback, *args, context=context)

    @override
    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        timer = _Timer(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        if not handle._scheduled:  # type: ignore[attr-defined]  # noqa: SLF001 - a loop's own
            return  # it has rung
        self._cancelled += 1
        if self._cancelled > _SWEEP_CANCELLED and self._cancelled * 2 > len(self._timers):
            self._timers = [item for item in self._timers if not item[2].cancelled()]
            heapify(self._timers)
            self._cancelled = 0

    @override
    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    @override
    def create_task(
        self,
        coro: Any,
        *,
        name: str | None = None,
        context: Context | None = None,
        **_: object,
    ) -> asyncio.Task[Any]:
        return _Task(coro, loop=self, name=name, context=context, number=next(self._tasks))

    @override
    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.failures.append(f"{context.get('message')}: {context.get('exception')!r}")

    def _forget_generator(self, generator: Any) -> None:
        self._closing = self.create_task(generator.aclose())


class LocalClock(Clock):
    """The clock of one machine: it counts from its start, and its wall time may be wrong."""

    def __init__(self, loop: VirtualLoop, *, wall_ms: int) -> None:
        self._loop = loop
        self._start_s = loop.time()
        self._wall_ms = wall_ms

    def jump(self, delta_s: float) -> None:
        """Move the wall time alone; no machine's clock stands before 1970, however far it jumps."""
        now_ms = self.now_ms()
        self._wall_ms += max(now_ms + round(delta_s * 1000), 0) - now_ms

    @override
    def monotonic(self) -> float:
        return self._loop.time() - self._start_s

    @override
    def now_ms(self) -> int:
        return self._wall_ms + round(self.monotonic() * 1000)

    @override
    def now(self) -> datetime:
        return from_ms(self.now_ms())

    @override
    async def sleep(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
