"""The route that says why a device does what it does."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from tokkatot.cloud.devices import service as devices
from tokkatot.cloud.farms.access import CanSee
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.paging import Page, Paged, encode_cursor, page_of
from tokkatot.cloud.platform.schemas import Instant, View
from tokkatot.cloud.telemetry import trace
from tokkatot.domain.ids import DeviceId
from tokkatot.kit.clock import from_ms
from tokkatot.wire.messages import Why

router = APIRouter(prefix="/v1/farms/{farm}", tags=["devices"])


class ProposalView(View):
    """A level that something asked for."""

    source: str
    reason: str
    level: float


class DecisionView(View):
    """Who won over an actuator, until when, what cut it, and all that had been asked."""

    source: str = Field(description="person, schedule, rule, rest or interlock.")
    reason: str
    level: float
    until: datetime | None
    command_id: UUID | None = Field(description="The order of the person who won.")
    cut_by: list[str] = Field(description="The interlocks that constrained it.")
    proposals: list[ProposalView] = Field(description="The winner among them.")


class TraceView(View):
    """What a device reported at an instant, and who had decided it."""

    t: datetime
    actual: float | None
    target: float | None
    online: bool
    error: str | None
    why: DecisionView | None


@router.get("/devices/{device}/trace")
async def why_it_is_on(
    device: UUID,
    access: CanSee,
    tx: Tx,
    page: Paged,
    start: Annotated[Instant | None, Query(alias="from")] = None,
) -> Page[TraceView]:
    """Return what the device did and why, the newest first."""
    await devices.device_in(tx, access.farm_id, DeviceId(device))
    after = page.after_of(datetime.fromisoformat, int)
    before = None if after is None else trace.TraceBefore(t=after[0], seen=after[1])
    found = await trace.read_trace(
        tx.session,
        device,
        start=start,
        before=before,
        limit=page.limit + 1,
    )
    items, _ = page_of(found, page, lambda _: [])
    end = trace.end_of(items, before) if len(found) > page.limit else None
    return Page(
        items=[
            TraceView(
                t=entry.t,
                actual=entry.actual,
                target=entry.target,
                online=entry.online,
                error=entry.error,
                why=None if entry.why is None else decision_view(entry.why),
            )
            for entry in items
        ],
        next_cursor=None if end is None else encode_cursor([end.t.isoformat(), end.seen]),
    )


def decision_view(why: Why) -> DecisionView:
    """Return a decision as screens show it."""
    return DecisionView(
        source=why.source,
        reason=why.reason,
        level=why.level,
        until=None if why.until_ms is None else from_ms(why.until_ms),
        command_id=why.command,
        cut_by=list(why.cut_by),
        proposals=[
            ProposalView(source=source, reason=reason, level=level)
            for source, reason, level in why.proposals
        ],
    )
