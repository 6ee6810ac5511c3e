"""Verdicts of made-up models."""

from collections.abc import Sequence

from tokkatot.vision.detect.verdict import Judged, Verdict, Vote, decide
from tokkatot.vision.findings import FINDINGS, Finding
from tokkatot.vision.preprocess.canvas import Pixels
from tokkatot.vision.preprocess.quality import Fault, Quality

DOUBT_ABOVE = 0.5


def sure_of(finding: Finding, confidence: float) -> dict[Finding, float]:
    """Return probabilities that give one finding so much, and the others the rest alike."""
    rest = (1 - confidence) / (len(FINDINGS) - 1)
    return {one: confidence if one is finding else rest for one in FINDINGS}


def judged(
    finding: Finding,
    confidence: float,
    *,
    doubt: float = 0.0,
    others: Sequence[Finding] = (),
) -> Judged:
    """Return what two models say, or as many more as `others` names, which say those."""
    probabilities = sure_of(finding, confidence)
    return Judged(
        probabilities=probabilities,
        doubt=doubt,
        votes=[
            Vote(model=f"m{number}", finding=one, probabilities=sure_of(one, confidence))
            for number, one in enumerate((finding, *others))
        ],
    )


def quality(*faults: Fault) -> Quality:
    """Return the measures of a picture with some faults."""
    return Quality(brightness=120, detail=500, colour=40, faults=faults)


class FakeDetector:
    """Says of every picture what it was told to, and notes how many came at once."""

    version = "fake"
    models = ("m0",)

    def __init__(self, verdict: Verdict | None = None) -> None:
        self.verdict = verdict or decide(
            judged(Finding.SALMONELLA, 0.91), quality(), doubt_above=DOUBT_ABOVE
        )
        self.at_once: list[int] = []

    def judge_canvases(self, canvases: Sequence[Pixels]) -> list[Verdict]:
        """Judge pictures."""
        self.at_once.append(len(canvases))
        return [self.verdict] * len(canvases)
