"""The routes that judge a photograph and keep nothing."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, File, UploadFile
from starlette.requests import HTTPConnection

from tokkatot.cloud.accounts.caller import KnownOnly
from tokkatot.cloud.detections.detector import Detector
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.openapi import problems
from tokkatot.cloud.platform.problems import invalid_field
from tokkatot.cloud.platform.schemas import View

router = APIRouter(prefix="/v1/ai", tags=["vision"], dependencies=[KnownOnly])

REFUSALS: Final = problems("picture_refused")


class ReasonView(View):
    """Why it is said so."""

    code: str
    text: str


class PredictionView(View):
    """What a photograph shows; `disease` is `unknown` where it can't be told. No diagnosis."""

    disease: str
    confidence: float
    alert: bool
    isolate: bool
    reasons: list[ReasonView]


class VoteView(View):
    """What one model says alone."""

    model: str
    disease: str
    probabilities: dict[str, float]


class QualityView(View):
    """How good the photograph is."""

    brightness: float
    detail: float
    colour: float
    faults: list[str]


class DetailedPredictionView(PredictionView):
    """The same with all that led to it."""

    probabilities: dict[str, float]
    no_dropping: float
    votes: list[VoteView]
    quality: QualityView
    models: str
    note: str


class AiHealthView(View):
    """Whether the detector answers, by which models."""

    status: str
    models: list[str]
    version: str
    waiting: int


async def detector(connection: HTTPConnection) -> Detector:
    """Return the way to the detector of this process."""
    found = connection.app.state.detector
    assert isinstance(found, Detector), "set by create_app"
    return found


TheDetector = Annotated[Detector, Depends(detector)]
Image = Annotated[UploadFile | None, File(description="A JPEG, PNG or WebP of a dropping.")]


async def judged(image: UploadFile | None, detector: Detector) -> dict[str, Any]:
    """Return what the detector says of an uploaded photograph.

    Raises:
        Problem: where there is none, or it can't be judged.
    """
    if image is None:
        raise invalid_field("body.image", "missing", "A file in the field `image` is wanted.")
    return await detector.judge(await image.read())


@router.post("/predict", responses=REFUSALS)
async def predict(tx: Tx, detector: TheDetector, image: Image = None) -> PredictionView:
    """Say what a photograph of droppings shows."""
    await tx.release()
    return PredictionView.model_validate(await judged(image, detector))


@router.post("/predict/detailed", responses=REFUSALS)
async def predict_detailed(
    tx: Tx, detector: TheDetector, image: Image = None
) -> DetailedPredictionView:
    """Say it with all that led to it."""
    await tx.release()
    return DetailedPredictionView.model_validate(await judged(image, detector))


@router.get("/health")
async def health(tx: Tx, detector: TheDetector) -> AiHealthView:
    """Tell whether the detector answers."""
    await tx.release()
    return AiHealthView.model_validate(await detector.health())
