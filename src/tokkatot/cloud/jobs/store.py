"""The SQL of jobs: each change of state happens where the state before still holds."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.jobs.model import OPEN, Failure, Job, JobState, Trouble
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.purging import purge_oldest


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A worker, the moment, and until when it holds what it does."""

    worker: UUID
    now: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many jobs have not ended."""

    of_farm: int
    of_all: int


async def waiting(session: AsyncSession, farm_id: UUID) -> Waiting:
    """Return how many jobs have not ended, of a farm and of all."""
    row = (
        await session.execute(
            select(func.count().filter(Job.farm_id == farm_id), func.count()).where(
                Job.state.in_(OPEN)
            )
        )
    ).one()
    return Waiting(of_farm=row[0], of_all=row[1])


async def latest(session: AsyncSession, house_id: UUID, kind: str) -> Job | None:
    """Return the job of a kind that was asked for last for a house."""
    found: Job | None = await session.scalar(
        select(Job)
        .where(Job.house_id == house_id, Job.kind == kind)
        .order_by(Job.asked_at.desc(), Job.id.desc())
        .limit(1)
    )
    return found


async def claim(session: AsyncSession, kinds: Collection[str], hold: Hold) -> Job | None:
    """Take the oldest job that nobody does; of several workers each takes another one."""
    next_one = (
        select(Job.id)
        .where(
            Job.kind.in_(kinds),
            or_(Job.state == JobState.QUEUED, _let_go(hold.now)),
        )
        .order_by(Job.asked_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    found: Job | None = await session.scalar(
        update(Job)
        .where(Job.id == next_one)
        .values(
            state=JobState.RUNNING,
            held_by=hold.worker,
            held_until=hold.until,
            tries=Job.tries + 1,
            progress=0.0,
            started_at=func.coalesce(Job.started_at, hold.now),
        )
        .returning(Job)
    )
    return found


async def hold_on(session: AsyncSession, job_id: UUID, hold: Hold, *, progress: float) -> bool:
    """Go on holding a job; False where it is no longer this worker's to do."""
    held = await session.scalar(
        update(Job)
        .where(_is_held(job_id, hold.worker))
        .values(held_until=hold.until, progress=progress)
        .returning(Job.id)
    )
    return held is not None


async def give_back(session: AsyncSession, job_id: UUID, worker: UUID) -> None:
    """Let others do a job from its beginning, as if this worker had never begun."""
    await session.execute(
        update(Job)
        .where(_is_held(job_id, worker))
        .values(
            state=JobState.QUEUED,
            held_by=None,
            held_until=None,
            progress=0.0,
            tries=Job.tries - 1,
        )
    )


async def complete(
    session: AsyncSession, job_id: UUID, worker: UUID, result: JsonObject, *, now: datetime
) -> None:
    """Keep what came of a job."""
    await session.execute(
        update(Job)
        .where(_is_held(job_id, worker))
        .values(state=JobState.COMPLETED, progress=1.0, result=result, **_released(now))
    )


async def fail(
    session: AsyncSession, job_id: UUID, worker: UUID, failure: Failure, *, now: datetime
) -> None:
    """End a job that came to nothing."""
    reason = None if failure.reason is None else msgspec.to_builtins(failure.reason)
    await session.execute(
        update(Job)
        .where(_is_held(job_id, worker))
        .values(
            state=JobState.FAILED,
            trouble=failure.trouble,
            detail=failure.detail,
            reason=reason,
            **_released(now),
        )
    )


async def fail_lost(session: AsyncSession, detail: str, *, most_tries: int, now: datetime) -> None:
    """End the jobs that took every process with them that tried."""
    await session.execute(
        update(Job)
        .where(_let_go(now), Job.tries >= most_tries)
        .values(state=JobState.FAILED, trouble=Trouble.LOST, detail=detail, **_released(now))
    )


async def cancel(session: AsyncSession, job_id: UUID, *, now: datetime) -> bool:
    """End a job that is no longer wanted; False where it has ended by itself."""
    ended = await session.scalar(
        update(Job)
        .where(Job.id == job_id, Job.state.in_(OPEN))
        .values(state=JobState.CANCELLED, **_released(now))
        .returning(Job.id)
    )
    return ended is not None


async def purge(session: AsyncSession, *, before: datetime) -> bool:
    """Forget the oldest of what ended long ago; tell whether there may be more."""
    return await purge_oldest(session, Job, Job.ended_at < before, by=Job.ended_at)


def _let_go(now: datetime) -> ColumnElement[bool]:
    return and_(Job.state == JobState.RUNNING, Job.held_until < now)


def _is_held(job_id: UUID, worker: UUID) -> ColumnElement[bool]:
    return and_(Job.id == job_id, Job.state == JobState.RUNNING, Job.held_by == worker)


def _released(now: datetime) -> dict[str, object]:
    return {"ended_at": now, "held_by": None, "held_until": None}
