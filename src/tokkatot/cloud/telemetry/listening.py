"""Whether the cloud listens to hubs at all, so that a deaf cloud calls nobody silent."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.telemetry.model import ListeningProcess

SAID_EVERY_S = 10.0
DEAF_AFTER = timedelta(seconds=30)
"""A process that has not said for so long that it listens does so no more."""


async def keep_listening(session: AsyncSession, process_id: UUID, *, now: datetime) -> None:
    """Note that a process listens, anew where it has been away."""
    row = ListeningProcess
    was_there = row.seen_at > now - DEAF_AFTER
    await session.execute(
        insert(row)
        .values(process_id=process_id, since=now, seen_at=now)
        .on_conflict_do_update(
            index_elements=[row.process_id],
            set_={"since": case((was_there, row.since), else_=now), "seen_at": now},
        )
    )


async def listening_since(session: AsyncSession, *, now: datetime) -> datetime | None:
    """Return since when some process has listened, None where none does."""
    row = ListeningProcess
    return await session.scalar(select(func.min(row.since)).where(row.seen_at > now - DEAF_AFTER))


async def purge(session: AsyncSession, *, now: datetime) -> None:
    """Forget processes that have ended."""
    row = ListeningProcess
    await session.execute(delete(row).where(row.seen_at < now - timedelta(days=1)))
