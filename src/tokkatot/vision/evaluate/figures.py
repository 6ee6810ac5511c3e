"""The figures by which the models are judged, by name."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from tokkatot.vision.data.impostors import TAUGHT, UNTAUGHT, impostors
from tokkatot.vision.data.splits import Part
from tokkatot.vision.detect.detector import Judge
from tokkatot.vision.detect.verdict import Reason, Verdict
from tokkatot.vision.evaluate.judging import UNREAD, Judgement, judge_canvases
from tokkatot.vision.evaluate.scores import (
    Flags,
    Score,
    calibration_error,
    macro_f1,
    recall_at_precision,
    resampled,
    share,
    share_of,
    told,
)
from tokkatot.vision.evaluate.shortcuts import MASKS, spoiled
from tokkatot.vision.findings import FINDINGS, Finding

PCR = "pcr"
NEWCASTLE_PRECISION = 0.93
_SEED = 77_001
"""Of the drawn pictures and the resampling; no training uses it."""
_IMPOSTORS = 400
_NEWCASTLE = FINDINGS.index(Finding.NEWCASTLE)

Named = Iterator[tuple[str, Score]]


def figures(judgement: Judgement, judge: Judge) -> Named:
    """Return every figure that a set allows: no PCR figures without PCR labels, and so on."""
    if judgement.photos:
        yield from _of_findings(judgement)
        yield from _of_calibration(judgement)
        yield from _of_alerts(judgement)
        yield "good_refused", share(_refused(judgement.verdicts))
    yield from non_droppings(judge, judgement.others)
    yield from _masked(judgement, judge)
    yield from _spoiled(judgement, judge)


def _right(judgement: Judgement) -> Flags:
    return np.asarray(told(judgement.probabilities) == judgement.labels)


def _of_findings(judgement: Judgement) -> Named:
    right = _right(judgement)
    probabilities, labels = judgement.probabilities, judgement.labels
    yield "accuracy", share(right)
    yield "macro_f1", resampled(macro_f1, probabilities, labels, seed=_SEED)
    pcr = _from(judgement, PCR)
    if pcr.any():
        yield "pcr_accuracy", share(right[pcr])
    unseen = np.array([part is Part.UNSEEN for part in judgement.parts])
    if unseen.any():
        yield "unseen_scene_accuracy", share(right[unseen])
    for number, finding in enumerate(FINDINGS):
        there = labels == number
        if there.any() and finding is not Finding.NEWCASTLE:
            yield f"{finding.value}_recall", share(right[there])
    if (labels == _NEWCASTLE).any():
        yield "newcastle_recall", resampled(_newcastle, probabilities, labels, seed=_SEED)


def _newcastle(probabilities: np.ndarray, labels: np.ndarray) -> float:
    return recall_at_precision(
        probabilities[:, _NEWCASTLE], labels == _NEWCASTLE, precision=NEWCASTLE_PRECISION
    )


def _of_calibration(judgement: Judgement) -> Named:
    error = partial(resampled, calibration_error, seed=_SEED)
    yield "ece", error(judgement.probabilities, judgement.labels)
    pcr = _from(judgement, PCR)
    if pcr.any():
        yield "ece_pcr", error(judgement.probabilities[pcr], judgement.labels[pcr])


def _of_alerts(judgement: Judgement) -> Named:
    alerts = _alerts(judgement.verdicts)
    sick = judgement.labels != FINDINGS.index(Finding.HEALTHY)
    if alerts.any():
        yield "alert_precision", share(sick[alerts])
    if sick.any():
        yield "sick_alert_rate", share(alerts[sick])
    if not sick.all():
        yield "healthy_alert_rate", share(alerts[~sick])


def non_droppings(judge: Judge, photographed: Sequence[Verdict] = ()) -> Named:
    """Return how many pictures of no dropping are refused.

    Drawn ones of all kinds count with those that a set has; apart from them drawn ones of kinds
    that were never learned from.
    """
    untaught = impostors(_IMPOSTORS, seed=_SEED, kinds=UNTAUGHT)
    both = impostors(_IMPOSTORS, seed=_SEED + 1, kinds={**TAUGHT, **UNTAUGHT})
    yield "non_dropping_refused", share(_refused([*judge_canvases(judge, both), *photographed]))
    yield "untaught_non_dropping_refused", share(_refused(judge_canvases(judge, untaught)))


def _masked(judgement: Judgement, judge: Judge) -> Named:
    """Return how many sick photographs raise an alert when their middle is covered."""
    is_sick = judgement.labels != FINDINGS.index(Finding.HEALTHY)
    sick = judgement.canvases[is_sick & judgement.is_read]
    if len(sick):
        alerts = [_alerts(judge_canvases(judge, masked(sick))) for masked in MASKS.values()]
        # A photograph is no three of them: its masks warn together, or none does.
        yield "centre_masked_alert_rate", share_of(float(np.mean(alerts)), len(sick))


def _spoiled(judgement: Judgement, judge: Judge) -> Named:
    """Return how many photographs are refused once a camera has spoiled them."""
    canvases = judgement.canvases[judgement.is_read]
    if len(canvases):
        yield "spoiled_refused", share(_refused(judge_canvases(judge, spoiled(canvases))))


def _from(judgement: Judgement, source: str) -> Flags:
    return np.array([photo.source == source for photo in judgement.photos])


def _alerts(verdicts: Sequence[Verdict]) -> Flags:
    return np.array([verdict.alert for verdict in verdicts], bool)


def _refused(verdicts: Sequence[Verdict]) -> Flags:
    """A picture that is only unsure was looked at; one with a fault was refused."""
    judged = {Reason.UNSURE, Reason.CONFIDENT, Reason.MODELS_DISAGREE}
    return np.array(
        [verdict is UNREAD or bool(set(verdict.reasons) - judged) for verdict in verdicts], bool
    )
