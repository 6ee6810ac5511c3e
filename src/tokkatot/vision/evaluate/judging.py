"""Judges a whole set by the frozen models and keeps what the figures are made from."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tokkatot.vision.data.canvases import Canvases, read_canvases
from tokkatot.vision.data.photos import DataRefused, Photo, PhotoSet
from tokkatot.vision.data.splits import Part, Split
from tokkatot.vision.detect.detector import Judge
from tokkatot.vision.detect.verdict import Verdict
from tokkatot.vision.evaluate.scores import Flags, Floats, Labels
from tokkatot.vision.findings import FINDINGS, Finding

_AT_ONCE = 8
"""More of them fit into no cache, and each takes longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the models say of some photographs, and what these are."""

    photos: tuple[Photo, ...]
    parts: tuple[Part | None, ...]
    canvases: Canvases
    labels: Labels
    verdicts: tuple[Verdict, ...]

    @property
    def probabilities(self) -> Floats:
        """Number of photographs by finding."""
        return probabilities_of(self.verdicts)

    def chosen(self, which: Flags) -> "Judgement":
        """Return some of it."""
        numbers = np.flatnonzero(which).tolist()
        return Judgement(
            photos=tuple(self.photos[n] for n in numbers),
            parts=tuple(self.parts[n] for n in numbers),
            canvases=self.canvases[numbers],
            labels=self.labels[numbers],
            verdicts=tuple(self.verdicts[n] for n in numbers),
        )


def judge_set(
    judge: Judge, photos: PhotoSet, split: Split | None, tell: Callable[[int, int], None]
) -> Judgement:
    """Judge every photograph of a set.

    Raises:
        DataRefused: where one can't be read, or is of a class that no model knows.
    """
    strange = set(photos.labels()) - {finding.value for finding in Finding}
    if strange:
        raise DataRefused(f"No model knows the class {min(strange)}.")
    canvases = read_canvases(photos, tell)
    return Judgement(
        photos=photos.photos,
        parts=tuple(None if split is None else split[photo.name] for photo in photos.photos),
        canvases=canvases,
        labels=np.array([FINDINGS.index(Finding(photo.label)) for photo in photos.photos]),
        verdicts=judge_canvases(judge, canvases),
    )


def judge_canvases(judge: Judge, canvases: Canvases) -> tuple[Verdict, ...]:
    """Judge pictures, some at a time on every processor that may be used."""
    some = [list(canvases[start : start + _AT_ONCE]) for start in range(0, len(canvases), _AT_ONCE)]
    # A model takes one thread, and lets go of the interpreter meanwhile.
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="judge") as threads:
        return tuple(
            verdict for verdicts in threads.map(judge.judge_canvases, some) for verdict in verdicts
        )


def probabilities_of(verdicts: Sequence[Verdict]) -> Floats:
    """Return the probabilities of verdicts as a table."""
    return np.array(
        [[verdict.judged.probabilities[finding] for finding in FINDINGS] for verdict in verdicts]
    ).reshape(len(verdicts), len(FINDINGS))
