"""Builds what a hub is to hold from what people and staff have decided."""

from datetime import timedelta

from tokkatot.cloud.accounts import store as accounts_store
from tokkatot.cloud.devices import store
from tokkatot.cloud.devices.model import Device
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.hubs import touch_hub
from tokkatot.cloud.farms.model import Farm, Flock, House
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import NotFound
from tokkatot.domain.desired import DesiredDocument, DeviceConfig, HouseConfig, Member
from tokkatot.domain.flocks import Flock as Birds
from tokkatot.domain.ids import DeviceId, FarmId, HouseId, HubId, UserId
from tokkatot.domain.people import MemberRole
from tokkatot.domain.places import Place
from tokkatot.domain.quantities import Quantity
from tokkatot.kit.clock import to_ms

LIFETIME = timedelta(days=90)
"""How long a hub believes a document whose cloud has gone silent."""

RENEWED_AFTER = timedelta(days=30)
_MAX_MEMBERS = 1000


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
    houses = await farms_store.houses_of(tx.session, farm.id)
    wanted = {device.house_id for device, _ in devices} | {hub.house_id}
    flocks = await farms_store.open_flocks(tx.session, [house.id for house in houses])
    members = await farms_store.members_of(tx.session, farm.id, after=None, limit=_MAX_MEMBERS)
    staff = await accounts_store.staff_ids(tx.session, limit=_MAX_MEMBERS)
    return DesiredDocument(
        farm_id=FarmId(farm.id),
        hub_id=hub_id,
        version=hub.desired_version,
        expires_ms=to_ms(hub.desired_at + LIFETIME),
        time_zone=farm.time_zone,
        farm_name=farm.name,
        houses=tuple(
            _house(house, farm, flocks.get(house.id))
            for house in houses
            if house.id in wanted or hub.house_id is None
        ),
        place=_place(farm),
        devices=tuple(_device(device, zone) for device, zone in devices),
        members=(
            *(
                Member(user_id=UserId(row.user.id), role=row.member.role, name=row.user.name)
                for row in members
            ),
            # Staff have every right on every farm: to a hub they are owners.
            *(Member(user_id=UserId(user_id), role=MemberRole.OWNER) for user_id in staff),
        ),
    )


async def renew_documents(tx: Transaction) -> None:
    """Make a new version for every hub whose document grows old, long before it expires."""
    old = await store.hubs_with_old_documents(tx.session, before=tx.now - RENEWED_AFTER)
    for hub_id in old:
        await touch_hub(tx, HubId(hub_id))


def _place(farm: Farm) -> Place | None:
    if farm.latitude is None or farm.longitude is None:
        return None
    return Place(latitude=farm.latitude, longitude=farm.longitude)


def _house(house: House, farm: Farm, flock: Flock | None) -> HouseConfig:
    return HouseConfig(
        id=HouseId(house.id),
        number=house.number,
        name=house.name,
        kind=house.kind,
        setpoints=house.setpoints,
        software_stop=house.stopped_at is not None or farm.stopped_at is not None,
        flock=None
        if flock is None
        else Birds(placed_on=flock.placed_on, count=flock.present_count),
    )


def _device(device: Device, zone: str) -> DeviceConfig:
    return DeviceConfig(
        id=DeviceId(device.id),
        house_id=HouseId(device.house_id),
        hardware_id=device.hardware_id,
        name=device.name,
        role=device.role,
        interface=device.interface,
        zone=zone,
        quantities=tuple(Quantity(quantity) for quantity in device.quantities),
        period_s=device.period_s,
        address=dict(device.address),
    )
