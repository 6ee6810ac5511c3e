"""What the detector says of a photograph, as it is kept."""

from base64 import b64decode
from dataclasses import dataclass
from typing import Any

from tokkatot.cloud.detections.model import Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A photograph as the detector judged it."""

    disease: Told
    confidence: float
    alert: bool
    isolate: bool
    probabilities: dict[str, float]
    no_dropping: float
    reasons: list[str]
    models: str
    sha256: str
    thumbnail: bytes


def judged_of(said: dict[str, Any]) -> Judged:
    """Return what the detector has answered."""
    return Judged(
        disease=Told(said["disease"]),
        confidence=said["confidence"],
        alert=said["alert"],
        isolate=said["isolate"],
        probabilities=said["probabilities"],
        no_dropping=said["no_dropping"],
        reasons=[reason["code"] for reason in said["reasons"]],
        models=said["models"],
        sha256=said["sha256"],
        thumbnail=b64decode(said["thumbnail"]),
    )
