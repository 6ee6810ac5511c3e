"""Judges pictures that arrive together in one go, and refuses more than can wait."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from tokkatot.kit.queue import BoundedQueue
from tokkatot.vision.detect.detector import Judge
from tokkatot.vision.detect.verdict import Verdict
from tokkatot.vision.preprocess.canvas import Pixels
from tokkatot.vision.preprocess.decoding import PictureRefused, read_shot

AT_ONCE: Final = 8
WAITING: Final = 16
"""With the largest files, 192 MiB."""
WITHIN_S: Final = 20.0


class Crowded(Exception):
    """As many pictures wait as may, or one has waited too long."""


Outcome = Verdict | PictureRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    data: bytes
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

    async def judged(self, data: bytes) -> Verdict:
        """Return the verdict on a file.

        Raises:
            PictureRefused: where it is no photograph that can be judged.
            Crowded: where it can't be judged soon.
        """
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        if not self._queue.offer(_Job(data=data, outcome=outcome)):
            raise Crowded
        try:
            async with asyncio.timeout(WITHIN_S):
                result = await outcome
        except TimeoutError:
            raise Crowded from None
        if isinstance(result, PictureRefused):
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
                results = await loop.run_in_executor(
                    self._thread, self._outcomes, [job.data for job in wanted]
                )
                for job, result in zip(wanted, results, strict=True):
                    if not job.outcome.done():
                        job.outcome.set_result(result)
        finally:
            self._thread.shutdown(wait=False)

    def _outcomes(self, files: Sequence[bytes]) -> list[Outcome]:
        read = [_read(data) for data in files]
        canvases = [one for one in read if not isinstance(one, PictureRefused)]
        verdicts = iter(self._judge.judge_canvases(canvases) if canvases else ())
        return [one if isinstance(one, PictureRefused) else next(verdicts) for one in read]


def _read(data: bytes) -> Pixels | PictureRefused:
    try:
        return read_shot(data).pixels
    except PictureRefused as refusal:
        return refusal
