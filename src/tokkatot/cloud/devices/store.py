"""The SQL of devices and hubs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.devices.model import Device, DeviceParameter, DeviceState, UnknownDevice
from tokkatot.cloud.farms.model import Farm, House, Hub, Zone
from tokkatot.domain.devices import DeviceRole


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """A device with the name of its zone and what it reported last."""

    device: Device
    zone: str
    state: DeviceState | None


async def devices_of(
    session: AsyncSession,
    farm_id: UUID,
    *,
    house_id: UUID | None = None,
    only: UUID | None = None,
    roles: Collection[DeviceRole] | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[DeviceRow]:
    """Return devices of a farm in the order of their ids; a deleted house's are hidden with it."""
    statement = (
        select(Device, Zone.name, DeviceState)
        .join(House, House.id == Device.house_id)
        .join(Zone, Zone.id == Device.zone_id)
        .outerjoin(DeviceState, DeviceState.device_id == Device.id)
        .where(Device.farm_id == farm_id, Device.deleted_at.is_(None), House.deleted_at.is_(None))
    )
    if house_id is not None:
        statement = statement.where(Device.house_id == house_id)
    if only is not None:
        statement = statement.where(Device.id == only)
    if roles is not None:
        statement = statement.where(Device.role.in_(roles))
    if after is not None:
        statement = statement.where(Device.id > after)
    rows = await session.execute(statement.order_by(Device.id).limit(limit))
    return [DeviceRow(device=device, zone=zone, state=state) for device, zone, state in rows]


async def device_count(session: AsyncSession, farm_id: UUID) -> int:
    """Return how many devices a farm has."""
    count = select(func.count()).where(Device.farm_id == farm_id, Device.deleted_at.is_(None))
    return await session.scalar(count) or 0


async def hardware_taken(session: AsyncSession, farm_id: UUID, hardware_id: str) -> bool:
    """Tell whether a device of the farm has this hardware id."""
    found = await session.scalar(
        select(Device.id).where(
            Device.farm_id == farm_id,
            Device.hardware_id == hardware_id,
            Device.deleted_at.is_(None),
        )
    )
    return found is not None


async def deleted_device(
    session: AsyncSession, device_id: UUID, *, since: datetime
) -> Device | None:
    """Return a device that was deleted after `since`."""
    return await session.scalar(
        select(Device).where(Device.id == device_id, Device.deleted_at > since)
    )


async def zone_named(session: AsyncSession, house_id: UUID, name: str) -> Zone | None:
    """Return a zone of a house."""
    return await session.scalar(select(Zone).where(Zone.house_id == house_id, Zone.name == name))


async def parameters_of(session: AsyncSession, device_id: UUID) -> Sequence[DeviceParameter]:
    """Return a device's configuration parameters by name."""
    return (
        await session.scalars(
            select(DeviceParameter)
            .where(DeviceParameter.device_id == device_id)
            .order_by(DeviceParameter.name)
        )
    ).all()


async def drop_parameters(session: AsyncSession, device_id: UUID) -> None:
    """Forget a device's parameters, before others are stored."""
    await session.execute(delete(DeviceParameter).where(DeviceParameter.device_id == device_id))


async def hub_by_id(session: AsyncSession, hub_id: UUID) -> Hub | None:
    """Return a hub that has not been revoked."""
    return await session.scalar(select(Hub).where(Hub.id == hub_id, Hub.revoked_at.is_(None)))


async def hubs_of(session: AsyncSession, farm_id: UUID) -> Sequence[Hub]:
    """Return the hubs of a farm."""
    return (
        await session.scalars(
            select(Hub).where(Hub.farm_id == farm_id, Hub.revoked_at.is_(None)).order_by(Hub.id)
        )
    ).all()


async def all_hubs(session: AsyncSession) -> Sequence[Hub]:
    """Return every hub that may log in at the broker."""
    return (await session.scalars(select(Hub).where(Hub.revoked_at.is_(None)))).all()


async def devices_of_hub(session: AsyncSession, hub_id: UUID) -> list[tuple[Device, str]]:
    """Return what a hub drives, each device with its zone's name."""
    rows = await session.execute(
        select(Device, Zone.name)
        .join(House, House.id == Device.house_id)
        .join(Zone, Zone.id == Device.zone_id)
        .where(Device.hub_id == hub_id, Device.deleted_at.is_(None), House.deleted_at.is_(None))
        .order_by(Device.id)
    )
    return [(device, zone) for device, zone in rows]


async def adopt_devices(session: AsyncSession, hub: Hub) -> None:
    """Give a hub the devices in its house, or its farm, that no hub drives."""
    statement = update(Device).where(Device.farm_id == hub.farm_id, Device.hub_id.is_(None))
    if hub.house_id is not None:
        statement = statement.where(Device.house_id == hub.house_id)
    await session.execute(statement.values(hub_id=hub.id))


async def release_devices(session: AsyncSession, hub_id: UUID) -> None:
    """Take a hub's devices from it."""
    await session.execute(update(Device).where(Device.hub_id == hub_id).values(hub_id=None))


async def note_unknown(session: AsyncSession, unknown: UnknownDevice) -> None:
    """List a device that nobody registered, or count it once more."""
    await session.execute(
        insert(UnknownDevice)
        .values(
            hub_id=unknown.hub_id,
            hardware_id=unknown.hardware_id,
            farm_id=unknown.farm_id,
            driver=unknown.driver,
            detail=unknown.detail,
            first_heard_at=unknown.first_heard_at,
            last_heard_at=unknown.last_heard_at,
            times_heard=1,
        )
        .on_conflict_do_update(
            index_elements=[UnknownDevice.hub_id, UnknownDevice.hardware_id],
            set_={
                "driver": unknown.driver,
                "detail": unknown.detail,
                "last_heard_at": unknown.last_heard_at,
                "times_heard": UnknownDevice.times_heard + 1,
            },
        )
    )


async def unknown_count(session: AsyncSession, hub_id: UUID) -> int:
    """Return how many unknown devices a hub has listed."""
    count = select(func.count()).where(UnknownDevice.hub_id == hub_id)
    return await session.scalar(count) or 0


async def is_listed(session: AsyncSession, hub_id: UUID, hardware_id: str) -> bool:
    """Tell whether an unknown device is on the list already."""
    return await session.get(UnknownDevice, (hub_id, hardware_id)) is not None


async def forget_unknown(session: AsyncSession, farm_id: UUID, hardware_id: str) -> None:
    """Take a device off the list, once it is registered."""
    await session.execute(
        delete(UnknownDevice).where(
            UnknownDevice.farm_id == farm_id, UnknownDevice.hardware_id == hardware_id
        )
    )


async def unknown_devices(
    session: AsyncSession,
    *,
    farm_id: UUID | None,
    after: tuple[UUID, str] | None,
    limit: int,
) -> Sequence[UnknownDevice]:
    """Return unknown devices, hub by hub."""
    statement = select(UnknownDevice)
    if farm_id is not None:
        statement = statement.where(UnknownDevice.farm_id == farm_id)
    if after is not None:
        hub_id, hardware_id = after
        statement = statement.where(
            (UnknownDevice.hub_id > hub_id)
            | ((UnknownDevice.hub_id == hub_id) & (UnknownDevice.hardware_id > hardware_id))
        )
    order = (UnknownDevice.hub_id, UnknownDevice.hardware_id)
    return (await session.scalars(statement.order_by(*order).limit(limit))).all()


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRow:
    """A hub with its place and how its devices are."""

    hub: Hub
    farm_name: str
    house_name: str | None
    device_count: int
    offline_count: int


async def fleet(session: AsyncSession, *, after: UUID | None, limit: int) -> list[FleetRow]:
    """Return every hub with the health of its devices."""
    counts = (
        select(
            func.count().label("devices"),
            func.count().filter(DeviceState.online.is_(False)).label("offline"),
        )
        .select_from(Device)
        .outerjoin(DeviceState, DeviceState.device_id == Device.id)
        .where(Device.hub_id == Hub.id, Device.deleted_at.is_(None))
        .lateral()
    )
    statement = (
        select(
            Hub,
            Farm.name,
            House.name,
            counts.c.devices,
            counts.c.offline,
        )
        .join(Farm, Farm.id == Hub.farm_id)
        .outerjoin(House, House.id == Hub.house_id)
        .join(counts, true())
        .where(Hub.revoked_at.is_(None))
    )
    if after is not None:
        statement = statement.where(Hub.id > after)
    rows = await session.execute(statement.order_by(Hub.id).limit(limit))
    return [
        FleetRow(
            hub=hub,
            farm_name=farm,
            house_name=house,
            device_count=devices,
            offline_count=offline,
        )
        for hub, farm, house, devices, offline in rows
    ]


async def hubs_with_old_documents(
    session: AsyncSession, *, before: datetime, limit: int
) -> Sequence[UUID]:
    """Return the hubs whose document was last made before then, the oldest first."""
    return (
        await session.scalars(
            select(Hub.id)
            .where(Hub.revoked_at.is_(None), Hub.desired_at < before)
            .order_by(Hub.desired_at, Hub.id)
            .limit(limit)
        )
    ).all()
