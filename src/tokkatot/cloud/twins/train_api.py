"""The routes on which a house's people have a policy learned for it."""

from uuid import UUID

import msgspec
from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from tokkatot.cloud.farms.access import CanOwn, CanSee
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.jobs import service as jobs
from tokkatot.cloud.jobs import store as jobs_store
from tokkatot.cloud.jobs.api import JobView, job_view
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.idempotency import Once
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.schemas import Body, View
from tokkatot.cloud.twins import training
from tokkatot.cloud.twins.asked import Learning
from tokkatot.cloud.twins.tariffs import TARIFF, ByTheHour
from tokkatot.domain.ids import HouseId

router = APIRouter(prefix="/v1/farms/{farm}/houses/{house}", tags=["autopilot"])


class TrainingView(View):
    """What became of learning for a house."""

    asked: JobView | None = Field(
        description="The job that was asked for last; null where nobody asked in the last days."
    )


class TrainBody(Body):
    """What the policy is to pay."""

    tariff: ByTheHour | None = Field(None, description=TARIFF)


@router.get("/train")
async def training_of(house: UUID, access: CanSee, tx: Tx) -> TrainingView:
    """Return how far a policy for the house is learned, or what came of it."""
    found = await house_in(tx, access.farm_id, HouseId(house))
    job = await jobs_store.latest(tx.session, found.id, training.KIND)
    return TrainingView(asked=None if job is None else job_view(job))


@router.post(
    "/train",
    status_code=202,
    response_model=JobView,
    responses=problems("idempotency_mismatch", "rate_limited"),
)
async def train(
    house: UUID, access: CanOwn, tx: Tx, once: Once, body: TrainBody | None = None
) -> Response:
    """Have a policy learned in the house's fitted twin; staff deploy it, or not."""

    async def ask() -> JobView:
        found = await house_in(tx, access.farm_id, HouseId(house))
        tariff = None if body is None or body.tariff is None else tuple(body.tariff)
        asked = msgspec.to_builtins(Learning(tariff=tariff))
        job = await jobs.ask(tx, access, HouseId(found.id), training.KIND, asked)
        return job_view(job)

    return await once.once(tx, access.caller.user_id, ask, status=202)
