"""The routes of autopilots: what a house's policy may do, what it advises, and which there are."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from tokkatot.automation.lending import turned
from tokkatot.automation.state import Lent
from tokkatot.cloud.accounts.caller import StaffCaller, StaffOnly
from tokkatot.cloud.farms import store as farms_store
from tokkatot.cloud.farms.access import CanOperate, CanSee, FarmAccess
from tokkatot.cloud.farms.model import Farm, House
from tokkatot.cloud.farms.ports import Automation, HouseAutomation, HubDocuments
from tokkatot.cloud.intelligence import registry, service, store
from tokkatot.cloud.intelligence.model import Decision, FittedTwin, StoredPolicy
from tokkatot.cloud.platform.context import FromWhere, Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.schemas import Body, View
from tokkatot.domain.autopilot import LARGEST_SHIFT_K, LEAST_FAN_SHARE, AutopilotMode
from tokkatot.domain.houses import HouseKind, SetPoints
from tokkatot.domain.ids import HouseId
from tokkatot.wire.autopilot import Refusal

router = APIRouter(prefix="/v1", tags=["autopilot"])
_HOUSE = "/farms/{farm}/houses/{house}"


class LearnedForView(View):
    """The house in whose twin and weather a policy was learned."""

    farm_id: UUID
    farm: str
    house_id: UUID
    house: str


class PolicyView(View):
    """A learned policy with the card that says what it is worth."""

    id: str = Field(description="The hash of its model.")
    version: str
    house_kind: str
    added_at: datetime
    card: dict[str, Any]
    learned_for: LearnedForView | None = Field(
        description="It is deployed to no other house; null: to any of its kind."
    )


class PolicyBrief(View):
    """Which policy a house has."""

    id: str
    version: str
    limits: list[str] = Field(description="What it must not be trusted with, in words.")


class AcceptedView(View):
    """What a person took of its advice; the hub's shield may still say no."""

    shift_k: float
    fan_share: float
    until: datetime


class HeldView(View):
    """It is heated below the one and aired above the other."""

    temperature_min_c: float
    temperature_max_c: float
    fan_share: float = Field(description="So small a part of the fans runs between them at least.")


class DecisionView(View):
    """What was decided last; a shift is by how many kelvins warmer set-points are held.

    A share is the least part of the fans that run between them, 1 where all do.
    """

    t: datetime
    shift_k: float
    fan_share: float
    advised_k: float | None
    advised_share: float | None = Field(
        description="Null: it has no advice, or its hub knows of no shares."
    )
    refused: Refusal | None
    trouble: str | None
    air_c: float | None
    foretold_c: float | None
    fitted: bool = Field(description="Whether the hub's twin is the one that was fitted.")
    fresh: bool
    held: HeldView = Field(description="What was decided makes this of the set-points of now.")
    advised: HeldView | None = Field(description="What the advice would make of them.")


class TwinBrief(View):
    """How near the twin of the house was on days that its fit had not seen."""

    fitted_at: datetime
    days_held_out: int
    off_k: float | None = Field(description="Root mean square of the air's temperature.")


class RecommendationView(View):
    """A house's autopilot as it stands."""

    mode: AutopilotMode
    supported: bool = Field(
        description="Whether a house of this kind, and its birds, can have one."
    )
    policy: PolicyBrief | None
    decision: DecisionView | None
    accepted: AcceptedView | None
    temperature_min_c: float = Field(
        description="Of now, without a shift: by schedules, by night, by the age of the flock."
    )
    temperature_max_c: float
    held: bool = Field(description="Whether the hub has taken what was said last.")
    twin: TwinBrief | None = Field(description="Null: it was never fitted to this house.")
    validated: bool = Field(
        description="Whether the model of the house was held against a measured house like it."
    )


class AutopilotBody(Body):
    """What a house's policy may do."""

    mode: AutopilotMode


class AcceptBody(Body):
    """The advice that is accepted, as it was read."""

    advised_k: Annotated[float, Field(ge=-LARGEST_SHIFT_K, le=LARGEST_SHIFT_K)]
    advised_share: Annotated[
        float | None,
        Field(
            ge=LEAST_FAN_SHARE,
            le=1,
            description="Null: it was not shown; advice of fewer fans is then another one (409).",
        ),
    ] = None


class DeployBody(Body):
    """The houses that are to have a policy."""

    houses: Annotated[list[UUID], Field(min_length=1, max_length=registry.MOST_HOUSES)]


class PoliciesView(View):
    """Every policy that there is."""

    items: list[PolicyView]


@router.get(f"{_HOUSE}/recommendation")
async def recommendation(
    house: UUID, access: CanSee, tx: Tx, automation: HouseAutomation
) -> RecommendationView:
    """Return what a house's policy does or would do now, and why not."""
    return await _view(tx, access, HouseId(house), automation)


@router.put(f"{_HOUSE}/autopilot", responses=problems("conflict"))
async def set_autopilot(
    house: UUID,
    body: AutopilotBody,
    access: CanOperate,
    tx: Tx,
    documents: HubDocuments,
    automation: HouseAutomation,
    origin: FromWhere,
) -> RecommendationView:
    """Say what a house's policy may do; `auto` is an owner's to say."""
    await service.set_mode(tx, access, HouseId(house), body.mode, documents, origin=origin)
    return await _view(tx, access, HouseId(house), automation)


@router.post(f"{_HOUSE}/recommendation/accept", responses=problems("conflict"))
async def accept(
    house: UUID,
    body: AcceptBody,
    access: CanOperate,
    tx: Tx,
    documents: HubDocuments,
    automation: HouseAutomation,
    origin: FromWhere,
) -> RecommendationView:
    """Have the set-points held and the fans run as advised, for four hours."""
    shown = service.ALL_FANS if body.advised_share is None else body.advised_share
    read = service.Advice(shift_k=body.advised_k, fan_share=shown)
    await service.accept(tx, access, HouseId(house), read, documents, origin=origin)
    return await _view(tx, access, HouseId(house), automation)


@router.get("/ml/models", dependencies=[StaffOnly], responses=problems("forbidden"))
async def models(tx: Tx) -> PoliciesView:
    """Return the learned policies, the newest first."""
    found = await store.policies(tx.session)
    homes = await store.homes(tx.session, [one.house_id for one in found if one.house_id])
    return PoliciesView(items=[_policy(one, homes) for one in found])


@router.post(
    "/ml/models/{model}/deploy", status_code=204, responses=problems("conflict", "forbidden")
)
async def deploy(
    model: str, body: DeployBody, staff: StaffCaller, tx: Tx, documents: HubDocuments
) -> None:
    """Let houses have a policy; what it may do there is for their people to say."""
    await registry.deploy(tx, model, body.houses, documents, by=staff.user_id)


def _policy(stored: StoredPolicy, homes: Mapping[UUID, tuple[House, Farm]]) -> PolicyView:
    learned_for = None
    if stored.house_id is not None:
        house, farm = homes[stored.house_id]
        learned_for = LearnedForView(
            farm_id=farm.id, farm=farm.name, house_id=house.id, house=house.name
        )
    return PolicyView(
        id=stored.sha256,
        version=stored.version,
        house_kind=stored.house_kind,
        added_at=stored.added_at,
        card=stored.card,
        learned_for=learned_for,
    )


def _twin(fit: FittedTwin) -> TwinBrief:
    return TwinBrief(
        fitted_at=fit.fitted_at,
        days_held_out=fit.card["days_held_out"],
        off_k=fit.card["held_out_after"]["air_k"],
    )


def _limits(points: SetPoints, shift_k: float, fan_share: float | None) -> HeldView:
    held = turned(points, Lent(shift_k=shift_k, until_s=0.0))
    return HeldView(
        temperature_min_c=held.temperature_min_c,
        temperature_max_c=held.temperature_max_c,
        fan_share=service.ALL_FANS if fan_share is None else fan_share,
    )


def _decision(decision: Decision, points: SetPoints, now: datetime) -> DecisionView:
    advised_k, advised_share = decision.advised_k, decision.advised_share
    return DecisionView.model_validate(
        {
            "t": decision.t,
            "shift_k": decision.shift_k,
            "fan_share": decision.fan_share,
            "advised_k": decision.advised_k,
            "advised_share": decision.advised_share,
            "refused": decision.refused,
            "trouble": decision.trouble,
            "air_c": decision.air_c,
            "foretold_c": decision.foretold_c,
            "fitted": decision.fitted,
            "fresh": now - decision.t <= service.FRESH_FOR,
            "held": _limits(points, decision.shift_k, decision.fan_share),
            "advised": None if advised_k is None else _limits(points, advised_k, advised_share),
        }
    )


async def _view(
    tx: Transaction, access: FarmAccess, house_id: HouseId, automation: Automation
) -> RecommendationView:
    now = await service.situation(tx, access.farm_id, house_id)
    points = await automation.held_now(tx, now.house)
    autopilot, policy, decision = now.autopilot, now.policy, now.decision
    hub = await farms_store.hub_for_house(tx.session, access.farm_id, house_id)
    wanted = None if autopilot is None else autopilot.desired_version
    accepted = None
    if (
        autopilot is not None
        and autopilot.accepted_k is not None
        and autopilot.accepted_until is not None
        and autopilot.accepted_until > tx.now
    ):
        accepted = AcceptedView(
            shift_k=autopilot.accepted_k,
            fan_share=autopilot.accepted_share,
            until=autopilot.accepted_until,
        )
    return RecommendationView(
        mode=AutopilotMode.OFF if autopilot is None else autopilot.mode,
        supported=now.house.kind is HouseKind.COOP and now.has_broilers,
        policy=None
        if policy is None
        else PolicyBrief(
            id=policy.sha256, version=policy.version, limits=list(policy.card.get("limits", []))
        ),
        decision=None if decision is None else _decision(decision, points, tx.now),
        accepted=accepted,
        temperature_min_c=points.temperature_min_c,
        temperature_max_c=points.temperature_max_c,
        held=wanted is None or (hub is not None and (hub.held_version or 0) >= wanted),
        twin=None if now.fit is None else _twin(now.fit),
        # No measured series of a poultry house with the states of its fans was at hand.
        validated=False,
    )
