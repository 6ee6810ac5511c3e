"""Decides about the PIN of a farm's hubs, of which the cloud keeps what a hub needs and no more."""

import asyncio
import secrets

from tokkatot.cloud.farms import store
from tokkatot.cloud.farms.access import FarmAccess
from tokkatot.cloud.farms.changes import farm_changed
from tokkatot.cloud.farms.hubs import touch_hubs
from tokkatot.cloud.farms.model import HubPin
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import FieldError, Invalid
from tokkatot.domain.ids import FarmId
from tokkatot.domain.pins import is_easy
from tokkatot.wire.pins import SALT_BYTES, seal_pin


async def hub_pin(tx: Transaction, farm_id: FarmId) -> HubPin | None:
    """Return the PIN that the farm's owner has set, sealed; None: each hub goes by its own."""
    return await tx.session.get(HubPin, farm_id)


async def set_hub_pin(tx: Transaction, access: FarmAccess, pin: str, *, origin: Origin) -> HubPin:
    """Give all hubs of the farm one PIN; who came in by another is shown out.

    Raises:
        Invalid: when it is among those that everybody tries first.
    """
    if is_easy(pin):
        detail = "This PIN is too easy to guess."
        raise Invalid(errors=[FieldError(field="body.pin", code="too_easy", detail=detail)])
    sealed = await asyncio.to_thread(seal_pin, pin, secrets.token_bytes(SALT_BYTES))
    await store.lock_farm(tx.session, access.farm_id)
    found = await hub_pin(tx, access.farm_id)
    if found is None:
        found = HubPin(farm_id=access.farm_id)
        tx.session.add(found)
    found.sealed = sealed
    found.set_at, found.set_by = tx.now, access.caller.user_id
    await _changed(tx, access, "hub_pin.set", origin)
    return found


async def forget_hub_pin(tx: Transaction, access: FarmAccess, *, origin: Origin) -> None:
    """Let each hub go by a PIN of its own again."""
    await store.lock_farm(tx.session, access.farm_id)
    found = await hub_pin(tx, access.farm_id)
    if found is not None:
        await tx.session.delete(found)
        await _changed(tx, access, "hub_pin.removed", origin)


async def _changed(tx: Transaction, access: FarmAccess, kind: str, origin: Origin) -> None:
    await touch_hubs(tx, access.farm_id)
    audit.record(tx, kind, farm_id=access.farm_id, user_id=access.caller.user_id, origin=origin)
    farm_changed(tx, access.farm_id, "hub", access.farm_id)
