"""The route on which a house's people have a policy learned for it."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from tokkatot.cloud.farms.access import CanOwn
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.jobs import service as jobs
from tokkatot.cloud.jobs.api import JobView, job_view
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.idempotency import Once
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.twins import training
from tokkatot.domain.ids import HouseId

router = APIRouter(prefix="/v1/farms/{farm}/houses/{house}", tags=["autopilot"])


@router.post(
    "/train",
    status_code=202,
    response_model=JobView,
    responses=problems("idempotency_mismatch", "rate_limited"),
)
async def train(house: UUID, access: CanOwn, tx: Tx, once: Once) -> Response:
    """Have a policy learned in the house's fitted twin; staff deploy it, or not."""

    async def ask() -> JobView:
        found = await house_in(tx, access.farm_id, HouseId(house))
        job = await jobs.ask(tx, access, HouseId(found.id), training.KIND, {})
        return job_view(job)

    return await once.once(tx, access.caller.user_id, ask, status=202)
