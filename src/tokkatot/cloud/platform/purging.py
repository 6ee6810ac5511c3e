"""Forgets what is old in parts: a statement that takes too long is cut off, as is its repeat."""

from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, CursorResult, Delete, Update, delete, inspect, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from tokkatot.cloud.platform.base import Base

MOST_AT_ONCE: Final = 10_000
"""Rows of a kind that go in one transaction."""


async def purge_oldest(
    session: AsyncSession,
    kind: type[Base],
    old: ColumnElement[bool],
    *,
    by: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    most: int | None = None,
) -> bool:
    """Delete what is old, the oldest first; tell whether there may be more of it.

    `most` is for rows with which many others go; `MOST_AT_ONCE` unless it is said.
    """
    most = MOST_AT_ONCE if most is None else most
    keys = inspect(kind).primary_key
    oldest = select(*keys).where(old).order_by(by).limit(most)
    gone = delete(kind).where(tuple_(*keys).in_(oldest))
    return await is_more_left(session, gone, most=most)


async def is_more_left(session: AsyncSession, statement: Delete | Update, *, most: int) -> bool:
    """Do what is done to `most` rows at once; tell whether there were so many."""
    options = {"synchronize_session": False}
    done = await session.execute(statement, execution_options=options)
    return cast("CursorResult[Any]", done).rowcount >= most
