"""Watches whether the twins that autopilots go by still foretell what comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.alerts import messages, service
from tokkatot.cloud.alerts.model import Alert
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.model import House
from tokkatot.cloud.intelligence.model import Decision
from tokkatot.cloud.platform.database import Transaction
from tokkatot.domain.alerts import SEVERITIES, AlertState, AlertType

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
    farm_id: UUID
    off_k: float


async def watch_twins(tx: Transaction) -> None:
    """Raise an alert for each house whose twin is off by too much, and end it where it is not."""
    # Of several processes that look at the same moment one does it.
    if not await tx.session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return
    found = await _off(tx.session, since=tx.now - LOOKED_BACK)
    rows = await tx.session.scalars(
        select(Alert)
        .where(Alert.type == AlertType.TWIN_DRIFT, Alert.cleared_at.is_(None))
        .order_by(Alert.id)
        .with_for_update()
    )
    standing = {alert.house_id: alert for alert in rows}
    for house_id, off in found.items():
        if off.off_k > DRIFTED_K and house_id not in standing:
            await _raise(tx, house_id, off)
    for alert in standing.values():
        still = None if alert.house_id is None else found.get(alert.house_id)
        if still is None or still.off_k < BACK_UNDER_K:
            await service.clear(tx, alert, at=tx.now)


async def _off(session: AsyncSession, *, since: datetime) -> Mapping[UUID, _Off]:
    """Return by how much the twin of each house was off, of those that were asked enough."""
    apart = Decision.air_c - Decision.foretold_c
    rows = await session.execute(
        select(Decision.house_id, House.farm_id, func.sqrt(func.avg(apart * apart)))
        .join(House, House.id == Decision.house_id)
        .where(Decision.t > since, apart.is_not(None), House.deleted_at.is_(None))
        .group_by(Decision.house_id, House.farm_id)
        .having(func.count() >= FEWEST)
    )
    return {
        house_id: _Off(farm_id=farm_id, off_k=float(off_k)) for house_id, farm_id, off_k in rows
    }


async def _raise(tx: Transaction, house_id: UUID, off: _Off) -> None:
    hub = await farms_store.hub_for_house(tx.session, off.farm_id, house_id)
    if hub is None:
        return
    alert = Alert(
        id=tx.new_id(),
        farm_id=off.farm_id,
        house_id=house_id,
        hub_id=hub.id,
        type=AlertType.TWIN_DRIFT,
        severity=SEVERITIES[AlertType.TWIN_DRIFT],
        state=AlertState.UNACKNOWLEDGED,
        threshold=DRIFTED_K,
        actual=round(off.off_k, 2),
        raised_at=tx.now,
        told_at=tx.now,
    )
    tx.session.add(alert)
    await tx.session.flush()
    await service.tell(tx, alert, "alert.raised")
    await messages.tell_people(tx, alert)
