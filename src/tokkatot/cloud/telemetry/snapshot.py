"""How things stand on a farm: the newest word on every reading and every actuator."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from tokkatot.cloud.devices.model import Device, DeviceState
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.telemetry.live import HubNow, live_of_farm
from tokkatot.cloud.telemetry.model import LatestReading, Series
from tokkatot.cloud.telemetry.states import why_view
from tokkatot.cloud.telemetry.store import CLOCK_SLACK
from tokkatot.domain.quantities import check_value
from tokkatot.kit.clock import to_ms
from tokkatot.wire.messages import LiveDevice


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The newest reading of a device's quantity."""

    device_id: UUID
    quantity: str
    t_ms: int
    value: float
    quality: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What a device does; None where it has not said so."""

    device_id: UUID
    t_ms: int
    actual: float | None
    target: float | None
    online: bool
    error: str | None
    why: JsonObject | None

    def view(self, house_id: UUID) -> JsonObject:
        """Return it as the data of a `device.state` frame."""
        return {
            "house_id": str(house_id),
            "device_id": str(self.device_id),
            "actual": self.actual,
            "target": self.target,
            "online": self.online,
            "why": self.why,
            "error": self.error,
            "t": self.t_ms,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmNow:
    """How things stand on a farm."""

    houses: Mapping[UUID, UUID]
    """The house of each device."""
    readings: Mapping[tuple[UUID, str], Now]
    doing: Mapping[UUID, Doing]
    live_at: Mapping[UUID, datetime]
    """When each hub last said what is so."""

    def view(self) -> JsonObject:
        """Return it as the data of a `snapshot` frame."""
        houses: dict[str, dict[str, list[object]]] = {}
        for now in self.readings.values():
            house = _house_of(houses, self.houses[now.device_id])
            house["readings"].append(
                (str(now.device_id), now.quantity, now.t_ms, now.value, now.quality)
            )
        for doing in self.doing.values():
            house_id = self.houses[doing.device_id]
            _house_of(houses, house_id)["actuators"].append(doing.view(house_id))
        return {"houses": houses}


DeviceFound = tuple[UUID, UUID, DeviceState | None]
"""A device, its house, and what it reported last."""

_DEVICES = (
    select(Device.id, Device.house_id, DeviceState)
    .outerjoin(DeviceState, DeviceState.device_id == Device.id)
    .where(Device.farm_id == bindparam("farm"), Device.deleted_at.is_(None))
)
_READINGS = (
    select(
        Series.device_id,
        Series.house_id,
        Series.quantity,
        LatestReading.t,
        LatestReading.value,
        LatestReading.quality,
    )
    .join(LatestReading, LatestReading.series_id == Series.id)
    .where(Series.farm_id == bindparam("farm"))
)


async def farm_now(tx: Transaction, farm_id: UUID) -> FarmNow:
    """Return how things stand on a farm: what is stored, or what its hubs said since."""
    found = await tx.session.execute(_DEVICES, {"farm": farm_id})
    return await now_of(
        tx, farm_id, [(device_id, house_id, state) for device_id, house_id, state in found]
    )


async def now_of(tx: Transaction, farm_id: UUID, devices: Iterable[DeviceFound]) -> FarmNow:
    """Return how things stand with devices of a farm that are looked up already."""
    houses: dict[UUID, UUID] = {}
    doing: dict[UUID, Doing] = {}
    for device_id, house_id, state in devices:
        houses[device_id] = house_id
        if state is not None:
            doing[device_id] = _stored_doing(state)
    readings = await _stored_readings(tx.session, farm_id, houses)
    live = await live_of_farm(tx.session, farm_id)
    latest_ms = to_ms(tx.now + CLOCK_SLACK)
    for hub in live:
        _overlay(hub, houses, readings, doing, latest_ms=latest_ms)
    return FarmNow(
        houses=houses,
        readings=readings,
        doing=doing,
        live_at={hub.hub_id: hub.received_at for hub in live},
    )


async def _stored_readings(
    session: AsyncSession, farm_id: UUID, houses: Mapping[UUID, UUID]
) -> dict[tuple[UUID, str], Now]:
    rows = await session.execute(_READINGS, {"farm": farm_id})
    return {
        (device_id, quantity): Now(
            device_id=device_id,
            quantity=quantity,
            t_ms=to_ms(t),
            value=value,
            quality=quality,
        )
        for device_id, house_id, quantity, t, value, quality in rows
        # A device that has moved takes no reading of its old house along.
        if houses.get(device_id) == house_id
    }


def _stored_doing(state: DeviceState) -> Doing:
    return Doing(
        device_id=state.device_id,
        t_ms=to_ms(state.t),
        actual=state.actual,
        target=state.target,
        online=state.online,
        error=state.error,
        why=why_view(state.why),
    )


def _overlay(
    hub: HubNow,
    houses: Mapping[UUID, UUID],
    readings: dict[tuple[UUID, str], Now],
    doing: dict[UUID, Doing],
    *,
    latest_ms: int,
) -> None:
    """Put a hub's last word over what is stored, but for what is newer and can be true."""
    for now in live_readings(hub, houses):
        stored = readings.get((now.device_id, now.quantity))
        if stored is None or not now.t_ms < stored.t_ms <= latest_ms:
            readings[now.device_id, now.quantity] = now
    for device in hub.live.devices:
        device_id = _uuid(device.device)
        if device_id is None or device_id not in houses:
            continue
        known = doing.get(device_id)
        if known is None or not hub.live.t < known.t_ms <= latest_ms:
            doing[device_id] = _live_doing(device_id, device, known, t_ms=hub.live.t)


def live_readings(hub: HubNow, houses: Mapping[UUID, UUID]) -> Sequence[Now]:
    """Return the readings in a hub's last word, of devices that are the farm's."""
    found: list[Now] = []
    for reading in hub.live.readings:
        device_id = _uuid(reading.device)
        good = check_value(reading.quantity, reading.value) is None
        if good and device_id is not None and device_id in houses:
            found.append(
                Now(
                    device_id=device_id,
                    quantity=reading.quantity,
                    t_ms=reading.t,
                    value=reading.value,
                    quality=reading.quality,
                )
            )
    return found


def _live_doing(device_id: UUID, device: LiveDevice, known: Doing | None, *, t_ms: int) -> Doing:
    return Doing(
        device_id=device_id,
        t_ms=t_ms,
        actual=device.actual,
        target=device.target,
        online=device.online,
        error=None if known is None else known.error,
        why=None if device.why is None else why_view(msgspec.to_builtins(device.why)),
    )


def _house_of(
    houses: dict[str, dict[str, list[object]]], house_id: UUID
) -> dict[str, list[object]]:
    return houses.setdefault(str(house_id), {"readings": [], "actuators": []})


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
