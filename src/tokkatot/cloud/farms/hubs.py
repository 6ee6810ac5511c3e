"""Tells hubs that what they are to hold has changed, and whether a hub listens at all."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, update

from tokkatot.cloud.farms.model import Hub
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict
from tokkatot.domain.ids import FarmId, HouseId, HubId
from tokkatot.wire.session_cloud import SILENT_AFTER_S

CHANNEL = "tokkatot_hubs"
"""Its payload is the hub's id: there is something to send to it."""


def listening(hub: Hub | None, now: datetime) -> Hub:
    """Return a hub that can be told something now.

    Raises:
        Conflict: when there is none, or it has not been heard for too long.
    """
    if hub is None:
        raise Conflict("no_hub")
    silent = now - timedelta(seconds=SILENT_AFTER_S)
    if hub.last_seen_at is None or hub.last_seen_at < silent:
        raise Conflict("hub_offline")
    return hub


async def touch_hub(tx: Transaction, hub_id: HubId) -> None:
    """Raise the version of what one hub is to hold."""
    await _touch(tx, Hub.id == hub_id)


async def touch_hubs(
    tx: Transaction, farm_id: FarmId, house_id: HouseId | None = None
) -> Mapping[HubId, int]:
    """Raise it for every hub of the farm, or those alone that serve one house; return them all."""
    if house_id is None:
        return await _touch(tx, Hub.farm_id == farm_id)
    return await _touch(
        tx,
        (Hub.farm_id == farm_id) & or_(Hub.house_id == house_id, Hub.house_id.is_(None)),
    )


async def _touch(tx: Transaction, which: ColumnElement[bool]) -> Mapping[HubId, int]:
    touched = await tx.session.execute(
        update(Hub)
        .where(which, Hub.revoked_at.is_(None))
        .values(desired_version=Hub.desired_version + 1, desired_at=tx.now)
        .returning(Hub.id, Hub.desired_version)
        .execution_options(synchronize_session="fetch")
    )
    versions = {HubId(hub_id): version for hub_id, version in touched}
    for hub_id in versions:
        tx.notify(CHANNEL, str(hub_id))
    return versions
