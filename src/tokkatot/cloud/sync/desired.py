"""Builds what a hub is to hold from what people and staff have decided."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

import msgspec
from typing_extensions import override

from tokkatot.cloud.accounts import store as accounts_store
from tokkatot.cloud.alerts.definitions import alarms_by_house
from tokkatot.cloud.alerts.shelves import seen_at, shelves_in
from tokkatot.cloud.devices import store
from tokkatot.cloud.devices.configs import device_config
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.hubs import touch_hub
from tokkatot.cloud.farms.model import Farm, House, Hub
from tokkatot.cloud.farms.pins import hub_pin
from tokkatot.cloud.farms.ports import Documents
from tokkatot.cloud.intelligence.service import autopilots_in
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict, NotFound
from tokkatot.cloud.schedules.houses import house_configs, schedules_in
from tokkatot.cloud.twins.handed import handed_twins
from tokkatot.domain.autopilot import MAX_POLICIES, Autopilot
from tokkatot.domain.desired import MAX_SCHEDULES, DesiredDocument, Member
from tokkatot.domain.ids import FarmId, HubId, UserId
from tokkatot.domain.people import MemberRole
from tokkatot.kit.clock import to_ms
from tokkatot.wire.messages import MAX_BODY_BYTES

LIFETIME = timedelta(days=90)
"""How long a hub believes a document whose cloud has gone silent."""

RENEWED_AFTER = timedelta(days=30)
RENEWED_AT_ONCE = 500
MAX_DOCUMENT_BYTES = MAX_BODY_BYTES // 4 * 3 - 1024
"""Sealed, a document is a third longer, and no message may be longer than a hub reads."""

_MAX_MEMBERS = 1000
_NO_AUTOPILOT = Autopilot()


async def build_desired(tx: Transaction, hub_id: HubId) -> DesiredDocument:
    """Return what a hub is to hold, as of this transaction.

    Raises:
        NotFound: when there is no such hub, or it was revoked.
    """
    hub = await store.hub_by_id(tx.session, hub_id)
    if hub is None:
        raise NotFound("hub")
    farm = await tx.session.get_one(Farm, hub.farm_id)
    devices = await store.devices_of_hub(tx.session, hub_id)
    driven = {device.house_id for device, _ in devices} | {hub.house_id}
    houses = [
        house
        for house in await farms_store.houses_of(tx.session, farm.id)
        if house.id in driven or hub.house_id is None
    ]
    pin = await hub_pin(tx, FarmId(farm.id))
    alarms = await alarms_by_house(tx, [house.id for house in houses])
    served = await _served(tx, hub, houses)
    autopilots, policies = await autopilots_in(tx, served)
    twins = await handed_twins(tx, [house for house in served if house.id in autopilots])
    return DesiredDocument(
        farm_id=FarmId(farm.id),
        hub_id=hub_id,
        version=hub.desired_version,
        expires_ms=to_ms(hub.desired_at + LIFETIME),
        time_zone=farm.time_zone,
        farm_name=farm.name,
        houses=tuple(
            replace(
                house,
                alarms=alarms.get(house.id, ()),
                autopilot=replace(
                    autopilots.get(house.id, _NO_AUTOPILOT), twin=twins.get(house.id)
                ),
            )
            for house in await house_configs(tx, farm, houses)
        ),
        place=farm.place,
        devices=tuple(device_config(device, zone) for device, zone in devices),
        members=await _members(tx, farm),
        schedules=await schedules_in(tx, [house.id for house in served]),
        pin=None if pin is None else pin.sealed,
        shelved=await shelves_in(tx, [house.id for house in houses]),
        seen=await seen_at(tx, hub_id),
        policies=policies,
    )


async def renew_documents(tx: Transaction) -> bool:
    """Make a new version for hubs whose documents grow old, long before they expire.

    Tells whether there may be more of them.
    """
    old = await store.hubs_with_old_documents(
        tx.session, before=tx.now - RENEWED_AFTER, limit=RENEWED_AT_ONCE
    )
    for hub_id in old:
        await touch_hub(tx, HubId(hub_id))
    return len(old) == RENEWED_AT_ONCE


class HubLimits(Documents):
    """Knows what a hub can hold."""

    @override
    async def check(self, tx: Transaction, hub_ids: Iterable[HubId]) -> None:
        for hub_id in hub_ids:
            document = await build_desired(tx, hub_id)
            if len(document.schedules) > MAX_SCHEDULES:
                raise Conflict("conflict", f"A hub holds at most {MAX_SCHEDULES} schedules.")
            if len(document.policies) > MAX_POLICIES:
                raise Conflict("conflict", "The houses of a hub have one policy: deploy the same.")
            if len(msgspec.json.encode(document)) > MAX_DOCUMENT_BYTES:
                raise Conflict("conflict", "The hub can't hold more: make something shorter.")


async def _served(tx: Transaction, hub: Hub, houses: Sequence[House]) -> list[House]:
    """Return the houses whose schedules and autopilots a hub runs: each has one such hub."""
    serving = await farms_store.hubs_serving(
        tx.session, hub.farm_id, [house.id for house in houses]
    )
    mine = {house_id for house_id, server in serving.items() if server.id == hub.id}
    return [house for house in houses if house.id in mine]


async def _members(tx: Transaction, farm: Farm) -> tuple[Member, ...]:
    members = await farms_store.members_of(tx.session, farm.id, after=None, limit=_MAX_MEMBERS)
    staff = await accounts_store.staff_ids(tx.session, limit=_MAX_MEMBERS)
    return (
        *(
            Member(user_id=UserId(row.user.id), role=row.member.role, name=row.user.name)
            for row in members
        ),
        # Staff have every right on every farm: to a hub they are owners.
        *(Member(user_id=UserId(user_id), role=MemberRole.OWNER) for user_id in staff),
    )
