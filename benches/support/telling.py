"""Says how many pictures were judged, since thousands of them take a while."""

from collections.abc import Callable, Sequence
from threading import Lock

from typing_extensions import override

from tokkatot.vision.detect.detector import Judge
from tokkatot.vision.detect.verdict import Verdict
from tokkatot.vision.preprocess.canvas import Pixels

EVERY = 500


class Telling(Judge):
    """Has another judge; several threads may ask it."""

    def __init__(self, judge: Judge, say: Callable[[str], None]) -> None:
        self._judge = judge
        self._say = say
        self._judged = 0
        self._lock = Lock()

    @override
    def judge_canvases(self, canvases: Sequence[Pixels]) -> list[Verdict]:
        verdicts = self._judge.judge_canvases(canvases)
        with self._lock:
            before, self._judged = self._judged, self._judged + len(canvases)
            if before // EVERY < self._judged // EVERY:
                self._say(f"{self._judged} pictures judged")
        return verdicts
