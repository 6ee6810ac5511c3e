"""The one thread that touches the journal's disk, behind a queue with a limit."""

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

from typing_extensions import override

from tokkatot.hub.journal.port import JournalFull

T = TypeVar("T")

_QUEUE_LIMIT = 32
_Job = Callable[[], None]


class Disk(Protocol):
    """Runs jobs one after the other, in the order of the calls."""

    async def call(self, job: Callable[[], T]) -> T:
        """Return what the job returns, or raise what it raises; the caller bounds the wait.

        A caller that gives up leaves its job to run.
        """
        ...

    def stop(self) -> None:
        """Take no more jobs; those that wait are still done."""
        ...


class DiskThread(Disk):
    """A daemon thread: a disk that hangs can't keep the process from ending."""

    def __init__(self) -> None:
        self._jobs: queue.Queue[_Job | None] = queue.Queue(maxsize=_QUEUE_LIMIT)
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @override
    async def call(self, job: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            answer = _attempt(job)
            try:
                loop.call_soon_threadsafe(_settle, future, answer)
            except RuntimeError:
                return  # the loop has ended, and nobody waits any more

        try:
            self._jobs.put_nowait(work)
        except queue.Full:
            raise JournalFull("too many requests wait for the disk") from None
        return await future

    @override
    def stop(self) -> None:
        # A full queue means that the disk hangs; the daemon thread then ends with the process.
        try:
            self._jobs.put_nowait(None)
        except queue.Full:
            return

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


def _attempt(job: Callable[[], T]) -> T | BaseException:
    try:
        return job()
    except BaseException as error:  # noqa: BLE001 - handed to the caller, who is on the loop
        return error


def _settle(future: asyncio.Future[T], answer: T | BaseException) -> None:
    if future.done():
        return
    if isinstance(answer, BaseException):
        future.set_exception(answer)
    else:
        future.set_result(answer)
