"""Photographs that people ask for: sent to the hub like orders, answered by what is seen there."""

import math
from datetime import timedelta
from typing import Final

from tokkatot.cloud.commands import store
from tokkatot.cloud.commands.model import PhotographRequest
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.access import FarmAccess
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.farms.hubs import CHANNEL as HUBS_CHANNEL
from tokkatot.cloud.farms.hubs import listening, touch_hub
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import RateLimited
from tokkatot.domain.ids import FarmId, HouseId, HubId, UserId
from tokkatot.wire.messages import EventRow

LIFETIME: Final = timedelta(seconds=30)
"""How long a wish may be on its way, as for an order to switch on."""
NOT_SOONER: Final = timedelta(seconds=20)
"""As the hub has it: its cameras look at most so often."""
KEPT: Final = timedelta(days=1)


async def request(
    tx: Transaction, access: FarmAccess, house_id: HouseId, *, origin: Origin
) -> PhotographRequest:
    """Ask the hub of a house to photograph it now.

    Raises:
        NotFound: when the farm has no such house.
        Conflict: when nobody could do it now; nothing is queued then.
        RateLimited: when somebody asked a moment ago.
    """
    await house_in(tx, access.farm_id, house_id)
    hub = listening(await farms_store.hub_for_house(tx.session, access.farm_id, house_id), tx.now)
    asked_at = await store.photograph_asked_at(tx.session, house_id)
    if asked_at is not None and tx.now < asked_at + NOT_SOONER:
        raise RateLimited(math.ceil((asked_at + NOT_SOONER - tx.now).total_seconds()))
    caller = access.caller
    wish = PhotographRequest(
        id=tx.new_id(),
        house_id=house_id,
        hub_id=hub.id,
        requested_by=caller.user_id,
        requested_at=tx.now,
        expires_at=tx.now + LIFETIME,
    )
    tx.session.add(wish)
    audit.record(
        tx,
        "photograph.requested",
        farm_id=access.farm_id,
        house_id=house_id,
        user_id=UserId(caller.user_id),
        data={"request": str(wish.id)},
        origin=origin,
    )
    if caller.is_staff and await store.joined_after(tx.session, caller.user_id, hub.desired_at):
        # The hub obeys whom its document names, and this one is older than the person's account.
        await touch_hub(tx, HubId(hub.id))
    tx.notify(HUBS_CHANNEL, str(hub.id))
    return wish


def mark_sent(tx: Transaction, wish: PhotographRequest) -> None:
    """Note that a wish was handed to the broker; it is locked by the caller."""
    assert wish.sent_at is None, "a wish is sent once"
    wish.sent_at = tx.now


def tell_failed(tx: Transaction, farm_id: FarmId, row: EventRow) -> None:
    """Tell the screens that a hub could take no photograph, and why."""
    data = {key: row.data.get(key) for key in ("request", "reason")}
    tx.emit(farm_id, "photograph.failed", {"house_id": row.data.get("house"), **data})
