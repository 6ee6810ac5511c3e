"""Runs the models in a process of their own, started for one round of photographs."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Protocol

import msgspec
from typing_extensions import override

from tokkatot.wire.pictures import MAX_ANSWER_BYTES, Looked, Looks

COMMAND: Final = (sys.executable, "-m", "tokkatot.detector.look")
WITHIN_S: Final = 90.0


class RoundFailed(Exception):
    """A round came to nothing; `reason` says why, for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Judging(Protocol):
    """Takes photographs and says what is on them."""

    async def round(self, looks: Looks) -> Sequence[Looked]:
        """Return what came of each look that was answered.

        Raises:
            RoundFailed: when none was.
        """
        ...


class ModelsProcess(Judging):
    """Starts one process a round; none runs in between, and none outlives its time."""

    def __init__(self, command: Sequence[str] = COMMAND, *, within_s: float = WITHIN_S) -> None:
        self._command = command
        self._within_s = within_s

    @override
    async def round(self, looks: Looks) -> Sequence[Looked]:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # Its own group: what it has started ends with it.
                start_new_session=True,
            )
        except OSError as error:
            raise RoundFailed(f"the models' process does not start: {error.strerror}") from error
        try:
            answer = await self._answer(process, looks)
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            status = await process.wait()
        found = list(_looked(answer))
        if not found:
            raise RoundFailed(f"the models' process ended with status {status} and said nothing")
        return found

    async def _answer(self, process: asyncio.subprocess.Process, looks: Looks) -> bytes:
        assert process.stdin is not None, "a pipe was asked for"
        assert process.stdout is not None, "a pipe was asked for"
        received = bytearray()
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(self._within_s):
                process.stdin.write(msgspec.json.encode(looks))
                await process.stdin.drain()
                process.stdin.close()
                while len(received) < MAX_ANSWER_BYTES:
                    chunk = await process.stdout.read(MAX_ANSWER_BYTES)
                    if not chunk:
                        break
                    received += chunk
        # What came before it was cut short is good.
        return bytes(received)


def _looked(answer: bytes) -> Sequence[Looked]:
    found: list[Looked] = []
    for line in answer.splitlines():
        with suppress(msgspec.DecodeError):
            found.append(msgspec.json.decode(line, type=Looked))
    return found
