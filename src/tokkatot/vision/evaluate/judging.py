"""Judges a whole set by the frozen models and keeps what the figures are made from."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from tokkatot.vision.data.canvases import Canvases, read_what_can_be
from tokkatot.vision.data.photos import DataRefused, Photo, PhotoSet
from tokkatot.vision.data.splits import Part, Split
from tokkatot.vision.detect.detector import Judge
from tokkatot.vision.detect.verdict import Judged, Verdict
from tokkatot.vision.evaluate.scores import Flags, Floats, Labels
from tokkatot.vision.findings import FINDINGS, Finding
from tokkatot.vision.preprocess.quality import Quality

NO_DROPPING = "no_dropping"
"""A class of photographs that show none."""

UNREAD: Final = Verdict(
    finding=None,
    confidence=0.0,
    alert=False,
    isolate=False,
    reasons=(),
    judged=Judged(probabilities=dict.fromkeys(FINDINGS, 0.0), doubt=0.0, votes=()),
    quality=Quality(brightness=0, detail=0, colour=0, faults=()),
)
"""Of a file that is refused before any model sees it."""

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
    others: tuple[Verdict, ...] = ()
    """Of photographs of the set that show no dropping."""
    refused: tuple[str, ...] = ()
    """The names of files that are refused as they are, each with its reason."""

    @property
    def is_read(self) -> Flags:
        """Which of the photographs a model has seen."""
        return np.array([verdict is not UNREAD for verdict in self.verdicts], bool)

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
        DataRefused: where one is not there, or is of a class that no model knows.
    """
    strange = set(photos.labels()) - {finding.value for finding in Finding} - {NO_DROPPING}
    if strange:
        raise DataRefused(f"No model knows the class {min(strange)}.")
    read = read_what_can_be(photos, tell)
    readable = np.array([number not in read.refused for number in range(len(photos.photos))])
    judged = iter(judge_canvases(judge, read.canvases[readable]))
    verdicts = [next(judged) if is_read else UNREAD for is_read in readable.tolist()]
    shows = np.array([photo.label != NO_DROPPING for photo in photos.photos])
    chosen = np.flatnonzero(shows).tolist()
    some = tuple(photos.photos[n] for n in chosen)
    return Judgement(
        photos=some,
        parts=tuple(None if split is None else split[photo.name] for photo in some),
        canvases=read.canvases[shows],
        labels=np.array([FINDINGS.index(Finding(photo.label)) for photo in some], np.int64),
        verdicts=tuple(verdicts[n] for n in chosen),
        others=tuple(verdicts[n] for n in np.flatnonzero(~shows).tolist()),
        refused=tuple(f"{photos.photos[n].name}: {why}" for n, why in read.refused.items()),
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
