"""The route of what happens now, for where sockets don't pass."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from tokkatot.cloud.farms.access import CanSee
from tokkatot.cloud.platform import outbox
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.schemas import View
from tokkatot.cloud.realtime.feed import CHANGES_AT_ONCE
from tokkatot.cloud.realtime.frames import change_frame
from tokkatot.cloud.telemetry.snapshot import farm_now

router = APIRouter(prefix="/v1", tags=["realtime"])


class ChangesView(View):
    """What has changed since a number, and how things stand."""

    items: list[dict[str, Any]]
    """The same numbered frames as on the socket."""
    next_since: int
    reload: bool
    """What was missed is no longer kept: look at the farm afresh."""
    snapshot: dict[str, Any]


@router.get("/farms/{farm}/changes")
async def changes(
    access: CanSee, tx: Tx, since: Annotated[int, Query(ge=0, lt=2**63)]
) -> ChangesView:
    """Return the changes numbered above `since`; ask every 3 seconds."""
    found = await outbox.read(tx.session, access.farm_id, since=since, limit=CHANGES_AT_ONCE)
    now = await farm_now(tx, access.farm_id)
    last = found.changes[-1].seq if found.changes else found.newest_seq
    return ChangesView(
        items=[change_frame(change) for change in found.changes],
        next_since=found.newest_seq if found.reload else last,
        reload=found.reload,
        snapshot=now.view(),
    )
