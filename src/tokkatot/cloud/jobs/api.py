"""The routes of jobs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from tokkatot.cloud.accounts.caller import SomeCaller
from tokkatot.cloud.jobs import service
from tokkatot.cloud.jobs.model import Job, JobState, Trouble
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.schemas import View
from tokkatot.domain.people import Right

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


class ReasonView(View):
    """What a sentence says, so that each screen has it in its own words."""

    code: str
    values: dict[str, Any] = Field(
        description="What its words are filled with: numbers, texts, lists of texts."
    )


class TroubleView(View):
    """Why a job failed."""

    code: Trouble
    detail: str = Field(description="A sentence in English that a person can act on.")
    reason: ReasonView | None = Field(
        description="The same as a code; null where there is none, and for what failed before there"
        " were codes."
    )


class JobView(View):
    """Where a job stands."""

    id: UUID
    farm_id: UUID
    house_id: UUID
    kind: str
    state: JobState
    progress: float = Field(description="From 0 to 1.")
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    trouble: TroubleView | None
    result: dict[str, Any] | None = Field(description="What its kind says; null until the end.")


def job_view(job: Job) -> JobView:
    """Return a job as people see it."""
    trouble = None
    if job.trouble is not None:
        reason = None if job.reason is None else ReasonView.model_validate(job.reason)
        trouble = TroubleView(code=job.trouble, detail=job.detail or "", reason=reason)
    return JobView(
        id=job.id,
        farm_id=job.farm_id,
        house_id=job.house_id,
        kind=job.kind,
        state=job.state,
        progress=job.progress,
        asked_at=job.asked_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        trouble=trouble,
        result=job.result,
    )


@router.get("/{job}")
async def job(job: UUID, caller: SomeCaller, tx: Tx) -> JobView:
    """Return how far a job is, and in the end what came of it; it is kept for 30 days."""
    return job_view(await service.job_for(tx, caller, job, Right.SEE))


@router.delete("/{job}", status_code=204, responses=problems("conflict"))
async def cancel(job: UUID, caller: SomeCaller, tx: Tx) -> None:
    """Let a job be done no further."""
    await service.cancel(tx, await service.job_for(tx, caller, job, Right.OPERATE))
