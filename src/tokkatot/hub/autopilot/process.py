"""Keeps the policies in a process of their own, and starts it again after it broke."""

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

from tokkatot.wire.autopilot import MAX_DECIDED_BYTES, Asked, Decided

COMMAND: Final = (sys.executable, "-m", "tokkatot.pilot.fly")
WITHIN_S: Final = 30.0
"""The runtime loads for seconds on a small computer; a decision takes a hundredth of one."""

GOES_WITHIN_S: Final = 5.0


class NoDecision(Exception):
    """A house that was not decided for; `reason` says why, for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Deciding(Protocol):
    """Decides for houses."""

    async def decide(self, asked: Asked) -> Decided:
        """Return what holds in a house from now on.

        Raises:
            NoDecision: when there is none.
        """
        ...

    async def close(self) -> None:
        """Let go of what it keeps."""
        ...


class PoliciesProcess(Deciding):
    """One process for all houses; what it does wrong ends it, and the next question begins anew."""

    def __init__(self, command: Sequence[str] = COMMAND, *, within_s: float = WITHIN_S) -> None:
        self._command = command
        self._within_s = within_s
        self._process: asyncio.subprocess.Process | None = None

    @override
    async def decide(self, asked: Asked) -> Decided:
        try:
            async with asyncio.timeout(self._within_s):
                decided = await self._answer(asked)
        except TimeoutError:
            await self.close()
            raise NoDecision("the policies' process gave no answer in time") from None
        except (OSError, ValueError, msgspec.DecodeError) as error:
            await self.close()
            raise NoDecision(f"the policies' process broke: {error}") from error
        except asyncio.CancelledError:
            # What it was asked would be the next question's answer.
            await self.close()
            raise
        return decided

    @override
    async def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        # What it had still to say is read away, for its pipe to close.
        with suppress(TimeoutError, ConnectionError):
            await asyncio.wait_for(process.communicate(), GOES_WITHIN_S)

    async def _answer(self, asked: Asked) -> Decided:
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await self._start()
        assert process.stdin is not None, "a pipe was asked for"
        assert process.stdout is not None, "a pipe was asked for"
        process.stdin.write(msgspec.json.encode(asked) + b"\n")
        await process.stdin.drain()
        line = await process.stdout.readline()
        decided = msgspec.json.decode(line, type=Decided)
        if decided.house != asked.house:
            raise ValueError("it answered for another house")
        return decided

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            limit=MAX_DECIDED_BYTES,
            # Its own group: what it has started ends with it.
            start_new_session=True,
        )
