"""What the program of a job has in common with every other: its limits, its task, its answer."""

import sys
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from tokkatot.child.limits import AWAITED, hold_back
from tokkatot.cloud.jobs.reasons import Reason
from tokkatot.cloud.platform.base import JsonObject

OUT_OF_MEMORY: Final = 3
"""The exit status that says so."""
TOLD_EVERY: Final = 0.01
"""Steps of progress that are worth telling."""


class Refused(Exception):
    """The task can't be done with what there is; the text says why, for whoever asked."""

    def __init__(self, detail: str, reason: Reason) -> None:
        """Take the words, and what they say as a code."""
        super().__init__(detail)
        self.reason = reason


class Told(Struct, frozen=True, omit_defaults=True):
    """One line of what a program says: how far it is, or in the end what came of it."""

    progress: float | None = None
    result: JsonObject | None = None
    refused: str | None = None
    reason: Reason | None = None


Tell = Callable[[float], None]
Work = Callable[[bytes, Tell], JsonObject]


class Progress:
    """Tells how far a job is, not more often than it is worth."""

    def __init__(self, say: Callable[[Told], None]) -> None:
        self._say = say
        self._told = 0.0

    def __call__(self, done: float) -> None:
        """Note that this part of the whole is done."""
        if done - self._told >= TOLD_EVERY:
            self._told = done
            self._say(Told(progress=done))


def answer_task(work: Work, *, memory_bytes: int, processor_s: int) -> None:
    """Do the one task on standard input and answer on standard output, line by line."""
    hold_back(memory_bytes=memory_bytes, processor_s=processor_s, niceness=AWAITED)
    try:
        task = sys.stdin.buffer.read()
        try:
            said = Told(result=work(task, Progress(_say)))
        except Refused as refused:
            said = Told(refused=str(refused), reason=refused.reason)
        _say(said)
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)


def _say(told: Told) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()
