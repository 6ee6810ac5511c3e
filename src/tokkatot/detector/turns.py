"""Judges pictures that arrive together in one go, and refuses more than can wait."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import structlog

from tokkatot.detector.seeing import small
from tokkatot.kit.queue import BoundedQueue
from tokkatot.vision.detect.detector import Judge
from tokkatot.vision.detect.verdict import Verdict
from tokkatot.vision.preprocess.canvas import Pixels
from tokkatot.vision.preprocess.decoding import PictureRefused, read_shot

AT_ONCE: Final = 8
WAITING: Final = 16
"""With the largest files, 192 MiB."""
WITHIN_S: Final = 20.0

log = structlog.get_logger(__name__)


class Crowded(Exception):
    """As many pictures wait as may, or one has waited too long."""


class JudgingFailed(Exception):
    """The judge broke; the log says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is said of a picture; `small` is a JPEG of it, where one was asked for."""

    verdict: Verdict
    small: bytes | None


Outcome = Seen | PictureRefused | JudgingFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    data: bytes
    pictured: bool
    outcome: asyncio.Future[Outcome]


class Turns:
    """One thread judges; whoever comes meanwhile is judged together in the next turn."""

    def __init__(self, judge: Judge, *, waiting: int = WAITING) -> None:
        self.limit = waiting
        self._judge = judge
        self._queue: BoundedQueue[_Job] = BoundedQueue(waiting)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="judge")

    @property
    def waiting(self) -> int:
        """How many pictures wait for their turn."""
        return len(self._queue)

    async def judged(self, data: bytes, *, pictured: bool = False) -> Seen:
        """Return what is said of a file, with a small picture of it where it is to be `pictured`.

        Raises:
            PictureRefused: where it is no photograph that can be judged.
            Crowded: where it can't be judged soon.
            JudgingFailed: where the judge broke over it, or over one beside it.
        """
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        if not self._queue.offer(_Job(data=data, pictured=pictured, outcome=outcome)):
            raise Crowded
        try:
            async with asyncio.timeout(WITHIN_S):
                result = await outcome
        except TimeoutError:
            raise Crowded from None
        if isinstance(result, Exception):
            raise result
        return result

    async def run(self) -> None:
        """Judge until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                jobs = [await self._queue.get()]
                while len(jobs) < AT_ONCE and len(self._queue):
                    jobs.append(await self._queue.get())
                # Who has given up costs no time of those who still wait.
                wanted = [job for job in jobs if not job.outcome.done()]
                results = await loop.run_in_executor(self._thread, self._outcomes, wanted)
                for job, result in zip(wanted, results, strict=True):
                    if not job.outcome.done():
                        job.outcome.set_result(result)
        finally:
            self._thread.shutdown(wait=False)

    def _outcomes(self, jobs: Sequence[_Job]) -> list[Outcome]:
        try:
            return self._judged(jobs)
        except Exception:  # supervisor: who comes after these is judged all the same
            log.exception("turns.failed", pictures=len(jobs))
            return [JudgingFailed() for _ in jobs]

    def _judged(self, jobs: Sequence[_Job]) -> list[Outcome]:
        read = [_read(job.data) for job in jobs]
        canvases = [one for one in read if not isinstance(one, PictureRefused)]
        verdicts = iter(self._judge.judge_canvases(canvases) if canvases else ())
        return [
            # One after the other: a picture that is decoded takes up to 250 MB meanwhile.
            one
            if isinstance(one, PictureRefused)
            else Seen(verdict=next(verdicts), small=small(job.data) if job.pictured else None)
            for job, one in zip(jobs, read, strict=True)
        ]


def _read(data: bytes) -> Pixels | PictureRefused:
    try:
        return read_shot(data).pixels
    except PictureRefused as refusal:
        return refusal
