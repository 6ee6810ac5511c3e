"""How long rows and values are kept that were not acceptable."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.platform.purging import purge_oldest
from tokkatot.cloud.sync.model import QuarantinedRow
from tokkatot.cloud.telemetry.model import RefusedReading

KEPT: Final = timedelta(days=90)


async def purge(session: AsyncSession, *, before: datetime) -> bool:
    """Forget the oldest of what came before an instant; tell whether there may be more."""
    left = [
        await purge_oldest(session, kind, kind.received_at < before, by=kind.received_at)
        for kind in (RefusedReading, QuarantinedRow)
    ]
    return any(left)
