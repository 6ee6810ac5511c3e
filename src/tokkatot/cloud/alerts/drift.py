"""Watches whether twins still foretell what comes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Date, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.alerts import service, store
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.model import Farm, House
from tokkatot.cloud.intelligence.model import Decision, FittedTwin, TwinDay
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.domain.alerts import AlertType

LOOKED_BACK: Final = timedelta(days=1)
FEWEST: Final = 72
"""Decisions with what had been foretold for them: six hours of them, five minutes apart."""
DRIFTED_K: Final = 1.0
"""Root mean square of what was foretold five minutes ahead, by a twin that is drawn to what is
measured each time: half of what its shield calls astray in a single one."""
BACK_UNDER_K: Final = 0.7
DAY_DRIFTED: Final = 2.0
"""So many times as far off over a whole recorded day as on the days that were kept when its twin
was fitted; under `DRIFTED_K` nobody is told."""
TOLD_FOR: Final = timedelta(days=3)
"""So long a day that was lived through counts, where no later one could be."""
_LOCK: Final = 0x64726966


@dataclass(frozen=True, slots=True, kw_only=True)
class _Off:
    house: House
    off_k: float
    before_k: float
    """The time before: one day alone may be one on which birds were sold."""
    limit_k: float = DRIFTED_K

    @property
    def is_far(self) -> bool:
        """Return whether it is so far that an alert begins."""
        return min(self.off_k, self.before_k) > self.limit_k

    @property
    def is_near(self) -> bool:
        """Return whether it is so near that an alert ends."""
        return self.off_k < self.limit_k * (BACK_UNDER_K / DRIFTED_K)


async def watch_twins(tx: Transaction) -> None:
    """Raise an alert for each house whose twin is off by too much, and end it where it is not.

    Where an autopilot asks its twin, its decisions tell; elsewhere the days that it lived through.
    """
    # Of several processes that look at the same moment one does it.
    if not await tx.session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return
    by_day = await _off_by_day(tx.session, now=tx.now)
    found = {**by_day, **await _off(tx.session, since=tx.now - LOOKED_BACK)}
    rows = await store.standing_of(tx.session, [AlertType.TWIN_DRIFT])
    standing = {alert.house_id: alert for alert in rows}
    for off in found.values():
        if off.is_far and off.house.id not in standing:
            await service.raise_in_house(
                tx,
                off.house,
                AlertType.TWIN_DRIFT,
                threshold=round(off.limit_k, 2),
                actual=round(off.off_k, 2),
            )
    for alert in standing.values():
        still = None if alert.house_id is None else found.get(alert.house_id)
        if still is None or still.is_near:
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
    found = ((house, float(off_k)) for house, off_k in rows)
    return {house.id: _Off(house=house, off_k=off_k, before_k=off_k) for house, off_k in found}


async def _off_by_day(session: AsyncSession, *, now: datetime) -> Mapping[UUID, _Off]:
    """Return by how much the twin of each house was off on the last two days that it lived through.

    What was lived by a fit that is another by now, or of a house that is empty now, counts for
    nothing.
    """
    since = (now - TOLD_FOR).date()
    today = cast(func.timezone(Farm.time_zone, now), Date)
    rows = await session.execute(
        select(House, TwinDay.day, TwinDay.off_k, FittedTwin.card)
        .join(Farm, Farm.id == House.farm_id)
        .join(TwinDay, TwinDay.house_id == House.id)
        .join(FittedTwin, FittedTwin.house_id == House.id)
        .where(
            House.deleted_at.is_(None),
            ~farms_store.is_empty(today),
            TwinDay.off_k.is_not(None),
            # The last day may be as old as that, and has one before it.
            TwinDay.day >= since,
            TwinDay.reckoned_at > FittedTwin.fitted_at,
        )
        .order_by(TwinDay.day)
    )
    found: dict[UUID, _Off] = {}
    last_on: dict[UUID, date] = {}
    for house, day, off_k, card in rows:
        assert off_k is not None, "those without are left out"
        before = found.get(house.id)
        before_k = 0.0 if before is None else before.off_k
        off = _Off(house=house, off_k=float(off_k), before_k=before_k, limit_k=_limit_k(card))
        found[house.id] = off
        last_on[house.id] = day
    return {house_id: off for house_id, off in found.items() if last_on[house_id] > since}


def _limit_k(card: JsonObject) -> float:
    """Return from when on a day is no more like those that the fit was judged by."""
    kept_k: float | None = card["held_out_after"]["air_k"]
    return DRIFTED_K if kept_k is None else max(DRIFTED_K, DAY_DRIFTED * kept_k)
