"""Does the jobs of the queue, one after the other, each in a process of its own."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

import structlog

from tokkatot.cloud.jobs import store
from tokkatot.cloud.jobs.child import ask
from tokkatot.cloud.jobs.model import Failure, Job, Trouble
from tokkatot.cloud.jobs.problems import Unanswerable
from tokkatot.cloud.jobs.store import Hold
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Problem

_log = structlog.get_logger(__name__)

LOOKS_EVERY_S: Final = 1.0
SAYS_EVERY_S: Final = 2.0
"""How often a worker says that it is still at it, and asks whether it is wanted."""
HELD_FOR: Final = timedelta(seconds=30)
"""A worker that was not heard for so long is gone, and others take its job."""
MOST_TRIES: Final = 3
LOST: Final = "The process that did it went away again and again."
_GIVES_BACK_WITHIN_S: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a program is told, and what its kind wants to know again in the end."""

    task: bytes
    beside: JsonObject


class JobKind(Protocol):
    """How one kind of job is done."""

    @property
    def program(self) -> Sequence[str]:
        """Return the command line of what does it, as `tokkatot.cloud.jobs.program` has it."""
        ...

    @property
    def limit_s(self) -> float:
        """Return how long it may take."""
        ...

    async def prepare(self, tx: Transaction, job: Job) -> Prepared:
        """Return what the program is told.

        Raises:
            Problem: when what was asked can't be answered from what there is.
        """
        ...

    async def take(
        self, tx: Transaction, job: Job, beside: JsonObject, result: JsonObject
    ) -> JsonObject:
        """Take what came of it over, and return what is shown; in the transaction of its end.

        Raises:
            Problem: when it fits no longer.
        """
        ...


class Worker:
    """One of those that do jobs."""

    def __init__(self, context: Context, kinds: Mapping[str, JobKind]) -> None:
        """Take what it can do, by the names of the kinds."""
        self._database = context.database
        self._clock = context.clock
        self._kinds = kinds
        self._id = context.ids.new()

    async def run(self) -> None:
        """Do jobs until cancelled; what it was at then goes back into the queue."""
        while True:
            if not await self.do_next():
                await self._clock.sleep(LOOKS_EVERY_S)

    async def do_next(self) -> bool:
        """Do the oldest job that nobody does; False where there is none."""
        async with self._database.transaction() as tx:
            await store.fail_lost(tx.session, LOST, most_tries=MOST_TRIES, now=tx.now)
            job = await store.claim(tx.session, self._kinds.keys(), self._hold(tx))
        if job is None:
            return False
        log = _log.bind(job=str(job.id), kind=job.kind)
        log.info("job.started", tries=job.tries)
        try:
            ended = await self._do(job, self._kinds[job.kind])
        except asyncio.CancelledError:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GIVES_BACK_WITHIN_S):
                    await self._give_back(job)
            raise
        log.info("job.ended", outcome=ended)
        return True

    async def _do(self, job: Job, kind: JobKind) -> str:
        """Return how it ended."""
        try:
            async with self._database.transaction() as tx:
                prepared = await kind.prepare(tx, job)
            result = await self._asked(job, kind, prepared.task)
            if result is None:
                return "no longer wanted"
            if not isinstance(result, Failure):
                return await self._take(job, kind, prepared.beside, result)
        except Problem as problem:
            reason = problem.reason if isinstance(problem, Unanswerable) else None
            result = Failure(trouble=Trouble.REFUSED, detail=problem.detail, reason=reason)
        async with self._database.transaction() as tx:
            await store.fail(tx.session, job.id, self._id, result, now=tx.now)
        return result.trouble.value

    async def _take(self, job: Job, kind: JobKind, beside: JsonObject, result: JsonObject) -> str:
        async with self._database.transaction() as tx:
            # From here on nobody cancels it.
            if not await store.hold_on(tx.session, job.id, self._hold(tx), progress=1.0):
                return "no longer wanted"
            shown = await kind.take(tx, job, beside, result)
            await store.complete(tx.session, job.id, self._id, shown, now=tx.now)
        return "completed"

    async def _asked(self, job: Job, kind: JobKind, task: bytes) -> JsonObject | Failure | None:
        """Return what the program says, None where nobody wants to know any more."""
        told = [0.0]
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(
                ask(kind.program, task, limit_s=kind.limit_s, progress=told.append)
            )
            holding = group.create_task(self._hold_on(job.id, told, asking))
            asking.add_done_callback(lambda _: holding.cancel())
        return None if asking.cancelled() else asking.result()

    async def _hold_on(
        self, job_id: UUID, told: Sequence[float], asking: "asyncio.Task[JsonObject | Failure]"
    ) -> None:
        while True:
            await self._clock.sleep(SAYS_EVERY_S)
            async with self._database.transaction() as tx:
                held = await store.hold_on(tx.session, job_id, self._hold(tx), progress=told[-1])
            if not held:
                asking.cancel()
                return

    async def _give_back(self, job: Job) -> None:
        async with self._database.transaction() as tx:
            await store.give_back(tx.session, job.id, self._id)

    def _hold(self, tx: Transaction) -> Hold:
        return Hold(worker=self._id, now=tx.now, until=tx.now + HELD_FOR)
