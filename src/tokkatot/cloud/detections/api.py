"""The routes of what was seen in houses."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from tokkatot.cloud.accounts import store as accounts_store
from tokkatot.cloud.detections import lending, originals, service, store
from tokkatot.cloud.detections.ai_api import REFUSALS, Image, TheDetector, judged
from tokkatot.cloud.detections.judged import judged_of
from tokkatot.cloud.detections.model import Detection, Told
from tokkatot.cloud.detections.service import Mark
from tokkatot.cloud.farms.access import CanOperate, CanOwn, CanSee
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.farms.views import PersonView
from tokkatot.cloud.platform.context import Ctx, FromWhere, Tx
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.paging import Page, Paged, page_of
from tokkatot.cloud.platform.problems import NotFound
from tokkatot.cloud.platform.schemas import Body, View
from tokkatot.domain.ids import HouseId

router = APIRouter(prefix="/v1/farms/{farm}", tags=["vision"])

_NEVER_CHANGES = "private, max-age=604800, immutable"


class SecondOpinionView(View):
    """What the cloud's own models say of the original; the hub's word and its alerts stay."""

    disease: Told
    confidence: float
    alert: bool
    probabilities: dict[str, float]
    no_dropping: float
    reasons: list[str]
    models: str
    """Where they are those of the hub, the second opinion is no other one."""
    agrees: bool
    """Whether it is of the same disease, or of none."""
    at: datetime


class DetectionView(View):
    """What a photograph shows, as far as it can be told; it is no diagnosis."""

    id: UUID
    house_id: UUID
    camera: str | None
    """None: a person sent it."""
    t: datetime
    disease: Told
    confidence: float
    alert: bool
    isolate: bool
    probabilities: dict[str, float]
    no_dropping: float
    reasons: list[str]
    models: str
    picture: str
    original: str | None
    """Where it is as the camera made it; of what was suspicious, once it has come."""
    second_opinion: SecondOpinionView | None
    """Of an original that has come, once the cloud has looked at it, too."""
    right: bool | None
    """What a person says of it; null: nobody has."""
    marked_as: Told | None
    marked_by: PersonView | None
    marked_at: datetime | None
    consent: bool


class MarkBody(Body):
    """Whether it is right; `disease` is what it really is, if you know.

    With `consent` the models may learn from it.
    """

    right: bool
    disease: Told | None = None
    consent: bool = False


@router.get("/houses/{house}/detections")
async def detections(
    house: UUID,
    access: CanSee,
    tx: Tx,
    page: Paged,
    alerts: Annotated[bool, Query()] = False,  # noqa: FBT002 - a query's flag
) -> Page[DetectionView]:
    """Return what was seen in a house, the newest first; of `alerts` what is suspicious."""
    await house_in(tx, access.farm_id, HouseId(house))
    rows = await store.page(
        tx.session,
        house,
        only_alerts=alerts,
        after=page.after_of(datetime.fromisoformat, UUID),
        limit=page.limit + 1,
    )
    items, cursor = page_of(rows, page, lambda row: [row.t.isoformat(), str(row.id)])
    return Page(items=await _views(tx, items), next_cursor=cursor)


@router.post("/houses/{house}/detections", status_code=201, responses=REFUSALS)
async def send(
    house: UUID, access: CanOperate, tx: Tx, detector: TheDetector, image: Image = None
) -> DetectionView:
    """Have a photograph of your own judged, and keep what it shows."""
    await house_in(tx, access.farm_id, HouseId(house))
    await tx.release()
    sent = judged_of(await judged(image, detector))
    kept = await service.keep_sent(tx, access, HouseId(house), sent)
    return (await _views(tx, [kept]))[0]


@router.get(
    "/detections/labelled",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}}},
)
async def labelled(access: CanOwn, tx: Tx) -> Response:
    """Return the marked photographs that may be learned from, the newest 2,000."""
    lent = await store.lent(tx.session, access.farm_id, limit=lending.MOST)
    await tx.release()
    return Response(
        await asyncio.to_thread(lending.labelled, lent),
        media_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="droppings.zip"'},
    )


@router.get("/detections/{detection}")
async def one(detection: UUID, access: CanSee, tx: Tx) -> DetectionView:
    """Return what was seen on one photograph, such as the one that an alert names in `about`."""
    return (await _views(tx, [await service.detection_in(tx, access.farm_id, detection)]))[0]


@router.get(
    "/detections/{detection}/picture",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
async def picture(detection: UUID, access: CanSee, tx: Tx) -> Response:
    """Return the photograph, made small."""
    found = await service.detection_in(tx, access.farm_id, detection)
    if found.thumbnail is None:
        raise NotFound("picture")
    headers = {"Cache-Control": _NEVER_CHANGES}
    return Response(found.thumbnail, media_type="image/jpeg", headers=headers)


@router.get(
    "/detections/{detection}/original",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}, "image/png": {}, "image/webp": {}}}},
)
async def original(detection: UUID, access: CanSee, tx: Tx, context: Ctx) -> Response:
    """Return a suspicious photograph as the camera made it."""
    found = await service.detection_in(tx, access.farm_id, detection)
    if not found.original_is_whole:
        raise NotFound("picture")
    await tx.release()
    parts = originals.parts(context.objects, found.id, found.original_bytes)
    try:
        first = await anext(parts)
    except originals.PartLost:
        raise NotFound("picture") from None

    async def all_parts() -> AsyncIterator[bytes]:
        yield first
        async for part in parts:
            yield part

    headers = {"Cache-Control": _NEVER_CHANGES, "Content-Length": str(found.original_bytes)}
    return StreamingResponse(all_parts(), media_type=originals.media_type(first), headers=headers)


@router.post("/detections/{detection}/mark")
async def mark(
    detection: UUID, body: MarkBody, access: CanOperate, tx: Tx, origin: FromWhere
) -> DetectionView:
    """Say whether it is right; what you say last holds."""
    said = Mark(right=body.right, disease=body.disease, consent=body.consent)
    marked = await service.mark(tx, access, detection, said, origin=origin)
    return (await _views(tx, [marked]))[0]


async def _views(tx: Transaction, rows: Sequence[Detection]) -> list[DetectionView]:
    people = await accounts_store.names(tx.session, [row.marked_by for row in rows])
    return [
        DetectionView(
            id=row.id,
            house_id=row.house_id,
            camera=row.camera,
            t=row.t,
            disease=row.disease,
            confidence=row.confidence,
            alert=row.alert,
            isolate=row.isolate,
            probabilities=row.probabilities,
            no_dropping=row.no_dropping,
            reasons=row.reasons,
            models=row.models,
            picture=f"/v1/farms/{row.farm_id}/detections/{row.id}/picture",
            original=f"/v1/farms/{row.farm_id}/detections/{row.id}/original"
            if row.original_is_whole
            else None,
            second_opinion=_second(row),
            right=row.right,
            marked_as=row.marked_as,
            marked_by=None
            if row.marked_by is None
            else PersonView(id=row.marked_by, name=people.get(row.marked_by, "")),
            marked_at=row.marked_at,
            consent=row.consent,
        )
        for row in rows
    ]


def _second(row: Detection) -> SecondOpinionView | None:
    if row.second_opinion is None or row.second_at is None:
        return None
    return SecondOpinionView(
        **row.second_opinion,
        agrees=row.second_opinion["disease"] == row.disease.value,
        at=row.second_at,
    )
