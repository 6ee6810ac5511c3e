"""Searches in the event log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.platform.audit import EventEntry
from tokkatot.cloud.platform.newest import newest_first
from tokkatot.domain.alerts import Severity

QUIET = ("desired.taken", "hub.dropped")
"""What machines note of each other; shown to whoever asks for it by its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events are wanted; None means any that tell a person something."""

    house_id: UUID | None = None
    device_id: UUID | None = None
    user_id: UUID | None = None
    type_prefix: str | None = None
    severity: Severity | None = None
    start: datetime | None = None
    end: datetime | None = None

    def conditions(self, farm_id: UUID) -> list[ColumnElement[bool]]:
        """Return the filter as SQL."""
        found: list[ColumnElement[bool]] = [EventEntry.farm_id == farm_id]
        if self.house_id is not None:
            found.append(EventEntry.house_id == self.house_id)
        if self.device_id is not None:
            found.append(EventEntry.device_id == self.device_id)
        if self.user_id is not None:
            found.append(EventEntry.user_id == self.user_id)
        if self.type_prefix is None:
            found.append(EventEntry.type.not_in(QUIET))
        else:
            found.append(EventEntry.type.startswith(self.type_prefix, autoescape=True))
        if self.severity is not None:
            found.append(EventEntry.severity == self.severity)
        if self.start is not None:
            found.append(EventEntry.t >= self.start)
        if self.end is not None:
            found.append(EventEntry.t < self.end)
        return found


async def events(
    session: AsyncSession,
    farm_id: UUID,
    wanted: EventFilter,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[EventEntry]:
    """Return events of a farm, the newest first."""
    rows = select(EventEntry).where(and_(*wanted.conditions(farm_id)))
    by = (EventEntry.t, EventEntry.id)
    return await newest_first(session, rows, by, after=after, limit=limit)
