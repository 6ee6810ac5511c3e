"""The table of jobs."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, unique
from uuid import UUID

from sqlalchemy import Double, ForeignKey, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tokkatot.cloud.jobs.reasons import Reason
from tokkatot.cloud.platform.base import Base, EnumText, JsonObject


@unique
class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (JobState.QUEUED, JobState.RUNNING)
"""The states that a job leaves again."""


@unique
class Trouble(StrEnum):
    """Why a job failed."""

    REFUSED = "refused"
    """What was asked can't be answered from what there is; the detail says why."""
    TOO_MUCH = "too_much"
    """It would take more time or memory than a job may."""
    LOST = "lost"
    """The process that did it went away again and again."""
    FAULT = "fault"
    """A fault of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a job gave no result."""

    trouble: Trouble
    detail: str
    reason: Reason | None = None
    """What the detail says, where screens have words for it."""


class Job(Base):
    """One piece of work for a farm: what was asked, how far it is, what came of it."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index(
            "ix_jobs_open",
            "asked_at",
            "id",
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
        Index(None, "house_id", "kind", "asked_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    farm_id: Mapped[UUID] = mapped_column(ForeignKey("farms.id"), index=True)
    house_id: Mapped[UUID] = mapped_column(ForeignKey("houses.id"))
    kind: Mapped[str] = mapped_column(String(32))
    asked: Mapped[JsonObject]
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    asked_at: Mapped[datetime]
    state: Mapped[JobState] = mapped_column(EnumText(JobState))
    progress: Mapped[float] = mapped_column(Double)
    """From 0 to 1."""
    tries: Mapped[int]
    held_by: Mapped[UUID | None]
    """The worker that does it."""
    held_until: Mapped[datetime | None]
    """When others may take it, unless its worker says before that it is still at it."""
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    result: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    trouble: Mapped[Trouble | None] = mapped_column(EnumText(Trouble))
    detail: Mapped[str | None]
    """What is wrong, in English."""
    reason: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True))
    """The same as a code and its values; null where there is no code for it."""
