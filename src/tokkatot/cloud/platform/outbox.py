"""Durable changes of a farm: numbered without a gap, kept for a day."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    and_,
    bindparam,
    column,
    insert,
    select,
    table,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from tokkatot.cloud.platform.base import Base, JsonObject
from tokkatot.cloud.platform.purging import purge_oldest
from tokkatot.domain.ids import FarmId

CHANNEL = "tokkatot_changes"
"""Its payload is `FARM SEQ`, where SEQ is the newest number of that commit."""

KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that a farm's listeners are told; `data` is ready for JSON."""

    farm_id: FarmId
    type: str
    data: JsonObject


class FarmChange(Base):
    """A change with its number; kept for a day, so that a phone can resume."""

    __tablename__ = "farm_changes"

    farm_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    t: Mapped[datetime] = mapped_column(index=True)
    type: Mapped[str]
    data: Mapped[JsonObject]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The changes after a number, or `reload` where they are no longer all there."""

    changes: Sequence[FarmChange]
    newest_seq: int
    reload: bool


_TAKE_NUMBERS = text(
    "UPDATE farms SET change_seq = change_seq + :n WHERE id = :farm RETURNING change_seq"
)

_FARMS = table("farms", column("id"), column("change_seq"))
_READ = (
    select(_FARMS.c.change_seq, FarmChange)
    .outerjoin_from(
        _FARMS,
        FarmChange,
        and_(FarmChange.farm_id == _FARMS.c.id, FarmChange.seq > bindparam("since")),
    )
    .where(_FARMS.c.id == bindparam("farm"))
    .order_by(FarmChange.seq)
    .limit(bindparam("limit"))
)


async def write(
    session: AsyncSession, changes: Sequence[Change], *, now: datetime
) -> list[tuple[FarmId, int]]:
    """Take numbers from the farms' rows and store the changes; return each farm's newest number.

    The rows are locked in the order of their ids, so that two transactions can't wait for each
    other, and last in the transaction, so that changes commit in the order of their numbers.
    """
    by_farm: dict[FarmId, list[Change]] = defaultdict(list)
    for change in changes:
        by_farm[change.farm_id].append(change)
    newest: list[tuple[FarmId, int]] = []
    for farm_id in sorted(by_farm):
        of_farm = by_farm[farm_id]
        last = await session.scalar(
            _TAKE_NUMBERS,
            {"n": len(of_farm), "farm": farm_id},
        )
        assert isinstance(last, int), "a change is told for a farm that exists"
        first = last - len(of_farm) + 1
        await session.execute(
            insert(FarmChange),
            [
                {
                    "farm_id": farm_id,
                    "seq": first + offset,
                    "t": now,
                    "type": change.type,
                    "data": change.data,
                }
                for offset, change in enumerate(of_farm)
            ],
        )
        newest.append((farm_id, last))
    return newest


async def read(session: AsyncSession, farm_id: FarmId, *, since: int, limit: int) -> Resumed:
    """Return the changes numbered above `since`, oldest first, at most `limit`.

    `reload` is set where `since` is older than what is kept, or newer than what was ever given
    (the database was restored): then only a fresh look at the farm helps.
    """
    found = await session.execute(_READ, {"farm": farm_id, "since": since, "limit": limit})
    told = found.all()
    assert told, "the caller has looked the farm up"
    newest: int = told[0][0]
    if since > newest:
        return Resumed(changes=(), newest_seq=newest, reload=True)
    rows = [change for _, change in told if change is not None]
    oldest_wanted = since + 1
    lost = since < newest and (not rows or rows[0].seq != oldest_wanted)
    return Resumed(changes=() if lost else rows, newest_seq=newest, reload=lost)


async def purge(session: AsyncSession, *, now: datetime) -> bool:
    """Forget the oldest changes of those older than a day; tell whether there may be more."""
    return await purge_oldest(session, FarmChange, FarmChange.t < now - KEPT, by=FarmChange.t)
