"""A farm in the database with a house, a hub and its devices, and what a hub says by hand."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import text

from tokkatot.cloud.platform.database import Database, Transaction
from tokkatot.domain.ids import FarmId, HubId
from tokkatot.wire.messages import Hello, ReadingsUp, StreamName, StreamPosition, Up, decode_up
from tokkatot.wire.topics import HubLeaf, HubTopic

EPOCH = "0190b5a0-0000-7000-8000-00000000e000"
OTHER_EPOCH = "0190b5a0-0000-7000-8000-00000000e001"
Row = list[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Yard:
    """One house with its hub, a sensor and a pump."""

    farm_id: FarmId
    house_id: UUID
    hub_id: HubId
    sensor: UUID
    pump: UUID

    def topic(self, leaf: HubLeaf) -> HubTopic:
        """Return a topic of the hub."""
        return HubTopic(farm_id=self.farm_id, hub_id=self.hub_id, leaf=leaf)

    def hello(self, *, epoch: str = EPOCH, next_seq: int = 1, mono_ms: int = 1) -> Hello:
        """Return what the hub says first."""
        position = StreamPosition(epoch=epoch, next=next_seq)
        return Hello(
            hub=self.hub_id,
            events=position,
            readings=position,
            boot="boot",
            mono_ms=mono_ms,
            t=None,
            desired_version=0,
            software="test",
            protocol=(1, 1),
        )

    def reading(self, seq: int, t_ms: int, value: float | None = 20.0, **other: object) -> Row:
        """Return a row of the sensor."""
        device = other.get("device", str(self.sensor))
        return [seq, "r", device, other.get("quantity", "temperature"), t_ms, value, 0]


def batch(
    session: str, stream: StreamName, first: int, rows: list[Row], *, epoch: str = EPOCH
) -> Up | ReadingsUp:
    """Return a batch as it is read from the wire."""
    return decode_up(batch_bytes(session, stream, first, rows, epoch=epoch))


def batch_bytes(
    session: str, stream: StreamName, first: int, rows: list[Row], *, epoch: str = EPOCH
) -> bytes:
    """Return a batch as it goes over the wire."""
    body = {
        "v": 1,
        "session": session,
        "stream": stream,
        "epoch": epoch,
        "from": first,
        "rows": rows,
    }
    return msgspec.json.encode(body)


async def make_yard(database: Database, *, farm_id: FarmId | None = None, number: int = 1) -> Yard:
    """Make a house with its hub and two devices, on a new farm unless one is named."""
    async with database.transaction() as tx:
        yard = Yard(
            farm_id=farm_id or FarmId(tx.new_id()),
            house_id=tx.new_id(),
            hub_id=HubId(tx.new_id()),
            sensor=tx.new_id(),
            pump=tx.new_id(),
        )
        if farm_id is None:
            await _insert(
                tx, "farms", id=yard.farm_id, name="F", time_zone="UTC", created_at=tx.now
            )
        await _house(tx, yard, number)
    return yard


async def _house(tx: Transaction, yard: Yard, number: int) -> None:
    zone_id = tx.new_id()
    await _insert(
        tx,
        "houses",
        id=yard.house_id,
        farm_id=yard.farm_id,
        number=number,
        name="Coop",
        kind="coop",
        temperature_min_c=22,
        temperature_max_c=30,
        temperature_hard_max_c=35,
        water_low_percent=20,
        water_full_percent=90,
        created_at=tx.now,
    )
    await _insert(tx, "zones", id=zone_id, house_id=yard.house_id, name="main", created_at=tx.now)
    await _insert(
        tx,
        "hubs",
        id=yard.hub_id,
        farm_id=yard.farm_id,
        house_id=yard.house_id,
        name="hub",
        password_hash="-",
        desired_version=1,
        desired_at=tx.now,
        created_at=tx.now,
    )
    for device_id, role, interface, quantities in (
        (yard.sensor, "climate_sensor", "sensor", '["temperature"]'),
        (yard.pump, "water_pump", "relay", "[]"),
    ):
        await _insert(
            tx,
            "devices",
            id=device_id,
            farm_id=yard.farm_id,
            house_id=yard.house_id,
            zone_id=zone_id,
            hub_id=yard.hub_id,
            hardware_id=f"{role}-{device_id}",
            name=role,
            role=role,
            interface=interface,
            quantities=quantities,
            period_s=30,
            address="{}",
            specs="{}",
            created_at=tx.now,
        )


async def put_up(database: Database, yard: Yard, role: str) -> UUID:
    """Put another device that measures temperature beside the yard's own."""
    shared = "farm_id, house_id, zone_id, hub_id, interface, quantities, period_s, created_at"
    same = f"{shared}, address, specs"
    async with database.transaction() as tx:
        device_id = tx.new_id()
        await tx.session.execute(
            text(
                f"INSERT INTO devices (id, hardware_id, name, role, {same})"  # noqa: S608
                f" SELECT :id, r, r, r, {same} FROM devices, CAST(:role AS text) AS r"
                " WHERE id = :like"
            ),
            {"id": device_id, "role": role, "like": yard.sensor},
        )
        return device_id


async def count(database: Database, table: str) -> int:
    """Return how many rows a table has."""
    async with database.transaction() as tx:
        found = await tx.session.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608
        assert isinstance(found, int)
        return found


async def _insert(tx: Transaction, table: str, **values: object) -> None:
    columns = ", ".join(values)
    marks = ", ".join(
        f"CAST(:{name} AS jsonb)" if name in {"quantities", "address", "specs"} else f":{name}"
        for name in values
    )
    await tx.session.execute(
        text(f"INSERT INTO {table} ({columns}) VALUES ({marks})"),  # noqa: S608 - names of ours
        values,
    )


def ms(instant: datetime) -> int:
    """Return an instant in milliseconds."""
    return round(instant.timestamp() * 1000)
