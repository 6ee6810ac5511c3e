"""Watches whether the twins that autopilots go by still foretell what comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.alerts import service, store
from tokkatot.cloud.farms.model import House
from tokkatot.cloud.intelligence.model import Decision
from tokkatot.cloud.platform.database import Transaction
from tokkatot.domain.alerts import AlertType

LOOKED_BACK: Final = timedelta(days=1)
FEWEST: Final = 72
"""Decisions with what had been foretold for them: six hours of them, five minutes apart."""
DRIFTED_K: Final = 1.0
"""Root mean square of what was foretold five minutes ahead, by a twin that is drawn to what is
measured each time: half of what its shield calls astray in a single one."""
BACK_UNDER_K: Final = 0.7
_LOCK: Final = 0x64726966


@dataclass(frozen=True, slots=True, kw_only=True)
class _Off:
    house: House
    off_k: float


async def watch_twins(tx: Transaction) -> None:
    """Raise an alert for each house whose twin is off by too much, and end it where it is not."""
    # Of several processes that look at the same moment one does it.
    if not await tx.session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return
    found = await _off(tx.session, since=tx.now - LOOKED_BACK)
    rows = await store.standing_of(tx.session, [AlertType.TWIN_DRIFT])
    standing = {alert.house_id: alert for alert in rows}
    for off in found.values():
        if off.off_k > DRIFTED_K and off.house.id not in standing:
            await service.raise_in_house(
                tx,
                off.house,
                AlertType.TWIN_DRIFT,
                threshold=DRIFTED_K,
                actual=round(off.off_k, 2),
            )
    for alert in standing.values():
        still = None if alert.house_id is None else found.get(alert.house_id)
        if still is None or still.off_k < BACK_UNDER_K:
            await service.clear(tx, alert, at=tx.now)


async def _off(session: AsyncSession, *, since: datetime) -> Mapping[UUID, _Off]:
    """Return by how much the twin of each house was off, of those that were asked enough."""
    apart = Decision.air_c - Decision.foretold_c
    rows = await session.execute(
        select(House, func.sqrt(func.avg(apart * apart)))
        .join(Decision, Decision.house_id == House.id)
        .where(Decision.t > since, apart.is_not(None), House.deleted_at.is_(None))
        .group_by(House.id)
        .having(func.count() >= FEWEST)
    )
    return {house.id: _Off(house=house, off_k=float(off_k)) for house, off_k in rows}
