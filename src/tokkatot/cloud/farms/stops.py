"""Takes over what people say about the software stop on the farm's own network."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text

from tokkatot.cloud.farms import store
from tokkatot.cloud.farms.changes import farm_changed
from tokkatot.cloud.farms.hubs import touch_hubs
from tokkatot.cloud.farms.model import Farm, House
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.domain.alerts import Severity
from tokkatot.domain.ids import FarmId, HubId

_LOCK_HUBS = text("SELECT id FROM hubs WHERE farm_id = :farm ORDER BY id FOR NO KEY UPDATE NOWAIT")
_IS_TAKEN = text(
    "SELECT EXISTS (SELECT FROM events WHERE farm_id = :farm AND t = :at AND type = :kind"
    " AND house_id = :house AND data->>'hub' = :hub)"
)


async def take_stop(
    tx: Transaction,
    farm_id: FarmId,
    hub_id: HubId,
    house_id: UUID,
    *,
    stopped: bool,
    by: UUID | None,
    device_id: UUID | None,
    at: datetime | None,
) -> bool:
    """Let a house be stopped or go on, as a person said at its hub; False: no house of the farm.

    `device_id` is the button that was pressed, where it was one.

    The latest word counts. A stop holds whenever it was pressed, by a hub without a clock too; a
    lift that is older than the stop which holds was not meant for it. A stop of a house that is
    stopped already goes into the log, and to the hub in a new document: it was heard.

    Raises:
        DBAPIError: when a hub of the farm is saying hello at this moment; said again, it is taken.
    """
    # The farm, its houses and then its hubs, as whoever stops them in the cloud locks them.
    farm = await tx.session.get_one(Farm, farm_id, with_for_update={"key_share": True})
    houses = await _locked(tx, farm_id)
    house = houses.get(house_id)
    if house is None:
        return False
    # A hello waits for the cursors that this transaction holds: it is not waited for.
    await tx.session.execute(_LOCK_HUBS, {"farm": farm_id})
    person = by if by is not None and await store.name_of(tx.session, by) is not None else None
    if stopped:
        if house.stopped_at is None:
            house.stopped_at, house.stopped_by = at or tx.now, person
    elif at is None or not _lift(farm, house, houses.values(), at):
        return True
    await tx.session.flush()
    await touch_hubs(tx, farm_id)
    data: JsonObject = {"origin": "farm", "hub": str(hub_id)}
    audit.record(
        tx,
        _kind(stopped=stopped),
        farm_id=farm_id,
        house_id=house.id,
        device_id=device_id,
        user_id=person,
        severity=Severity.WARNING,
        data=data,
        t=at,
    )
    farm_changed(tx, farm_id, "stop", house.id)
    return True


async def is_taken(
    tx: Transaction,
    farm_id: FarmId,
    hub_id: HubId,
    house_id: UUID,
    *,
    stopped: bool,
    at: datetime,
) -> bool:
    """Tell whether a hub's word on a stop is in the log, where `take_stop` has put it."""
    found = await tx.session.scalar(
        _IS_TAKEN,
        {
            "farm": farm_id,
            "at": at,
            "kind": _kind(stopped=stopped),
            "house": house_id,
            "hub": str(hub_id),
        },
    )
    return bool(found)


def _kind(*, stopped: bool) -> str:
    return "house.stopped" if stopped else "house.stop_released"


async def _locked(tx: Transaction, farm_id: FarmId) -> Mapping[UUID, House]:
    found = await tx.session.scalars(
        select(House)
        .where(House.farm_id == farm_id, House.deleted_at.is_(None))
        .order_by(House.id)
        .with_for_update(key_share=True)
    )
    return {house.id: house for house in found}


def _lift(farm: Farm, house: House, houses: Iterable[House], at: datetime) -> bool:
    """End what stops a house; the farm's stop becomes the other houses' own."""
    pressed = [moment for moment in (house.stopped_at, farm.stopped_at) if moment is not None]
    if not pressed or at < max(pressed):
        return False
    if farm.stopped_at is not None:
        for other in houses:
            if other.stopped_at is None:
                other.stopped_at, other.stopped_by = farm.stopped_at, farm.stopped_by
        farm.stopped_at = farm.stopped_by = None
    house.stopped_at = house.stopped_by = None
    return True
