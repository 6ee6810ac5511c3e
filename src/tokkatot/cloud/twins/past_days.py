"""Days that are over: the program of a twin lives through them in the night that follows."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.farms.model import Farm, House
from tokkatot.cloud.jobs.child import ask
from tokkatot.cloud.jobs.model import Failure
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.context import Context
from tokkatot.cloud.platform.database import Transaction

LIMIT_S: Final = 180.0
SETTLED: Final = timedelta(hours=1)
"""So long after midnight most of what a hub has measured has come."""
MOST_A_ROUND: Final = 200
FAILED: Final = "twin"
"""What is lacking where a twin could not live through a day, or came to no number."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDay:
    """A house and a day that is over."""

    house: House
    farm: Farm
    day: date

    @property
    def key(self) -> tuple[UUID, date]:
        """Return what it is kept by."""
        return self.house.id, self.day

    @property
    def start(self) -> datetime:
        """Return when it began on the farm's clock."""
        return datetime.combine(self.day, time.min, ZoneInfo(self.farm.time_zone))

    @property
    def end(self) -> datetime:
        """Return when it ended."""
        after = self.day + timedelta(days=1)
        return datetime.combine(after, time.min, ZoneInfo(self.farm.time_zone))


class Kept(Protocol):
    """What is kept of such a day."""

    house_id: UUID
    day: date
    reckoned_at: datetime
    lacking: str | None


Asked = TypeVar("Asked", bound=msgspec.Struct)


def past_days(house: House, farm: Farm, now: datetime, count: int) -> Sequence[PastDay]:
    """Return the last days of a house, the oldest first."""
    today = farm.today(now - SETTLED)
    return [
        PastDay(house=house, farm=farm, day=today - timedelta(days=ago))
        for ago in range(count, 0, -1)
    ]


def new_then_late(
    days: Sequence[PastDay], known: Iterable[Kept], may_come: Collection[str]
) -> Sequence[PastDay]:
    """Return the days of which nobody knows, then those of which something lacked that may come.

    Of these the one that was looked at longest ago comes first.
    """
    kept = {(row.house_id, row.day): row for row in known}
    late = [one for one in days if one.key in kept and kept[one.key].lacking in may_come]
    late.sort(key=lambda one: kept[one.key].reckoned_at)
    return [*(one for one in days if one.key not in kept), *late][:MOST_A_ROUND]


async def live_through(
    context: Context,
    program: Sequence[str],
    *,
    due: Callable[[Transaction], Awaitable[Sequence[PastDay]]],
    task: Callable[[Transaction, PastDay], Awaitable[Asked | str]],
    row: Callable[[JsonObject | str], dict[str, object]],
    keep: Callable[[AsyncSession, dict[str, object]], Awaitable[None]],
) -> None:
    """Let a program live through the days that are due, and keep what came or what is lacking."""
    async with context.database.transaction() as tx:
        days = await due(tx)
    for one in days:
        try:
            async with context.database.transaction() as tx:
                asked = await task(tx, one)
            told = row(asked if isinstance(asked, str) else await _lived(asked, program))
        except Exception:  # noqa: BLE001 - one house's failure must not end the others' night
            _log.exception("past_day.broke", house=str(one.house.id), day=one.day.isoformat())
            told = row(FAILED)
        async with context.database.transaction() as tx:
            kept = {"house_id": one.house.id, "day": one.day, "reckoned_at": tx.now}
            await keep(tx.session, kept | told)


async def _lived(asked: msgspec.Struct, program: Sequence[str]) -> JsonObject | str:
    said = await ask(program, msgspec.msgpack.encode(asked), limit_s=LIMIT_S, progress=_unheard)
    if isinstance(said, Failure):
        _log.warning("past_day.failed", program=program[-1], detail=said.detail)
        return FAILED
    return said


def _unheard(_done: float) -> None:
    """Nobody waits for it."""
