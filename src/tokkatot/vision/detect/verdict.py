"""What is told of one photograph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tokkatot.vision.findings import Finding
from tokkatot.vision.preprocess.quality import Fault, Quality

ALERT_FROM: Final = 0.8
"""A finding of disease that is at least so sure warns the farmer."""
UNSURE_BELOW: Final = 0.5


class Reason(StrEnum):
    """Why the verdict is as it is."""

    DARK = "dark"
    BRIGHT = "bright"
    BLURRED = "blurred"
    COLOURLESS = "colourless"
    NO_DROPPING = "no_dropping"
    UNSURE = "unsure"
    MODELS_DISAGREE = "models_disagree"
    CONFIDENT = "confident"


REASONS: Final[Mapping[Reason, str]] = {
    Reason.DARK: "The picture is too dark.",
    Reason.BRIGHT: "The picture is overexposed.",
    Reason.BLURRED: "The picture is blurred.",
    Reason.COLOURLESS: "The picture has no colours, and colour is the sign.",
    Reason.NO_DROPPING: "No dropping that can be judged is seen, or the camera is strange.",
    Reason.UNSURE: "No finding is likely enough.",
    Reason.MODELS_DISAGREE: "The models disagree.",
    Reason.CONFIDENT: "The models agree.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What one model says alone."""

    model: str
    finding: Finding
    probabilities: Mapping[Finding, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the models say of a picture together."""

    probabilities: Mapping[Finding, float]
    """Given that it is a dropping."""
    doubt: float
    """How probable it is none."""
    votes: Sequence[Vote]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The decision; without a `finding` it can't be told."""

    finding: Finding | None
    confidence: float
    """Of the finding, or of the likeliest one where none is told."""
    alert: bool
    """A person should be warned."""
    isolate: bool
    """Keep the birds that stand here apart until a vet or a laboratory has looked."""
    reasons: tuple[Reason, ...]
    judged: Judged
    quality: Quality


def decide(judged: Judged, quality: Quality, *, doubt_above: float) -> Verdict:
    """Decide what is told."""
    faults = quality.faults
    if judged.doubt > doubt_above:
        faults = (*faults, Fault.NO_DROPPING)
    likeliest = max(judged.probabilities, key=lambda finding: judged.probabilities[finding])
    confidence = judged.probabilities[likeliest]
    agree = all(vote.finding is likeliest for vote in judged.votes)
    told = not faults and confidence >= UNSURE_BELOW
    alert = told and likeliest is not Finding.HEALTHY and confidence >= ALERT_FROM
    reasons = [Reason(fault.value) for fault in faults]
    if confidence < UNSURE_BELOW:
        reasons.append(Reason.UNSURE)
    reasons.append(Reason.CONFIDENT if agree else Reason.MODELS_DISAGREE)
    return Verdict(
        finding=likeliest if told else None,
        confidence=confidence,
        alert=alert,
        isolate=alert,
        reasons=tuple(reasons),
        judged=judged,
        quality=quality,
    )
