"""From the bytes of photographs to verdicts."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from typing_extensions import override

from tokkatot.vision.detect.ensemble import Ensemble
from tokkatot.vision.detect.mixing import doubts, mixed, votes
from tokkatot.vision.detect.verdict import Judged, Verdict, Vote, decide
from tokkatot.vision.findings import FINDINGS
from tokkatot.vision.preprocess.canvas import Pixels, as_batch
from tokkatot.vision.preprocess.decoding import read_shot
from tokkatot.vision.preprocess.quality import quality_of


class Judge(Protocol):
    """Judges photographs that are on their canvases already."""

    def judge_canvases(self, canvases: Sequence[Pixels]) -> list[Verdict]:
        """Return a verdict for each."""
        ...


class Detecting(Judge, Protocol):
    """A judge that can say which models it asks."""

    @property
    def version(self) -> str:
        """Which models judge."""
        ...

    @property
    def models(self) -> tuple[str, ...]:
        """Their names."""
        ...


class Detector(Detecting):
    """Judges photographs by an ensemble."""

    def __init__(self, ensemble: Ensemble) -> None:
        self._ensemble = ensemble

    @property
    @override
    def version(self) -> str:
        return self._ensemble.description.version

    @property
    @override
    def models(self) -> tuple[str, ...]:
        return tuple(model.name for model in self._ensemble.description.models)

    def judge(self, data: bytes) -> Verdict:
        """Judge one file.

        Raises:
            PictureRefused: where it is no photograph that can be judged.
        """
        return self.judge_canvases([read_shot(data).pixels])[0]

    @override
    def judge_canvases(self, canvases: Sequence[Pixels]) -> list[Verdict]:
        mix = self._ensemble.description.mix
        judged = self._judged(canvases)
        return [
            decide(one, quality_of(canvas), doubt_above=mix.doubt_above)
            for one, canvas in zip(judged, canvases, strict=True)
        ]

    def _judged(self, canvases: Sequence[Pixels]) -> list[Judged]:
        mix = self._ensemble.description.mix
        answers = self._ensemble.answers(as_batch(np.stack(canvases)))
        together = mixed(answers, mix)
        doubt = doubts(answers)
        alone = [votes(one, own) for one, own in zip(answers, mix.alone, strict=True)]
        return [
            Judged(
                probabilities=dict(zip(FINDINGS, together[number].tolist(), strict=True)),
                doubt=float(doubt[number]),
                votes=[
                    Vote(
                        model=name,
                        finding=FINDINGS[int(one[number].argmax())],
                        probabilities=dict(zip(FINDINGS, one[number].tolist(), strict=True)),
                    )
                    for name, one in zip(self.models, alone, strict=True)
                ],
            )
            for number in range(len(canvases))
        ]
