"""What the service answers, as plain values for JSON."""

from collections.abc import Mapping

from tokkatot.vision.detect.verdict import REASONS, Verdict
from tokkatot.vision.findings import Finding

UNKNOWN = "unknown"

Json = dict[str, object]


def brief(verdict: Verdict) -> Json:
    """Return what most callers need; `disease` is `unknown` where nothing can be told."""
    return {
        "disease": UNKNOWN if verdict.finding is None else verdict.finding.value,
        "confidence": round(verdict.confidence, 4),
        "alert": verdict.alert,
        "isolate": verdict.isolate,
        "reasons": [{"code": reason.value, "text": REASONS[reason]} for reason in verdict.reasons],
    }


def detailed(verdict: Verdict, *, version: str) -> Json:
    """Return everything that led to a verdict."""
    judged, quality = verdict.judged, verdict.quality
    return {
        **brief(verdict),
        "probabilities": _rounded(judged.probabilities),
        "no_dropping": round(judged.doubt, 4),
        "votes": [
            {
                "model": vote.model,
                "disease": vote.finding.value,
                "probabilities": _rounded(vote.probabilities),
            }
            for vote in judged.votes
        ],
        "quality": {
            "brightness": round(quality.brightness, 1),
            "detail": round(quality.detail, 1),
            "colour": round(quality.colour, 1),
            "faults": [fault.value for fault in quality.faults],
        },
        "models": version,
        "note": "No diagnosis: call a vet, and have a laboratory confirm it by PCR.",
    }


def _rounded(probabilities: Mapping[Finding, float]) -> Json:
    return {finding.value: round(value, 4) for finding, value in probabilities.items()}
