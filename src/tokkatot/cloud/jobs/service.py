"""Decides about jobs: how many may wait, who may look at one, who may cancel it."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from tokkatot.cloud.accounts.caller import Caller
from tokkatot.cloud.farms.access import FarmAccess, farm_access
from tokkatot.cloud.jobs import store
from tokkatot.cloud.jobs.model import Job, JobState
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict, NotFound, RateLimited, Unavailable
from tokkatot.domain.ids import FarmId, HouseId
from tokkatot.domain.people import Right

MOST_OF_FARM: Final = 4
"""Jobs of one farm that have not ended."""
MOST: Final = 500
KEPT: Final = timedelta(days=30)
"""How long a job is shown after its end."""
RETRY_AFTER_S: Final = 15
_LOCK: Final = 0x6A6F6273


async def ask(
    tx: Transaction, access: FarmAccess, house_id: HouseId, kind: str, asked: JsonObject
) -> Job:
    """Queue a job.

    Raises:
        RateLimited: when as many jobs of the farm wait as may.
        Unavailable: when the queue is full.
    """
    # Of two that ask at once the second counts the first.
    await tx.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    waiting = await store.waiting(tx.session, access.farm_id)
    if waiting.of_farm >= MOST_OF_FARM:
        raise RateLimited(RETRY_AFTER_S)
    if waiting.of_all >= MOST:
        raise Unavailable("Too many jobs wait.", retry_after_s=RETRY_AFTER_S)
    job = Job(
        id=tx.new_id(),
        farm_id=access.farm_id,
        house_id=house_id,
        kind=kind,
        asked=asked,
        asked_by=access.caller.user_id,
        asked_at=tx.now,
        state=JobState.QUEUED,
        progress=0.0,
        tries=0,
    )
    tx.session.add(job)
    await tx.session.flush()
    return job


async def job_for(tx: Transaction, caller: Caller, job_id: UUID, right: Right) -> Job:
    """Return a job of a farm on which the caller has this right.

    Raises:
        NotFound: when there is no such job, or the caller is a stranger to its farm.
        Forbidden: when the caller's role lacks the right.
    """
    job = await tx.session.get(Job, job_id)
    if job is None:
        raise NotFound("job")
    try:
        await farm_access(tx, caller, FarmId(job.farm_id), right)
    except NotFound:
        raise NotFound("job") from None
    return job


async def cancel(tx: Transaction, job: Job) -> None:
    """Let a job be done no further; one that was cancelled stays so.

    Raises:
        Conflict: when it has ended by itself.
    """
    if await store.cancel(tx.session, job.id, now=tx.now):
        return
    await tx.session.refresh(job)
    if job.state is not JobState.CANCELLED:
        raise Conflict("conflict", "The job has ended already.")
