"""Decides about farms: founding, changing, stopping, deleting and restoring."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from tokkatot.cloud.accounts.ports import FarmBrief, FarmDirectory
from tokkatot.cloud.accounts.service import DEFAULT_TIME_ZONE
from tokkatot.cloud.farms import store
from tokkatot.cloud.farms.access import STAFF_ROLE, FarmAccess
from tokkatot.cloud.farms.changes import farm_changed
from tokkatot.cloud.farms.hubs import touch_hubs
from tokkatot.cloud.farms.model import RESTORABLE, Farm, FarmMember
from tokkatot.cloud.farms.needs import in_use, nothing_breaks
from tokkatot.cloud.farms.ports import Automation
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict, NotFound
from tokkatot.domain.alerts import Severity
from tokkatot.domain.ids import FarmId, UserId
from tokkatot.domain.people import MemberRole

MAX_FARMS = 100
"""That one person makes: those that others invite them to don't use it up."""
_LISTED_AT_LOGIN = 100
_PLACE = ("latitude", "longitude")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFarm:
    """A farm to be."""

    name: str
    province: str | None = None
    location: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    time_zone: str = DEFAULT_TIME_ZONE
    description: str | None = None
    image_url: str | None = None


async def create_farm(tx: Transaction, new: NewFarm, *, owner_id: UserId) -> Farm:
    """Make a farm with its first owner.

    Raises:
        Conflict: when the person has too many farms.
    """
    if await store.founded_count(tx.session, owner_id) >= MAX_FARMS:
        raise Conflict("conflict", f"One person makes at most {MAX_FARMS} farms.")
    farm = Farm(
        id=tx.new_id(),
        name=new.name,
        province=new.province,
        location=new.location,
        latitude=new.latitude,
        longitude=new.longitude,
        time_zone=new.time_zone,
        description=new.description,
        image_url=new.image_url,
        change_seq=0,
        stopped_at=None,
        stopped_by=None,
        created_at=tx.now,
        deleted_at=None,
    )
    tx.session.add(farm)
    await tx.session.flush()
    tx.session.add(
        FarmMember(
            farm_id=farm.id,
            user_id=owner_id,
            role=MemberRole.OWNER,
            invited_by=None,
            created_at=tx.now,
        )
    )
    await tx.session.flush()
    audit.record(tx, "farm.created", farm_id=farm.id, user_id=owner_id)
    return farm


async def farm_row(tx: Transaction, access: FarmAccess) -> store.FarmRow:
    """Return the farm of a caller with its counts.

    Raises:
        NotFound: when it was deleted meanwhile.
    """
    rows = await store.farms_seen_by(
        tx.session,
        access.caller.user_id,
        all_farms=access.caller.is_staff,
        before=None,
        limit=1,
        only=access.farm_id,
    )
    if not rows:
        raise NotFound("farm")
    return rows[0]


async def change_farm(
    tx: Transaction,
    access: FarmAccess,
    changes: Mapping[str, Any],
    automation: Automation,
    *,
    origin: Origin,
) -> None:
    """Change a farm's own fields.

    Raises:
        Conflict: when its place is to be forgotten and something goes by the sun there.
    """
    farm = await farm_in(tx, access.farm_id)
    before = (farm.time_zone, farm.name, farm.latitude, farm.longitude)
    guard: AbstractAsyncContextManager[None] = nullcontext()
    if farm.place is not None and any(changes.get(name, 0) is None for name in _PLACE):
        await _no_nights(tx, access.farm_id)
        guard = nothing_breaks(tx, automation, access.farm_id)
    async with guard:
        for name, value in changes.items():
            setattr(farm, name, value)
    if (farm.time_zone, farm.name, farm.latitude, farm.longitude) != before:
        await touch_hubs(tx, access.farm_id)
    _note(tx, access, "farm.changed", {"fields": sorted(changes)}, origin)
    farm_changed(tx, access.farm_id, "farm", farm.id)


async def delete_farm(tx: Transaction, access: FarmAccess, *, origin: Origin) -> None:
    """Hide a farm; staff can restore it for 30 days."""
    farm = await farm_in(tx, access.farm_id)
    farm.deleted_at = tx.now
    _note(tx, access, "farm.deleted", {"name": farm.name}, origin, severity=Severity.WARNING)
    farm_changed(tx, access.farm_id, "farm", farm.id)


async def restore_farm(tx: Transaction, farm_id: FarmId, *, by: UserId) -> Farm:
    """Bring a deleted farm back.

    Raises:
        NotFound: when there is no farm that was deleted within 30 days.
    """
    farm = await store.deleted_farm(tx.session, farm_id, since=tx.now - RESTORABLE)
    if farm is None:
        raise NotFound("deleted farm")
    farm.deleted_at = None
    audit.record(tx, "farm.restored", farm_id=farm.id, user_id=by)
    farm_changed(tx, farm_id, "farm", farm.id)
    return farm


async def stop_farm(tx: Transaction, access: FarmAccess, *, origin: Origin) -> Farm:
    """Stop motion and heat in all houses; ventilation goes on. A second stop changes nothing."""
    farm = await farm_in(tx, access.farm_id)
    if farm.stopped_at is None:
        farm.stopped_at, farm.stopped_by = tx.now, access.caller.user_id
        await _stop_changed(tx, access, "farm.stopped", origin)
    return farm


async def release_farm(tx: Transaction, access: FarmAccess, *, origin: Origin) -> None:
    """End the farm's stop; a house's own stop stays."""
    farm = await farm_in(tx, access.farm_id)
    if farm.stopped_at is not None:
        farm.stopped_at = farm.stopped_by = None
        await _stop_changed(tx, access, "farm.stop_released", origin)


async def farm_in(tx: Transaction, farm_id: FarmId) -> Farm:
    """Return a farm.

    Raises:
        NotFound: when there is none.
    """
    farm = await store.farm_by_id(tx.session, farm_id)
    if farm is None:
        raise NotFound("farm")
    return farm


class Directory(FarmDirectory):
    """The farms of people, as the accounts room asks for them."""

    @override
    async def found(
        self, tx: Transaction, *, name: str, province: str | None, owner_id: UserId
    ) -> FarmId:
        farm = await create_farm(tx, NewFarm(name=name, province=province), owner_id=owner_id)
        return FarmId(farm.id)

    @override
    async def farms_of(
        self, tx: Transaction, user_id: UserId, *, is_staff: bool
    ) -> list[FarmBrief]:
        rows = await store.farms_seen_by(
            tx.session, user_id, all_farms=is_staff, before=None, limit=_LISTED_AT_LOGIN
        )
        return [
            FarmBrief(
                id=FarmId(row.farm.id),
                name=row.farm.name,
                role=STAFF_ROLE if is_staff or row.role is None else row.role.value,
                coop_count=row.coop_count,
                house_count=row.house_count,
            )
            for row in rows
        ]

    @override
    async def farm_ids_of(self, tx: Transaction, user_id: UserId) -> list[FarmId]:
        return [FarmId(farm_id) for farm_id in await store.farm_ids_of(tx.session, user_id)]


async def _no_nights(tx: Transaction, farm_id: FarmId) -> None:
    houses = await store.houses_of(tx.session, farm_id)
    with_nights = [house.name for house in houses if house.night_setpoints is not None]
    if with_nights:
        raise in_use(f"the nights of {name}" for name in with_nights)


async def _stop_changed(tx: Transaction, access: FarmAccess, kind: str, origin: Origin) -> None:
    await touch_hubs(tx, access.farm_id)
    _note(tx, access, kind, {}, origin, severity=Severity.WARNING)
    farm_changed(tx, access.farm_id, "stop", access.farm_id)


def _note(
    tx: Transaction,
    access: FarmAccess,
    kind: str,
    data: dict[str, Any],
    origin: Origin,
    *,
    severity: Severity = Severity.INFO,
) -> None:
    audit.record(
        tx,
        kind,
        farm_id=access.farm_id,
        user_id=access.caller.user_id,
        severity=severity,
        data=data,
        origin=origin,
    )
