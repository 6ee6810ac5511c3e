"""How long rows and values are kept that were not acceptable."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.sync.model import QuarantinedRow
from tokkatot.cloud.telemetry.model import RefusedReading

KEPT: Final = timedelta(days=90)
MOST_AT_ONCE: Final = 10_000
"""Rows of a kind that go in one transaction; far more than come between two."""


async def purge(session: AsyncSession, *, before: datetime) -> None:
    """Forget the oldest of what came before an instant."""
    for kind in (RefusedReading, QuarantinedRow):
        oldest = (
            select(kind.id)
            .where(kind.received_at < before)
            .order_by(kind.received_at)
            .limit(MOST_AT_ONCE)
        )
        await session.execute(delete(kind).where(kind.id.in_(oldest)))
