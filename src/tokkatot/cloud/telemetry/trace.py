"""What an actuator did and why, from the log of its hub's reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.wire.messages import Why


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEntry:
    """What a device reported at an instant, and who had decided it."""

    t: datetime
    actual: float | None
    target: float | None
    online: bool
    error: str | None
    why: Why | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceBefore:
    """Where a page ended: its last time, and how many entries of that time were shown."""

    t: datetime
    seen: int


async def read_trace(
    session: AsyncSession,
    device_id: UUID,
    *,
    start: datetime | None,
    before: TraceBefore | None,
    limit: int,
) -> Sequence[TraceEntry]:
    """Return up to `limit` entries since `start`, the newest first."""
    rows = await session.execute(
        text(
            "SELECT t, actual, target, online, error, why FROM device_state_log"
            " WHERE device_id = :device AND t >= coalesce(:start, '-infinity'::timestamptz)"
            " AND t <= coalesce(:last, 'infinity'::timestamptz)"
            # Rows are only ever added: their places order those of one time.
            " ORDER BY t DESC, ctid DESC OFFSET :seen LIMIT :limit"
        ),
        {
            "device": device_id,
            "start": start,
            "last": None if before is None else before.t,
            "seen": 0 if before is None else before.seen,
            "limit": limit,
        },
    )
    return [
        TraceEntry(
            t=t,
            actual=actual,
            target=target,
            online=online,
            error=error,
            why=None if why is None else msgspec.convert(why, Why),
        )
        for t, actual, target, online, error, why in rows
    ]


def end_of(page: Sequence[TraceEntry], before: TraceBefore | None) -> TraceBefore:
    """Return where a page ended, given where it had started."""
    last = page[-1].t
    seen = sum(1 for entry in page if entry.t == last)
    if before is not None and before.t == last:
        seen += before.seen
    return TraceBefore(t=last, seen=seen)
