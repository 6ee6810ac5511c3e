"""Decides about schedules: each change is a version, which the hub of the house is to hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.access import FarmAccess
from tokkatot.cloud.farms.changes import farm_changed
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.farms.hubs import touch_hubs
from tokkatot.cloud.farms.model import RESTORABLE
from tokkatot.cloud.farms.ports import Documents
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict, NotFound
from tokkatot.cloud.schedules import store
from tokkatot.cloud.schedules.checks import check_schedule, surroundings
from tokkatot.cloud.schedules.model import (
    Change,
    Distributed,
    ScheduleVersion,
    StoredSchedule,
    Written,
)
from tokkatot.cloud.schedules.reading import read
from tokkatot.cloud.schedules.store import Current
from tokkatot.domain.ids import FarmId, HouseId, HubId, ScheduleId
from tokkatot.domain.schedules import Schedule, devices_of

MAX_SCHEDULES = 100
"""Of one house."""
KEPT_VERSIONS = 100
"""Of one schedule: who looks further back than that looks for something else."""

_OF_THE_ROW = ("id", "house_id", "version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who changes something, from where, and who knows what the hubs can hold."""

    access: FarmAccess
    origin: Origin
    documents: Documents


def schedule_of(stored: StoredSchedule, version: ScheduleVersion) -> Schedule:
    """Return a version of a schedule as the engine takes it."""
    return msgspec.convert({**version.content, **_row_fields(stored, version.version)}, Schedule)


async def schedule_in(tx: Transaction, farm_id: FarmId, schedule_id: ScheduleId) -> Current:
    """Return a schedule of the farm.

    Raises:
        NotFound: when the farm has no such schedule.
    """
    found = await store.one(tx.session, farm_id, schedule_id)
    if found is None:
        raise NotFound("schedule")
    return found


async def create(
    tx: Transaction, writer: Writer, house_id: HouseId, content: JsonObject
) -> Current:
    """Give a house a schedule.

    Raises:
        NotFound: when the farm has no such house.
        Invalid: when the house could not carry it out.
        Conflict: when the house has too many, or its hub could not hold it.
    """
    house = await house_in(tx, writer.access.farm_id, house_id)
    await _make_room(tx, house_id)
    stored = StoredSchedule(
        id=tx.new_id(),
        farm_id=house.farm_id,
        house_id=house.id,
        version=0,
        hub_id=None,
        hub_version=None,
        deleted_at=None,
    )
    tx.session.add(stored)
    return await _write(tx, writer, stored, content, Change.CREATED)


async def change(
    tx: Transaction, writer: Writer, schedule_id: ScheduleId, content: JsonObject, *, edited: int
) -> Current:
    """Write the next version of a schedule; what changes nothing writes none.

    Who sends again what is there already, because they have not heard the answer, is no conflict.

    Raises:
        NotFound: when the farm has no such schedule.
        Invalid: when the house could not carry it out.
        Conflict: when another version than the one edited holds, or the hub could not hold it.
    """
    current = await _locked(tx, writer.access.farm_id, schedule_id)
    if current.version.version != edited:
        if _read(current.stored, content)[1] == current.version.content:
            return current
        raise Conflict(
            "conflict",
            f"Version {current.version.version} was written meanwhile: look at it first.",
        )
    return await _write(tx, writer, current.stored, content, Change.CHANGED, before=current)


async def enable(
    tx: Transaction, writer: Writer, schedule_id: ScheduleId, *, enabled: bool
) -> Current:
    """Switch a schedule on or off.

    Raises:
        NotFound: when the farm has no such schedule.
        Invalid: when it is to be on and the house could not carry it out any more.
    """
    current = await _locked(tx, writer.access.farm_id, schedule_id)
    what = Change.ENABLED if enabled else Change.DISABLED
    content = {**current.version.content, "enabled": enabled}
    return await _write(tx, writer, current.stored, content, what, before=current)


async def roll_back(
    tx: Transaction, writer: Writer, schedule_id: ScheduleId, *, to: int
) -> Current:
    """Make the content of an older version the newest one.

    Raises:
        NotFound: when the farm has no such schedule, or it no such version any more.
        Invalid: when the house could not carry it out any more.
    """
    current = await _locked(tx, writer.access.farm_id, schedule_id)
    wanted = await store.version(tx.session, schedule_id, to)
    if wanted is None:
        raise NotFound("version")
    return await _write(
        tx, writer, current.stored, wanted.content, Change.ROLLED_BACK, before=current
    )


async def delete(tx: Transaction, writer: Writer, schedule_id: ScheduleId) -> None:
    """Take a schedule away; its versions and its runs stay.

    Raises:
        NotFound: when the farm has no such schedule.
    """
    current = await _locked(tx, writer.access.farm_id, schedule_id)
    stored = current.stored
    stored.deleted_at = tx.now
    await _store(tx, writer, stored, current.version.content, Change.DELETED)


async def deleted_schedule(tx: Transaction, schedule_id: ScheduleId) -> StoredSchedule:
    """Return a schedule that can be restored, of whatever farm.

    Raises:
        NotFound: when there is no schedule that was deleted within 30 days.
    """
    stored = await store.deleted(tx.session, schedule_id, since=tx.now - RESTORABLE)
    if stored is None:
        raise NotFound("deleted schedule")
    return stored


async def restore(tx: Transaction, writer: Writer, stored: StoredSchedule) -> Current:
    """Bring a deleted schedule back as it was.

    Raises:
        Invalid: when the house could not carry it out any more.
        Conflict: when the house has too many, or its hub could not hold it.
    """
    await _make_room(tx, stored.house_id)
    former = await store.version(tx.session, stored.id, stored.version)
    assert former is not None, "a schedule has the version that holds"
    stored.deleted_at = None
    return await _write(tx, writer, stored, former.content, Change.RESTORED)


async def _make_room(tx: Transaction, house_id: UUID) -> None:
    await store.lock_house(tx.session, house_id)
    if await store.count_in(tx.session, house_id) >= MAX_SCHEDULES:
        raise Conflict("conflict", f"A house has at most {MAX_SCHEDULES} schedules.")


async def _locked(tx: Transaction, farm_id: FarmId, schedule_id: ScheduleId) -> Current:
    await store.lock(tx.session, schedule_id)
    return await schedule_in(tx, farm_id, schedule_id)


async def _write(
    tx: Transaction,
    writer: Writer,
    stored: StoredSchedule,
    content: JsonObject,
    what: Change,
    *,
    before: Current | None = None,
) -> Current:
    schedule, kept = _read(stored, content)
    house = await house_in(tx, writer.access.farm_id, HouseId(stored.house_id))
    await store.lock_house(tx.session, house.id)
    if what is not Change.DISABLED:
        check_schedule(schedule, await surroundings(tx, house))
    if before is not None and before.version.content == kept:
        return before
    return Current(stored=stored, version=await _store(tx, writer, stored, kept, what))


def _read(stored: StoredSchedule, content: JsonObject) -> tuple[Schedule, JsonObject]:
    """Return a schedule's next version as the engine takes it, and as it is kept."""
    schedule = read({**content, **_row_fields(stored, stored.version + 1)}, Schedule, "body")
    kept: JsonObject = msgspec.json.decode(msgspec.json.encode(schedule))
    for name in _OF_THE_ROW:
        del kept[name]
    return schedule, kept


async def _store(
    tx: Transaction, writer: Writer, stored: StoredSchedule, content: JsonObject, what: Change
) -> ScheduleVersion:
    farm_id, by = writer.access.farm_id, writer.access.caller.user_id
    stored.version += 1
    version = ScheduleVersion(
        schedule_id=stored.id,
        version=stored.version,
        what=what,
        content=content,
        made_at=tx.now,
        made_by=by,
    )
    await tx.session.flush()
    tx.session.add(version)
    await store.drop_versions(tx.session, stored.id, through=stored.version - KEPT_VERSIONS)
    # What makes a document no longer is never refused, however long it is.
    longer = what not in {Change.DELETED, Change.DISABLED}
    house_id = HouseId(stored.house_id)
    await distribute(tx, stored, farm_id, house_id, writer.documents if longer else None)
    audit.record(
        tx,
        f"schedule.{what}",
        farm_id=farm_id,
        house_id=stored.house_id,
        user_id=by,
        data={"schedule": str(stored.id), "name": content["name"], "version": stored.version},
        origin=writer.origin,
    )
    farm_changed(tx, farm_id, "schedule", stored.id)
    return version


async def distribute(
    tx: Transaction,
    changed: Distributed | Written,
    farm_id: FarmId,
    house_id: HouseId,
    documents: Documents | None,
) -> None:
    """Have the hubs of a house take over what was changed; where it can say so, note with which.

    Raises:
        Conflict: when a hub could not hold it, as far as `documents` are to be asked.
    """
    touched = await touch_hubs(tx, farm_id, house_id)
    if isinstance(changed, Distributed):
        hub = await farms_store.hub_for_house(tx.session, farm_id, house_id)
        changed.hub_id = None if hub is None else hub.id
        changed.hub_version = None if hub is None else touched[HubId(hub.id)]
    await tx.session.flush()
    if documents is not None:
        await documents.check(tx, touched)


def _row_fields(stored: StoredSchedule, version: int) -> JsonObject:
    return {"id": str(stored.id), "house_id": str(stored.house_id), "version": version}


def device_ids(found: Sequence[Current]) -> Sequence[UUID]:
    """Return every device that schedules move, each once."""
    return list(
        dict.fromkeys(
            device_id
            for current in found
            for device_id in devices_of(schedule_of(current.stored, current.version))
        )
    )
