"""Decides about the autopilots of houses: what they may do, what people take of their advice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import text

from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.access import FarmAccess
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.farms.model import House
from tokkatot.cloud.farms.ports import Documents
from tokkatot.cloud.intelligence import store
from tokkatot.cloud.intelligence.model import (
    Decision,
    FittedTwin,
    HouseAutopilot,
    StoredPolicy,
)
from tokkatot.cloud.intelligence.registry import has_no_broilers, touched_by, without_broilers
from tokkatot.cloud.platform import audit
from tokkatot.cloud.platform.audit import Origin
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.problems import Conflict, Forbidden
from tokkatot.cloud.telemetry.intake import credible, storable
from tokkatot.domain.autopilot import Accepted, Autopilot, AutopilotMode, PolicyFile
from tokkatot.domain.ids import FarmId, HouseId, HubId
from tokkatot.domain.people import Right
from tokkatot.domain.quantities import Refusal
from tokkatot.kit.clock import to_ms
from tokkatot.wire import autopilot as wire
from tokkatot.wire.cursor import RefusedRow
from tokkatot.wire.messages import EventRow, MessageError

ACCEPTED_FOR: Final = timedelta(hours=4)
"""A person's yes is to what is so now; a house changes with its day."""
FRESH_FOR: Final = timedelta(seconds=3 * wire.EVERY_S)
"""Older advice is of another hour."""
KEPT: Final = timedelta(days=90)
"""How long decisions are kept beside what came of them."""
ALL_FANS: Final = 1.0
"""What runs between the limits of a house where nobody lends it fewer."""
SAME: Final = 1e-6
"""What is so near is the advice that was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """By how much warmer set-points, and which least part of the fans between them."""

    shift_k: float
    fan_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A house's autopilot as it stands."""

    house: House
    autopilot: HouseAutopilot | None
    policy: StoredPolicy | None
    decision: Decision | None
    fit: FittedTwin | None
    """Of the house as it is now."""
    has_broilers: bool
    """Else no policy has learned on what lives there."""


async def situation(tx: Transaction, farm_id: FarmId, house_id: HouseId) -> Situation:
    """Return how the autopilot of a house stands.

    Raises:
        NotFound: when the farm has no such house.
    """
    house = await house_in(tx, farm_id, house_id)
    autopilot = await tx.session.get(HouseAutopilot, house_id)
    policy, fit = None, await store.fit_of(tx.session, house_id)
    if autopilot is not None:
        policy = await store.policy(tx.session, autopilot.policy_sha256)
    return Situation(
        house=house,
        autopilot=autopilot,
        policy=policy,
        decision=await store.latest(tx.session, house_id),
        fit=fit if fit is not None and fit.is_of(house.floor_area_m2) else None,
        has_broilers=not await has_no_broilers(tx, house),
    )


async def set_mode(
    tx: Transaction,
    access: FarmAccess,
    house_id: HouseId,
    mode: AutopilotMode,
    documents: Documents,
    *,
    origin: Origin,
) -> None:
    """Say what a house's policy may do.

    Raises:
        NotFound: when the farm has no such house.
        Forbidden: when it is to steer by itself and the caller is no owner.
        Conflict: when the house has no policy, or its hub can't hold it.
    """
    house = await house_in(tx, access.farm_id, house_id)
    if mode is AutopilotMode.AUTO and Right.OWN not in access.rights:
        raise Forbidden(Right.OWN, "Only an owner lets a policy steer a house by itself.")
    autopilot = await tx.session.get(HouseAutopilot, house_id, with_for_update=True)
    if autopilot is None:
        if mode is AutopilotMode.OFF:
            return
        raise Conflict("conflict", "The house has no policy yet: ask staff to deploy one.")
    if autopilot.mode is mode:
        return
    if mode is not AutopilotMode.OFF and await has_no_broilers(tx, house):
        raise Conflict("conflict", "Policies know broilers, not hens or village chickens.")
    before, autopilot.mode, autopilot.changed_at = autopilot.mode, mode, tx.now
    autopilot.forget_accepted()
    await _changed(
        tx, access, house, autopilot, documents, origin, "autopilot.changed",
        {"before": before.value, "after": mode.value},
    )  # fmt: skip


async def accept(
    tx: Transaction,
    access: FarmAccess,
    house_id: HouseId,
    read: Advice,
    documents: Documents,
    *,
    origin: Origin,
) -> None:
    """Let a house's set-points be held, and its fans run, as was advised, for some hours.

    Raises:
        NotFound: when the farm has no such house.
        Conflict: when nothing, or something else, is advised now.
    """
    house = await house_in(tx, access.farm_id, house_id)
    autopilot = await tx.session.get(HouseAutopilot, house_id, with_for_update=True)
    advice = await store.latest(tx.session, house_id)
    if (
        autopilot is None
        or autopilot.mode is not AutopilotMode.ADVISE
        or advice is None
        or advice.advised_k is None
        or advice.policy_sha256 != autopilot.policy_sha256
        or tx.now - advice.t > FRESH_FOR
    ):
        raise Conflict("conflict", "Nothing is advised now: look at the house again.")
    fan_share = ALL_FANS if advice.advised_share is None else advice.advised_share
    if abs(advice.advised_k - read.shift_k) > SAME or abs(fan_share - read.fan_share) > SAME:
        raise Conflict("conflict", "The advice is another one by now: look at the house again.")
    autopilot.accepted_k, autopilot.accepted_share = advice.advised_k, fan_share
    autopilot.accepted_until, autopilot.accepted_by = tx.now + ACCEPTED_FOR, access.caller.user_id
    autopilot.changed_at = tx.now
    await _changed(
        tx, access, house, autopilot, documents, origin, "autopilot.accepted",
        {"shift_k": advice.advised_k, "fan_share": fan_share},
    )  # fmt: skip


async def autopilots_in(
    tx: Transaction, houses: Sequence[House]
) -> tuple[Mapping[UUID, Autopilot], tuple[PolicyFile, ...]]:
    """Return the autopilots that are not off as a hub takes them, and the policies they need.

    One rests while birds live in its house that no policy has learned on.
    """
    found = await store.autopilots(tx.session, [house.id for house in houses])
    floors = {house.id: house.floor_area_m2 for house in houses}
    on = {one.house_id: one for one in found if one.mode is not AutopilotMode.OFF}
    if on:
        for house_id in await without_broilers(tx, [one for one in houses if one.id in on]):
            del on[house_id]
    stored = await store.policies_by_hash(
        tx.session, sorted({one.policy_sha256 for one in on.values()})
    )
    files = tuple(
        PolicyFile(sha256=one.sha256, card=msgspec.json.encode(one.card), model=one.model)
        for one in stored
    )
    return {house_id: _autopilot(one, floors[house_id]) for house_id, one in on.items()}, files


async def take_row(
    tx: Transaction, farm_id: FarmId, hub_id: HubId, row: EventRow
) -> RefusedRow | None:
    """Keep what a hub's policy decided; return the row where it can't be so."""
    try:
        said = wire.decided_in(row.data)
    except MessageError:
        return _refused(row, "bad_decision")
    t = credible(row.t, now=tx.now)
    if t is None:
        return _refused(row, Refusal.BAD_TIME)
    if not await _has_house(tx, farm_id, said.house):
        return _refused(row, "unknown_house")
    if not await _served_it(tx, farm_id, said.house, hub_id, t):
        return _refused(row, "other_hub")
    kept: dict[str, object] = {
        "house_id": said.house,
        "t": t,
        "mode": AutopilotMode(said.mode),
        "policy_sha256": said.sha256,
        "shift_k": said.shift_k,
        "fan_share": said.fan_share,
        "advised_k": said.advised_k,
        "advised_share": said.advised_share,
        "refused": said.refused,
        "air_c": said.air_c,
        "foretold_c": said.foretold_c,
        "fitted": said.fitted,
        "trouble": None if said.trouble is None else storable(said.trouble),
    }
    await store.keep(tx.session, kept)
    return None


def _autopilot(one: HouseAutopilot, floor_m2: float | None) -> Autopilot:
    accepted = None
    if one.accepted_k is not None and one.accepted_until is not None:
        accepted = Accepted(
            shift_k=one.accepted_k,
            until_ms=to_ms(one.accepted_until),
            fan_share=one.accepted_share,
        )
    return Autopilot(mode=one.mode, policy=one.policy_sha256, floor_m2=floor_m2, accepted=accepted)


async def _changed(
    tx: Transaction,
    access: FarmAccess,
    house: House,
    autopilot: HouseAutopilot,
    documents: Documents,
    origin: Origin,
    kind: str,
    data: JsonObject,
) -> None:
    await tx.session.flush()
    touched = await touched_by(tx, house, autopilot)
    await tx.session.flush()
    await documents.check(tx, touched)
    audit.record(
        tx,
        kind,
        farm_id=access.farm_id,
        house_id=house.id,
        user_id=access.caller.user_id,
        data=data,
        origin=origin,
    )


async def _has_house(tx: Transaction, farm_id: FarmId, house_id: UUID) -> bool:
    found = await tx.session.scalar(
        text("SELECT EXISTS (SELECT FROM houses WHERE id = :house AND farm_id = :farm)"),
        {"house": house_id, "farm": farm_id},
    )
    return bool(found)


async def _served_it(
    tx: Transaction, farm_id: FarmId, house_id: UUID, hub_id: HubId, t: datetime
) -> bool:
    """Tell whether a hub may have decided for a house then: who serves it now was not there yet."""
    serving = await farms_store.hub_for_house(tx.session, farm_id, house_id)
    return serving is None or serving.id == hub_id or t < serving.created_at


def _refused(row: EventRow, reason: str) -> RefusedRow:
    return RefusedRow(seq=row.seq, raw=msgspec.json.encode(row).decode(), reason=reason)
