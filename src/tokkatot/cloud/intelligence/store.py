"""Policies, and what they decided, in the database."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from tokkatot.cloud.farms.model import Farm, House
from tokkatot.cloud.intelligence.model import (
    Decision,
    FittedTwin,
    HouseAutopilot,
    Prediction,
    SavedDay,
    StoredPolicy,
    TwinDay,
)
from tokkatot.cloud.platform.purging import purge_oldest

MOST_POLICIES = 200
MAY_COME = frozenset({"weather", "decisions"})
"""What a hub may still bring of a day of which it was lacking."""


async def policies(session: AsyncSession) -> Sequence[StoredPolicy]:
    """Return the policies without their models, the newest first."""
    found = await session.scalars(
        select(StoredPolicy)
        .options(defer(StoredPolicy.model, raiseload=True))
        .order_by(StoredPolicy.added_at.desc(), StoredPolicy.sha256)
        .limit(MOST_POLICIES)
    )
    return found.all()


async def homes(session: AsyncSession, houses: Sequence[UUID]) -> Mapping[UUID, tuple[House, Farm]]:
    """Return houses with their farms, also those that are no more."""
    rows = await session.execute(
        select(House, Farm).join(Farm, Farm.id == House.farm_id).where(House.id.in_(houses))
    )
    return {house.id: (house, farm) for house, farm in rows}


async def policies_by_hash(session: AsyncSession, hashes: Sequence[str]) -> Sequence[StoredPolicy]:
    """Return some policies with their models."""
    found = await session.scalars(
        select(StoredPolicy).where(StoredPolicy.sha256.in_(hashes)).order_by(StoredPolicy.sha256)
    )
    return found.all()


async def policy(session: AsyncSession, sha256: str) -> StoredPolicy | None:
    """Return a policy without its model."""
    found: StoredPolicy | None = await session.scalar(
        select(StoredPolicy)
        .options(defer(StoredPolicy.model, raiseload=True))
        .where(StoredPolicy.sha256 == sha256)
    )
    return found


async def autopilots(session: AsyncSession, houses: Sequence[UUID]) -> Sequence[HouseAutopilot]:
    """Return the autopilots of houses."""
    found = await session.scalars(select(HouseAutopilot).where(HouseAutopilot.house_id.in_(houses)))
    return found.all()


async def latest(session: AsyncSession, house_id: UUID) -> Decision | None:
    """Return what was decided last in a house."""
    found: Decision | None = await session.scalar(
        select(Decision).where(Decision.house_id == house_id).order_by(Decision.t.desc()).limit(1)
    )
    return found


async def keep(session: AsyncSession, decision: dict[str, object]) -> None:
    """Keep a decision; one that is told again is the same."""
    await session.execute(insert(Decision).values(decision).on_conflict_do_nothing())


async def purge(session: AsyncSession, *, before: datetime) -> bool:
    """Forget the oldest of what was decided long ago; tell whether there may be more."""
    return await purge_oldest(session, Decision, Decision.t < before, by=Decision.t)


async def fit_of(session: AsyncSession, house_id: UUID) -> FittedTwin | None:
    """Return what was found of a house's twin last."""
    return await session.get(FittedTwin, house_id)


async def fits_of(session: AsyncSession, houses: Sequence[UUID]) -> Sequence[FittedTwin]:
    """Return what was found last of the twins of houses."""
    found = await session.scalars(select(FittedTwin).where(FittedTwin.house_id.in_(houses)))
    return found.all()


async def keep_fit(session: AsyncSession, fit: dict[str, object]) -> None:
    """Keep what was found of a house's twin, in place of what was found before."""
    new = insert(FittedTwin).values(fit)
    await session.execute(new.on_conflict_do_update(index_elements=["house_id"], set_=fit))


async def decided_since(
    session: AsyncSession, since: datetime
) -> Mapping[UUID, tuple[datetime, datetime]]:
    """Return for which houses something was decided since then, when first and when last."""
    rows = await session.execute(
        select(Decision.house_id, func.min(Decision.t), func.max(Decision.t))
        .where(Decision.t >= since)
        .group_by(Decision.house_id)
    )
    return {house_id: (first_t, last_t) for house_id, first_t, last_t in rows}


class Held(NamedTuple):
    """What was decided: from when on, how much warmer, which least part of the fans."""

    t: datetime
    shift_k: float
    fan_share: float


async def held(
    session: AsyncSession, house_id: UUID, start: datetime, end: datetime
) -> Sequence[Held]:
    """Return how set-points were held and fans let rest, from each decision of a time on."""
    rows = await session.execute(
        select(Decision.t, Decision.shift_k, Decision.fan_share)
        .where(Decision.house_id == house_id, Decision.t >= start, Decision.t < end)
        .order_by(Decision.t)
    )
    return [Held(*row) for row in rows]


async def saved_days(
    session: AsyncSession, houses: Sequence[UUID], first: date, last: date
) -> Sequence[SavedDay]:
    """Return what the days of houses saved, as far as it was reckoned."""
    found = await session.scalars(
        select(SavedDay).where(SavedDay.house_id.in_(houses), SavedDay.day.between(first, last))
    )
    return found.all()


async def keep_saved(session: AsyncSession, day: dict[str, object]) -> None:
    """Keep what a day saved, also where something had been lacking that may come late.

    Of two that reckon the same day otherwise the first is right enough.
    """
    new = insert(SavedDay).values(day)
    await session.execute(
        new.on_conflict_do_update(
            index_elements=["house_id", "day"],
            set_=day,
            where=SavedDay.lacking.in_(sorted(MAY_COME)),
        )
    )


async def twin_days(
    session: AsyncSession, houses: Sequence[UUID], first: date, last: date
) -> Sequence[TwinDay]:
    """Return how far the twins of houses were off, as far as it was reckoned."""
    found = await session.scalars(
        select(TwinDay).where(TwinDay.house_id.in_(houses), TwinDay.day.between(first, last))
    )
    return found.all()


async def keep_twin_day(session: AsyncSession, day: dict[str, object]) -> None:
    """Keep how far a twin was off, also where something had been lacking that may come late."""
    new = insert(TwinDay).values(day)
    await session.execute(
        new.on_conflict_do_update(
            index_elements=["house_id", "day"], set_=day, where=TwinDay.off_k.is_(None)
        )
    )


async def predictions(
    session: AsyncSession, house_id: UUID, first: date, last: date
) -> Sequence[Prediction]:
    """Return what was foretold of a house on some days, the oldest first."""
    found = await session.scalars(
        select(Prediction)
        .where(Prediction.house_id == house_id, Prediction.made_on.between(first, last))
        .order_by(Prediction.made_on, Prediction.made_at)
    )
    return found.all()


async def predictions_since(session: AsyncSession, first: date) -> AbstractSet[tuple[UUID, date]]:
    """Return of which flocks and crops something was foretold on which days since then."""
    rows = await session.execute(
        select(Prediction.cycle_id, Prediction.made_on).where(Prediction.made_on >= first)
    )
    return {(cycle_id, made_on) for cycle_id, made_on in rows}


async def keep_prediction(session: AsyncSession, made: dict[str, object]) -> None:
    """Keep what was foretold; nobody changes it afterwards."""
    await session.execute(insert(Prediction).values(made).on_conflict_do_nothing())
