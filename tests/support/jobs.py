"""Jobs whose programs a test writes itself."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from typing_extensions import override

from tests.support.cloud import Cloud
from tokkatot.cloud.jobs.model import Job, JobState
from tokkatot.cloud.jobs.worker import JobKind, Prepared, Worker
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction

KIND = "test"
ANSWERS = """
import json, sys
asked = json.loads(sys.stdin.buffer.read())
print(json.dumps({"progress": 0.5}))
print(json.dumps({"result": {"twice": 2 * asked["number"]}}))
"""
HANGS = """
import json, sys, time
asked = json.loads(sys.stdin.buffer.read())
print(json.dumps({"progress": 0.25}), flush=True)
time.sleep(600)
"""


@dataclass
class WrittenKind(JobKind):
    """What a test's jobs do; it notes which were prepared and taken."""

    code: str = ANSWERS
    limit_s: float = 30.0
    prepared: list[UUID] = field(default_factory=list)
    taken: list[UUID] = field(default_factory=list)

    @property
    @override
    def program(self) -> Sequence[str]:
        return (sys.executable, "-c", self.code)

    @override
    async def prepare(self, tx: Transaction, job: Job) -> Prepared:
        self.prepared.append(job.id)
        return Prepared(task=b'{"number": %d}' % job.asked["number"], beside={"asked": "so"})

    @override
    async def take(
        self, tx: Transaction, job: Job, beside: JsonObject, result: JsonObject
    ) -> JsonObject:
        self.taken.append(job.id)
        return beside | result


def worker(cloud: Cloud, kind: JobKind) -> Worker:
    """Return one that does such jobs."""
    return Worker(cloud.context, {KIND: kind})


@asynccontextmanager
async def at_work(one: Worker) -> AsyncIterator["asyncio.Task[bool]"]:
    """Let a worker do the next job; it is cut off where it is still at it in the end."""
    task = asyncio.create_task(one.do_next())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


async def stored(cloud: Cloud, job_id: UUID) -> Job:
    """Return a job as the database has it."""
    async with cloud.context.database.transaction() as tx:
        return await tx.session.get_one(Job, job_id)


async def until(
    cloud: Cloud, job_id: UUID, comes: Callable[[Job], bool], *, beat_s: float = 0.0
) -> Job:
    """Return a job once something is true of it; the clock moves on meanwhile."""
    async with asyncio.timeout(30):
        while not comes(job := await stored(cloud, job_id)):
            cloud.clock.advance(beat_s)
            await asyncio.sleep(0.01)
    return job


def runs(job: Job) -> bool:
    """Tell whether its program has said something."""
    return job.state is JobState.RUNNING and job.progress > 0
