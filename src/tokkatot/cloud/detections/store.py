"""Detections in the database."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from tokkatot.cloud.detections.model import Detection
from tokkatot.cloud.platform.newest import newest_first
from tokkatot.cloud.platform.purging import MOST_AT_ONCE, is_more_left


async def one(session: AsyncSession, farm_id: UUID, detection_id: UUID) -> Detection | None:
    """Return a detection of a farm."""
    found: Detection | None = await session.scalar(
        select(Detection).where(Detection.id == detection_id, Detection.farm_id == farm_id)
    )
    return found


async def told_by(
    session: AsyncSession, farm_id: UUID, hub_id: UUID, detection_id: UUID
) -> Detection | None:
    """Return what a hub has told of."""
    found: Detection | None = await session.scalar(
        select(Detection).where(
            Detection.id == detection_id,
            Detection.farm_id == farm_id,
            Detection.hub_id == hub_id,
        )
    )
    return found


async def note_original(
    session: AsyncSession, detection_id: UUID, *, kept: int, is_whole: bool
) -> None:
    """Note how much of the original is kept."""
    await session.execute(
        update(Detection)
        .where(Detection.id == detection_id)
        .values(original_bytes=kept, original_is_whole=is_whole)
    )


async def to_ask(
    session: AsyncSession, *, since: datetime, without: Collection[UUID]
) -> Detection | None:
    """Return the newest detection whose original is here and was not looked at again."""
    found: Detection | None = await session.scalar(
        select(Detection)
        .where(
            Detection.original_is_whole,
            Detection.second_at.is_(None),
            Detection.t > since,
            Detection.id.not_in(without),
        )
        .order_by(Detection.t.desc())
        .limit(1)
        .options(defer(Detection.thumbnail, raiseload=True))
    )
    return found


async def locked(session: AsyncSession, detection_id: UUID) -> Detection:
    """Return a detection that is there, locked."""
    found = await session.scalars(
        select(Detection).where(Detection.id == detection_id).with_for_update()
    )
    return found.one()


async def page(
    session: AsyncSession,
    house_id: UUID,
    *,
    only_alerts: bool,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Detection]:
    """Return the detections of a house without their pictures, the newest first."""
    rows = select(Detection).where(Detection.house_id == house_id)
    if only_alerts:
        rows = rows.where(Detection.alert)
    return await newest_first(
        session,
        rows.options(defer(Detection.thumbnail, raiseload=True)),
        (Detection.t, Detection.id),
        after=after,
        limit=limit,
    )


async def newest_picture(
    session: AsyncSession, house_id: UUID, *, since: datetime, until: datetime
) -> tuple[UUID, datetime] | None:
    """Return which detection has the newest picture of a house's cameras, and of when it is.

    What is dated after `until` holds no place: a hub's clock was ahead.
    """
    found = await session.execute(
        select(Detection.id, Detection.t)
        .where(
            Detection.house_id == house_id,
            Detection.t > since,
            Detection.t <= until,
            Detection.camera.is_not(None),
            Detection.thumbnail.is_not(None),
        )
        .order_by(Detection.t.desc(), Detection.id.desc())
        .limit(1)
    )
    row = found.one_or_none()
    return None if row is None else (row[0], row[1])


async def lent(session: AsyncSession, farm_id: UUID, *, limit: int) -> Sequence[Detection]:
    """Return the newest detections of a farm that models may learn from, with their pictures."""
    found = await session.scalars(
        select(Detection)
        .where(
            Detection.farm_id == farm_id,
            Detection.consent,
            Detection.marked_as.is_not(None),
            Detection.thumbnail.is_not(None),
        )
        .order_by(Detection.t.desc(), Detection.id.desc())
        .limit(limit)
    )
    return found.all()


async def let_go(session: AsyncSession, *, before: datetime) -> bool:
    """Drop the oldest pictures that nobody needs any more; what was said of them stays.

    Tells whether there may be more of them.
    """
    oldest = (
        select(Detection.id)
        .where(
            Detection.t < before,
            Detection.thumbnail.is_not(None),
            Detection.alert.is_(False),
            Detection.right.is_(None),
        )
        .order_by(Detection.t)
        .limit(MOST_AT_ONCE)
    )
    dropped = update(Detection).where(Detection.id.in_(oldest)).values(thumbnail=None)
    return await is_more_left(session, dropped, most=MOST_AT_ONCE)
