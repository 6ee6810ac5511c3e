"""Lets alarms rest until a moment, and tells hubs what people have seen."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from tokkatot.cloud.alerts import service, store
from tokkatot.cloud.alerts.model import AlarmShelf, Alert
from tokkatot.cloud.farms.access import FarmAccess
from tokkatot.cloud.farms.hubs import touch_hub
from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict, NotFound
from tokkatot.domain.alarms import Seen, Shelf
from tokkatot.domain.alerts import CLOUDS_OWN, NEVER_HIDDEN, OF_CAMERAS
from tokkatot.domain.ids import AlertId, DeviceId, HouseId, HubId
from tokkatot.kit.clock import to_ms


async def shelve(
    tx: Transaction, access: FarmAccess, alert_id: UUID, rest: timedelta, *, origin: Origin
) -> Alert:
    """Let the alarm of an alert rest for a while from now on; no time at all ends its rest.

    Raises:
        NotFound: when the farm has no such alert.
        Conflict: when it is one that never rests.
    """
    alert = await store.locked(tx.session, alert_id)
    if alert is None or alert.farm_id != access.farm_id:
        raise NotFound("alert")
    if alert.type in NEVER_HIDDEN | CLOUDS_OWN | OF_CAMERAS or alert.house_id is None:
        raise Conflict("conflict", "This alarm can't rest.")
    until = tx.now + rest
    await tx.session.execute(
        insert(AlarmShelf)
        .values(
            id=tx.new_id(),
            house_id=alert.house_id,
            type=alert.type,
            device_id=alert.device_id,
            about=alert.about,
            until=until,
            shelved_by=access.caller.user_id,
        )
        .on_conflict_do_update(
            index_elements=["house_id", "type", "device_id", "about"],
            set_={"until": until, "shelved_by": access.caller.user_id},
        )
    )
    alert.shelved_until = until if rest else None
    await touch_hub(tx, HubId(alert.hub_id))
    event = "alert.shelved" if rest else "alert.unshelved"
    await service.tell(tx, alert, event, user_id=access.caller.user_id, origin=origin)
    return alert


async def shelves_in(tx: Transaction, house_ids: Sequence[UUID]) -> tuple[Shelf, ...]:
    """Return what rests in houses, as their hub takes it."""
    return tuple(
        Shelf(
            type=shelf.type,
            house_id=HouseId(shelf.house_id),
            until_ms=to_ms(shelf.until),
            device_id=None if shelf.device_id is None else DeviceId(shelf.device_id),
            about=shelf.about,
        )
        for shelf in await store.shelves_in(tx.session, house_ids)
    )


async def seen_at(tx: Transaction, hub_id: HubId) -> tuple[Seen, ...]:
    """Return the alerts of a hub that people have seen in the cloud."""
    return tuple(
        Seen(alert_id=AlertId(alert.id), times=alert.times)
        for alert in await store.seen_of(tx.session, hub_id)
    )
