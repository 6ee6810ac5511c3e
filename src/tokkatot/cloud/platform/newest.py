"""Rows by pages in the order of their time, the newest first."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

T = TypeVar("T")
When = TypeVar("When")


async def newest_first(
    session: AsyncSession,
    rows: Select[T],
    by: tuple[InstrumentedAttribute[When], InstrumentedAttribute[UUID]],
    *,
    after: tuple[When, UUID] | None,
    limit: int,
) -> Sequence[T]:
    """Return at most `limit` rows beyond a time and an id, which orders those of one time."""
    t, row_id = by
    if after is not None:
        rows = rows.where(tuple_(t, row_id) < after)
    found = await session.scalars(rows.order_by(t.desc(), row_id.desc()).limit(limit))
    return found.all()
