"""Takes learned policies in, and gives them to houses."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import select

from tokkatot.climate.physics.known import House as Known
from tokkatot.climate.policy.card import PolicyRefused, checked_card
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.breeds import is_native, lays
from tokkatot.cloud.farms.changes import farm_changed
from tokkatot.cloud.farms.hubs import touch_hubs
from tokkatot.cloud.farms.model import Flock, House
from tokkatot.cloud.farms.ports import Documents
from tokkatot.cloud.intelligence import store
from tokkatot.cloud.intelligence.model import HouseAutopilot, StoredPolicy
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict, NotFound, invalid_field
from tokkatot.domain.autopilot import MAX_POLICY_BYTES, AutopilotMode
from tokkatot.domain.ids import FarmId, HouseId, HubId, UserId

MOST_HOUSES: Final = 200
"""That are given a policy at once."""


async def add_policy(
    tx: Transaction, card: bytes, model: bytes, *, house_id: UUID | None = None
) -> StoredPolicy:
    """Take a policy in, or one that was learned for one house; one that is here already stays.

    Raises:
        Conflict: where it is none, or larger than a hub takes.
    """
    try:
        checked = checked_card(card, model)
    except PolicyRefused as refused:
        raise Conflict("conflict", str(refused)) from refused
    if len(card) + len(model) > MAX_POLICY_BYTES:
        raise Conflict("conflict", f"A hub takes at most {MAX_POLICY_BYTES} bytes of a policy.")
    found = await store.policy(tx.session, checked.model_sha256)
    if found is not None:
        return found
    stored = StoredPolicy(
        sha256=checked.model_sha256,
        version=checked.version,
        house_kind=checked.house.value,
        card=msgspec.json.decode(card),
        model=model,
        added_at=tx.now,
        house_id=house_id,
    )
    tx.session.add(stored)
    await tx.session.flush()
    return stored


async def deploy(
    tx: Transaction,
    sha256: str,
    house_ids: Sequence[UUID],
    documents: Documents,
    *,
    by: UserId,
) -> None:
    """Let houses have a policy; what it may do there stays as their people said.

    Raises:
        NotFound: when there is no such policy.
        Invalid: when one of the houses is none that it is for.
        Conflict: when a hub can't hold it.
    """
    policy = await store.policy(tx.session, sha256)
    if policy is None:
        raise NotFound("model")
    found = await tx.session.scalars(
        select(House)
        .where(House.id.in_(house_ids), House.deleted_at.is_(None))
        .order_by(House.id)
        .with_for_update(key_share=True)
    )
    houses = {house.id: house for house in found}
    have = {one.house_id: one for one in await store.autopilots(tx.session, list(houses))}
    touched: set[HubId] = set()
    for house_id in sorted(set(house_ids)):
        house = await _fit_for(tx, policy, house_id, houses.get(house_id))
        autopilot = have.get(house_id)
        if autopilot is None:
            autopilot = HouseAutopilot(
                house_id=house_id,
                mode=AutopilotMode.OFF,
                policy_sha256=sha256,
                changed_at=tx.now,
            )
            tx.session.add(autopilot)
        autopilot.policy_sha256, autopilot.changed_at = sha256, tx.now
        autopilot.forget_accepted()
        await tx.session.flush()
        touched.update(await touched_by(tx, house, autopilot))
        audit.record(
            tx,
            "policy.deployed",
            farm_id=house.farm_id,
            house_id=house_id,
            user_id=by,
            data={"model": sha256, "version": policy.version},
        )
    await documents.check(tx, touched)


async def has_no_broilers(tx: Transaction, house: House) -> bool:
    """Tell whether a coop has hens, a twin of such, or birds that no policy has learned on."""
    return house.id in await without_broilers(tx, [house])


async def without_broilers(tx: Transaction, houses: Sequence[House]) -> AbstractSet[UUID]:
    """Return which of these houses are such, by their present flocks and fits."""
    ids = [house.id for house in houses]
    flocks = await farms_store.open_cycles(tx.session, Flock, ids)
    fits = await store.fits_of(tx.session, ids)
    hens = {fit.house_id for fit in fits if fit.known_as == Known.HENS}
    return hens | {
        house.id
        for house in houses
        if lays(house, flocks.get(house.id)) or is_native(house, flocks.get(house.id))
    }


async def _fit_for(
    tx: Transaction, policy: StoredPolicy, house_id: UUID, house: House | None
) -> House:
    """Return a house that a policy is for."""
    if house is None or house.kind.value != policy.house_kind:
        wrong = f"{house_id} is no {policy.house_kind}: leave it out."
    elif policy.house_id not in {None, house_id}:
        wrong = f"It was learned for {policy.house_id} alone, not for {house_id}: leave it out."
    elif await has_no_broilers(tx, house):
        wrong = (
            f"{house_id} has laying hens or village chickens, and policies know "
            "broilers: leave it out."
        )
    else:
        return house
    raise invalid_field("body.houses", "unfit", wrong)


async def touched_by(tx: Transaction, house: House, autopilot: HouseAutopilot) -> Sequence[HubId]:
    """Let the house's hubs and the farm's screens know of its autopilot; return the hubs."""
    farm_id = FarmId(house.farm_id)
    versions = await touch_hubs(tx, farm_id, HouseId(house.id))
    serving = await farms_store.hub_for_house(tx.session, farm_id, house.id)
    autopilot.desired_version = None if serving is None else versions[HubId(serving.id)]
    farm_changed(tx, farm_id, "autopilot", house.id)
    return list(versions)
