"""Replaces what people write down for a house: all of it together, in one version."""

from collections.abc import Sequence
from typing import Literal, TypeVar

import msgspec

from tokkatot.cloud.farms.changes import farm_changed
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict
from tokkatot.cloud.schedules import store
from tokkatot.cloud.schedules.checks import Surroundings, surroundings
from tokkatot.cloud.schedules.model import Written
from tokkatot.cloud.schedules.service import Writer, distribute
from tokkatot.domain.alarms import AlarmDefinition
from tokkatot.domain.ids import FarmId, HouseId
from tokkatot.domain.rules import Rule

W = TypeVar("W", bound=Written)


async def opened(
    tx: Transaction, farm_id: FarmId, house_id: HouseId, kind: type[W], *, edited: int
) -> tuple[W, Surroundings]:
    """Return what is written for a house, version 0 where nothing is, and what it is about.

    Until the end of the transaction nobody else writes.

    Raises:
        NotFound: when the farm has no such house.
        Conflict: when another version than the one edited holds.
    """
    house = await house_in(tx, farm_id, house_id)
    await store.lock_house(tx.session, house_id)
    found = await tx.session.get(kind, house_id)
    stored = kind(house_id=house_id, version=0, items=[]) if found is None else found
    if stored.version != edited:
        raise Conflict(
            "conflict", f"Version {stored.version} was written meanwhile: look at it first."
        )
    return stored, await surroundings(tx, house)


async def keep(
    tx: Transaction,
    writer: Writer,
    stored: Written,
    items: Sequence[Rule] | Sequence[AlarmDefinition],
    *,
    name: Literal["rules", "alarms"],
) -> None:
    """Put these in place of the former ones, for the hub to take; the same make no new version.

    Raises:
        Conflict: when the hub could not hold them.
    """
    encoded = msgspec.json.encode(items)
    kept: list[JsonObject] = msgspec.json.decode(encoded)
    if stored.version > 0 and stored.items == kept:
        return
    grew = len(encoded) > len(msgspec.json.encode(stored.items))
    stored.version, stored.items = stored.version + 1, kept
    stored.changed_at, stored.changed_by = tx.now, writer.access.caller.user_id
    tx.session.add(stored)
    farm_id, house_id = writer.access.farm_id, HouseId(stored.house_id)
    # Fewer of them are never refused, however long the document is.
    await distribute(tx, stored, farm_id, house_id, writer.documents if grew else None)
    audit.record(
        tx,
        f"{name}.changed",
        farm_id=farm_id,
        house_id=house_id,
        user_id=writer.access.caller.user_id,
        data={"version": stored.version, name: [item.name for item in items]},
        origin=writer.origin,
    )
    farm_changed(tx, farm_id, name, house_id)
