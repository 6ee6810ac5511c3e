"""Puts what the rooms know of a house into one answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tokkatot.cloud.accounts import store as accounts_store
from tokkatot.cloud.alerts import store as alert_store
from tokkatot.cloud.alerts.api import alert_views
from tokkatot.cloud.commands import store as command_store
from tokkatot.cloud.commands.api import CommandView
from tokkatot.cloud.commands.model import Command
from tokkatot.cloud.commands.views import command_view
from tokkatot.cloud.detections import store as detection_store
from tokkatot.cloud.detections.service import PICTURES_KEPT
from tokkatot.cloud.devices import store as device_store
from tokkatot.cloud.devices.service import MAX_DEVICES
from tokkatot.cloud.devices.store import DeviceRow
from tokkatot.cloud.farms.access import FarmAccess
from tokkatot.cloud.farms.api import person_view
from tokkatot.cloud.farms.model import Farm, House, Hub
from tokkatot.cloud.farms.views import StopView, setpoints_view
from tokkatot.cloud.overview import store
from tokkatot.cloud.overview.store import FarmSeen, HouseSeen
from tokkatot.cloud.overview.views import (
    ActuatorView,
    CardValueView,
    DashboardView,
    HouseCardView,
    HouseStateView,
    HubStatusView,
    PictureView,
    ReadingView,
    SensorView,
    WhyView,
)
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.objects import StoredObject
from tokkatot.cloud.platform.problems import NotFound
from tokkatot.cloud.telemetry.snapshot import Doing, FarmNow, Now, now_of
from tokkatot.domain.alerts import SEVERITY_ORDER
from tokkatot.domain.devices import ACTUATORS, speaks_for_air
from tokkatot.domain.houses import MODES
from tokkatot.domain.ids import FarmId, HouseId
from tokkatot.domain.quantities import SPECS, Quantity
from tokkatot.kit.clock import from_ms
from tokkatot.wire.session_cloud import SILENT_AFTER_S

STALE_PERIODS = 3
"""A value is stale once its sensor has been silent for so many of its periods."""
STALE_AT_LEAST = timedelta(seconds=60)
PICTURE_AHEAD = timedelta(minutes=1)
"""A picture that is dated later than this from now holds no place: its hub's clock was ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Farm:
    """What is known of a farm, read once for an answer."""

    t: datetime
    farm: Farm
    houses: Sequence[HouseSeen]
    devices: Mapping[UUID, DeviceRow]
    now: FarmNow

    def readings_in(self, house_id: UUID) -> Sequence[Now]:
        """Return the newest readings in a house, sorted as people look for them."""
        found = [
            now
            for now in self.now.readings.values()
            if now.device_id in self.devices and self.now.houses[now.device_id] == house_id
        ]
        return sorted(found, key=lambda now: (now.quantity, self.devices[now.device_id].device.id))

    def is_stale(self, now: Now) -> bool:
        """Tell whether a reading is older than its sensor should let it become."""
        period = timedelta(seconds=self.devices[now.device_id].device.period_s)
        return from_ms(now.t_ms) < self.t - max(period * STALE_PERIODS, STALE_AT_LEAST)

    def card_value(self, house_id: UUID, quantity: Quantity) -> CardValueView | None:
        """Return the mean over the sensors inside that are heard, or the newest old value."""
        found = [
            now
            for now in self.readings_in(house_id)
            if now.quantity == quantity
            and speaks_for_air(self.devices[now.device_id].device.role, quantity)
        ]
        if not found:
            return None
        fresh = [now for now in found if not self.is_stale(now)]
        told = fresh or [max(found, key=lambda now: now.t_ms)]
        return CardValueView(
            device_id=found[0].device_id if len(found) == 1 else None,
            value=sum(now.value for now in told) / len(told),
            t=from_ms(max(now.t_ms for now in told)),
            stale=not fresh,
        )


async def cards(tx: Transaction, access: FarmAccess) -> list[HouseCardView]:
    """Return the houses of a farm as cards."""
    farm = await _read(tx, await store.farm_seen(tx.session, access.farm_id))
    return [_card(farm, seen) for seen in farm.houses]


async def dashboard(tx: Transaction, access: FarmAccess) -> DashboardView:
    """Return all that a farm's first screen shows."""
    farm = await _read(tx, await store.farm_seen(tx.session, access.farm_id))
    ids = [seen.house.id for seen in farm.houses]
    standing = await alert_store.open_of(tx.session, access.farm_id, ids)
    return DashboardView(
        t=tx.now,
        seq=farm.farm.change_seq,
        role=access.role,
        houses=[_card(farm, seen) for seen in farm.houses],
        alerts=await alert_views(tx, standing),
    )


async def house_state(tx: Transaction, access: FarmAccess, house_id: HouseId) -> HouseStateView:
    """Return all that a house's screen shows; its picture is the newest that its cameras told of.

    Raises:
        NotFound: when the farm has no such house.
    """
    found = await store.house_seen(tx.session, access.farm_id, house_id)
    if found is None:
        raise NotFound("house")
    farm = await _read(tx, found, house_id=house_id)
    (seen,) = farm.houses
    house, card = seen.house, _card(farm, seen)
    in_house = list(farm.devices.values())
    standing = await alert_store.open_of(tx.session, access.farm_id, [house.id])
    return HouseStateView(
        t=tx.now,
        seq=farm.farm.change_seq,
        role=access.role,
        house=card,
        hub=card.hub,
        readings=[_reading(farm, now) for now in farm.readings_in(house.id)],
        actuators=await _actuators(tx, farm, in_house),
        sensors=[_sensor(farm, row) for row in in_house if row.device.role not in ACTUATORS],
        alerts=await alert_views(tx, standing),
        setpoints=setpoints_view(house),
        stop=await _stop(tx, house, farm.farm),
        picture=await _picture(tx, access.farm_id, house.id),
        live_t=None if card.hub is None else farm.now.live_at.get(card.hub.id),
    )


async def seen_picture(tx: Transaction, farm_id: FarmId, house_id: HouseId) -> StoredObject | None:
    """Return the newest picture that the cameras of a house told of."""
    newest = await _newest_picture(tx, house_id)
    found = None if newest is None else await detection_store.one(tx.session, farm_id, newest[0])
    if found is None or found.thumbnail is None:
        return None
    return StoredObject(content=found.thumbnail, etag=f'"{found.id}"', modified_at=found.t)


def with_picture(state: HouseStateView, farm_id: FarmId, hung: datetime | None) -> HouseStateView:
    """Return the state of a house with the picture that was hung there, where it is newer."""
    if hung is None or (state.picture is not None and state.picture.t >= hung):
        return state
    return state.model_copy(update={"picture": _picture_view(farm_id, state.house.id, hung)})


async def _picture(tx: Transaction, farm_id: FarmId, house_id: UUID) -> PictureView | None:
    newest = await _newest_picture(tx, house_id)
    return None if newest is None else _picture_view(farm_id, house_id, newest[1])


async def _newest_picture(tx: Transaction, house_id: UUID) -> tuple[UUID, datetime] | None:
    since, until = tx.now - PICTURES_KEPT, tx.now + PICTURE_AHEAD
    return await detection_store.newest_picture(tx.session, house_id, since=since, until=until)


def _picture_view(farm_id: FarmId, house_id: UUID, t: datetime) -> PictureView:
    return PictureView(url=f"/v1/farms/{farm_id}/houses/{house_id}/picture", t=t)


async def _read(tx: Transaction, seen: FarmSeen, *, house_id: HouseId | None = None) -> _Farm:
    # After the farm, which has its number: what changes meanwhile comes again on resuming there.
    rows = await device_store.devices_of(
        tx.session, FarmId(seen.farm.id), house_id=house_id, limit=MAX_DEVICES
    )
    return _Farm(
        t=tx.now,
        farm=seen.farm,
        houses=seen.houses,
        devices={row.device.id: row for row in rows},
        now=await now_of(
            tx,
            seen.farm.id,
            [(row.device.id, row.device.house_id, row.state) for row in rows],
        ),
    )


def _card(farm: _Farm, seen: HouseSeen) -> HouseCardView:
    house, flock, crop = seen.house, seen.flock, seen.crop
    return HouseCardView(
        id=house.id,
        number=house.number,
        name=house.name,
        kind=house.kind,
        capacity=house.capacity,
        present_count=flock.present_count if flock else None,
        chicken_type=(flock and flock.chicken_type) or house.chicken_type,
        crop_type=(crop and crop.crop_type) or house.crop_type,
        floor_area_m2=house.floor_area_m2,
        zones=list(seen.zones),
        hub=_hub(seen.hub, farm.t),
        water=farm.card_value(house.id, Quantity.WATER_LEVEL),
        temperature=farm.card_value(house.id, Quantity.TEMPERATURE),
        worst_alert=min(seen.severities, key=SEVERITY_ORDER.index, default=None),
        mode=house.mode,
        modes=list(MODES[house.kind]),
        stopped=house.stopped_at is not None or farm.farm.stopped_at is not None,
    )


def _hub(hub: Hub | None, now: datetime) -> HubStatusView | None:
    if hub is None:
        return None
    silent = now - timedelta(seconds=SILENT_AFTER_S)
    return HubStatusView(
        id=hub.id,
        online=hub.last_seen_at is not None and hub.last_seen_at > silent,
        last_seen_at=hub.last_seen_at,
        software=hub.software,
    )


def _reading(farm: _Farm, now: Now) -> ReadingView:
    row = farm.devices[now.device_id]
    return ReadingView(
        device_id=now.device_id,
        device_name=row.device.name,
        zone=row.zone,
        quantity=now.quantity,
        unit=SPECS[Quantity(now.quantity)].unit,
        value=now.value,
        t=from_ms(now.t_ms),
        quality=now.quality,
        stale=farm.is_stale(now),
    )


async def _actuators(tx: Transaction, farm: _Farm, rows: Sequence[DeviceRow]) -> list[ActuatorView]:
    actuators = [row for row in rows if row.device.role in ACTUATORS]
    newest = await command_store.newest_of(tx.session, [row.device.id for row in actuators])
    names = await accounts_store.names(tx.session, [c.requested_by for c in newest.values()])
    return [
        _actuator(row, farm.now.doing.get(row.device.id), newest.get(row.device.id), names)
        for row in actuators
    ]


def _actuator(
    row: DeviceRow, doing: Doing | None, command: Command | None, names: Mapping[UUID, str]
) -> ActuatorView:
    device, spec = row.device, ACTUATORS[row.device.role]
    return ActuatorView(
        device_id=device.id,
        name=device.name,
        role=device.role,
        interface=device.interface,
        zone=row.zone,
        online=doing is not None and doing.online,
        actual=None if doing is None else doing.actual,
        actual_t=None if doing is None else from_ms(doing.t_ms),
        target=None if doing is None else doing.target,
        why=None if doing is None or doing.why is None else WhyView.model_validate(doing.why),
        error=None if doing is None else doing.error,
        tap_on_s=spec.tap_on_s,
        tap_off_s=spec.tap_off_s,
        max_on_s=spec.max_on_s,
        command=None
        if command is None
        else CommandView.model_validate(command_view(command, names)),
    )


def _sensor(farm: _Farm, row: DeviceRow) -> SensorView:
    device = row.device
    heard = [now for key, now in farm.now.readings.items() if key[0] == device.id]
    newest = max(heard, key=lambda now: now.t_ms, default=None)
    doing = farm.now.doing.get(device.id)
    fresh = newest is not None and not farm.is_stale(newest)
    return SensorView(
        device_id=device.id,
        name=device.name,
        role=device.role,
        zone=row.zone,
        online=fresh if doing is None else doing.online,
        last_seen_at=None if newest is None else from_ms(newest.t_ms),
    )


async def _stop(tx: Transaction, house: House, farm: Farm) -> StopView | None:
    """Return the stop that holds: the house's own, else the farm's."""
    for stopped in (house, farm):
        if stopped.stopped_at is not None:
            return StopView(by=await person_view(tx, stopped.stopped_by), at=stopped.stopped_at)
    return None
