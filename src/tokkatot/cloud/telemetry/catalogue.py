"""Which series a hub's rows belong to, remembered between batches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text

from tokkatot.cloud.platform.database import Transaction
from tokkatot.domain.ids import FarmId, HubId
from tokkatot.domain.quantities import SPECS, Quantity, Refusal

MAX_UNKNOWN_KEYS = 1000
"""How many wrong names of one hub are remembered; more are looked up again each time."""

Key = tuple[str, str]
"""Device and quantity as a row spells them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRef:
    """A series with the range that its values must lie in."""

    id: int
    minimum: float
    maximum: float


@dataclass(slots=True, kw_only=True)
class Catalogue:
    """What is known about one hub's keys while its desired document stays at `version`."""

    version: int
    series: dict[Key, SeriesRef] = field(default_factory=dict)
    houses: dict[str, UUID] = field(default_factory=dict)
    unknown: dict[Key, Refusal] = field(default_factory=dict)

    def refusal(self, key: Key) -> Refusal | None:
        """Return why a key has no series, None where that is not known yet."""
        return self.unknown.get(key)


async def learn(
    tx: Transaction, catalogue: Catalogue, farm_id: FarmId, keys: Iterable[Key]
) -> Catalogue:
    """Return the catalogue with these keys looked up, new series made where they are needed.

    The answer may be kept only once the transaction has committed.
    """
    learnt = Catalogue(
        version=catalogue.version,
        series=dict(catalogue.series),
        houses=dict(catalogue.houses),
        unknown=dict(catalogue.unknown) if len(catalogue.unknown) < MAX_UNKNOWN_KEYS else {},
    )
    wanted: dict[UUID, list[tuple[Key, Quantity]]] = {}
    for key in sorted(set(keys)):
        device, quantity = key
        if quantity not in SPECS:
            learnt.unknown[key] = Refusal.UNKNOWN_QUANTITY
            continue
        try:
            wanted.setdefault(UUID(device), []).append((key, Quantity(quantity)))
        except ValueError:
            learnt.unknown[key] = Refusal.UNKNOWN_DEVICE
    houses = await _houses(tx, farm_id, wanted)
    for device_id, pairs in wanted.items():
        house_id = houses.get(device_id)
        for key, quantity in pairs:
            if house_id is None:
                learnt.unknown[key] = Refusal.UNKNOWN_DEVICE
                continue
            learnt.houses[key[0]] = house_id
            spec = SPECS[quantity]
            learnt.series[key] = SeriesRef(
                id=await _series_id(tx, farm_id, house_id, device_id, quantity),
                minimum=spec.minimum,
                maximum=spec.maximum,
            )
    return learnt


async def _houses(tx: Transaction, farm_id: FarmId, ids: Iterable[UUID]) -> Mapping[UUID, UUID]:
    """Return the house of each device of the farm, deleted ones included, as backlogs are true."""
    rows = await tx.session.execute(
        text(
            "SELECT id, house_id FROM devices"
            " WHERE farm_id = :farm AND id = ANY(:ids) AND house_id IS NOT NULL"
        ),
        {"farm": farm_id, "ids": list(ids)},
    )
    return {row.id: row.house_id for row in rows}


async def _series_id(
    tx: Transaction, farm_id: FarmId, house_id: UUID, device_id: UUID, quantity: Quantity
) -> int:
    values = {"farm": farm_id, "house": house_id, "device": device_id, "quantity": quantity.value}
    find = text(
        "SELECT id FROM series"
        " WHERE house_id = :house AND device_id = :device AND quantity = :quantity"
    )
    found: int | None = await tx.session.scalar(find, values)
    if found is None:
        found = await tx.session.scalar(
            text(
                "INSERT INTO series (farm_id, house_id, device_id, quantity)"
                " VALUES (:farm, :house, :device, :quantity) ON CONFLICT DO NOTHING RETURNING id"
            ),
            values,
        )
    if found is None:  # Another process made it between the two statements.
        found = await tx.session.scalar(find, values)
    assert found is not None, "a series that conflicts is there"
    return found


def catalogue_of(catalogues: Mapping[HubId, Catalogue], hub_id: HubId, version: int) -> Catalogue:
    """Return what is remembered of a hub, nothing where its devices have changed since."""
    remembered = catalogues.get(hub_id)
    if remembered is None or remembered.version != version:
        return Catalogue(version=version)
    return remembered
