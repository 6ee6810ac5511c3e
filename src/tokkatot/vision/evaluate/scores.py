"""Scores of probabilities against the truth, with their intervals."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_BINS = 15
_Z = 1.96
_RESAMPLED = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A figure over `count` pictures, with the bounds that hold it 95 times in 100."""

    value: float
    low: float
    high: float
    count: int


def share(flags: Flags) -> Score:
    """Return how many are true, with Wilson's interval."""
    return share_of(float(flags.mean()) if len(flags) else math.nan, len(flags))


def share_of(value: float, count: int) -> Score:
    """Return a share of so many pictures, with Wilson's interval."""
    if count == 0:
        return Score(value=math.nan, low=math.nan, high=math.nan, count=0)
    spread = _Z * math.sqrt(value * (1 - value) / count + _Z**2 / (4 * count**2))
    middle, scale = value + _Z**2 / (2 * count), 1 + _Z**2 / count
    return Score(
        value=value,
        low=max((middle - spread) / scale, 0.0),
        high=min((middle + spread) / scale, 1.0),
        count=count,
    )


def resampled(
    score: Callable[[Floats, Labels], float], probabilities: Floats, labels: Labels, *, seed: int
) -> Score:
    """Return a score with the interval of the same score over pictures drawn again and again."""
    count = len(labels)
    if count == 0:
        return Score(value=math.nan, low=math.nan, high=math.nan, count=0)
    random = np.random.default_rng(seed)
    drawn = [random.integers(0, count, count) for _ in range(_RESAMPLED)]
    values = [score(probabilities[some], labels[some]) for some in drawn]
    low, high = np.quantile(values, (0.025, 0.975)).tolist()
    return Score(value=score(probabilities, labels), low=low, high=high, count=count)


def told(probabilities: Floats) -> Labels:
    """Return the likeliest class of each picture; where nothing is said, one beyond them all."""
    classes = probabilities.shape[1]
    said = probabilities.max(1) > 0
    return np.asarray(np.where(said, probabilities.argmax(1), classes), np.int64)


def confusion(predicted: Labels, labels: Labels, classes: int) -> npt.NDArray[np.int64]:
    """Return how often each class (row) was taken for each (column); for none: in no column."""
    table = np.zeros((classes, classes + 1), np.int64)
    np.add.at(table, (labels, predicted), 1)
    return table[:, :classes]


def macro_f1(probabilities: Floats, labels: Labels) -> float:
    """Return the mean over the classes that occur of the harmonic mean of precision and recall."""
    classes = probabilities.shape[1]
    table = confusion(told(probabilities), labels, classes)
    hits, taken, there = np.diag(table), table.sum(0), np.bincount(labels, minlength=classes)
    occurs = there > 0
    return float((2 * hits[occurs] / np.maximum(taken + there, 1)[occurs]).mean())


def calibration_error(probabilities: Floats, labels: Labels) -> float:
    """Return how far confidence and accuracy lie apart on average, over 15 equal bins."""
    confidence = probabilities.max(1)
    right = told(probabilities) == labels
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = np.bincount(bins, weights=confidence - right, minlength=_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def reliability(probabilities: Floats, labels: Labels) -> list[tuple[float, float, int]]:
    """Return mean confidence, accuracy and number of pictures of each bin that is not empty."""
    confidence = probabilities.max(1)
    right = told(probabilities) == labels
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    return [
        (float(confidence[bins == n].mean()), float(right[bins == n].mean()), int(sum(bins == n)))
        for n in range(_BINS)
        if np.any(bins == n)
    ]


def recall_at_precision(scores: Floats, positive: Flags, *, precision: float) -> float:
    """Return the best recall among the thresholds whose precision is at least as asked."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    precisions = hits / np.arange(1, len(order) + 1)
    # Equal scores are one threshold: only the last of them counts.
    last = np.append(np.diff(scores[order]) != 0, True)
    good = (precisions >= precision) & last
    return float(hits[good].max(initial=0) / max(int(positive.sum()), 1))


def risk_by_coverage(confidence: Floats, right: Flags) -> list[tuple[float, float]]:
    """Return the share of errors among the surest, for 5 to 100 in 100 of the pictures."""
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order])
    counts = [max(round(len(order) * percent / 100), 1) for percent in range(5, 101, 5)]
    return [(count / len(order), float(wrong[count - 1] / count)) for count in counts]
