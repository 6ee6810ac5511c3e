"""Tells hubs that what they are to hold has changed."""

from sqlalchemy import ColumnElement, or_, update

from tokkatot.cloud.farms.model import Hub
from tokkatot.cloud.platform.database import Transaction
from tokkatot.domain.ids import FarmId, HouseId, HubId

CHANNEL = "tokkatot_hubs"
"""Its payload is the hub's id: there is something to send to it."""


async def touch_hub(tx: Transaction, hub_id: HubId) -> None:
    """Raise the version of what one hub is to hold."""
    await _touch(tx, Hub.id == hub_id)


async def touch_hubs(tx: Transaction, farm_id: FarmId, house_id: HouseId | None = None) -> None:
    """Raise it for every hub of the farm, or those alone that serve one house."""
    if house_id is None:
        await _touch(tx, Hub.farm_id == farm_id)
    else:
        await _touch(
            tx,
            (Hub.farm_id == farm_id) & or_(Hub.house_id == house_id, Hub.house_id.is_(None)),
        )


async def _touch(tx: Transaction, which: ColumnElement[bool]) -> None:
    touched = await tx.session.scalars(
        update(Hub)
        .where(which, Hub.revoked_at.is_(None))
        .values(desired_version=Hub.desired_version + 1, desired_at=tx.now)
        .returning(Hub.id)
        .execution_options(synchronize_session=False)
    )
    for hub_id in touched.all():
        tx.notify(CHANNEL, str(hub_id))
