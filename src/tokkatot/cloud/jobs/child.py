"""Asks a program in a process of its own, which ends with whoever asks."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import msgspec
import structlog

from tokkatot.cloud.jobs.model import Failure, Trouble
from tokkatot.cloud.jobs.program import OUT_OF_MEMORY, Told
from tokkatot.cloud.platform.base import JsonObject
from tokkatot.cloud.platform.process import ask_for_signal_when_parent_dies

_log = structlog.get_logger(__name__)

LONGEST_LINE: Final = 4 * 1024 * 1024
TOO_MUCH: Final = "It takes too long or too much memory: ask for less."
FAULT: Final = "It failed by a fault of ours."
_TOO_MUCH: Final = frozenset({-signal.SIGKILL, -signal.SIGXCPU, OUT_OF_MEMORY})
"""How a program ends that reached one of its limits."""


async def ask(
    argv: Sequence[str], task: bytes, *, limit_s: float, progress: Callable[[float], None]
) -> JsonObject | Failure:
    """Return the result of a task; the program is killed when this is cancelled."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
        # Else a Ctrl-C in the terminal would end it before whoever waits for it.
        start_new_session=True,
        preexec_fn=ask_for_signal_when_parent_dies(signal.SIGKILL),
    )
    try:
        async with asyncio.timeout(limit_s):
            return await _answer(process, task, progress)
    except TimeoutError:
        return Failure(trouble=Trouble.TOO_MUCH, detail=TOO_MUCH)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _answer(
    process: asyncio.subprocess.Process, task: bytes, progress: Callable[[float], None]
) -> JsonObject | Failure:
    assert process.stdin is not None, "both were asked for"
    assert process.stdout is not None, "both were asked for"
    with suppress(BrokenPipeError, ConnectionResetError):  # its status tells why
        process.stdin.write(task)
        await process.stdin.drain()
        process.stdin.close()
    last = Told()
    try:
        async for line in process.stdout:
            last = msgspec.json.decode(line, type=Told)
            if last.progress is not None:
                progress(last.progress)
    except (msgspec.DecodeError, ValueError) as error:  # no word of ours, or too long a line
        _log.error("job.program_babbled", error=str(error))
        return Failure(trouble=Trouble.FAULT, detail=FAULT)
    status = await process.wait()
    if status in _TOO_MUCH:
        return Failure(trouble=Trouble.TOO_MUCH, detail=TOO_MUCH)
    if last.result is not None:
        return last.result
    if last.refused is not None:
        return Failure(trouble=Trouble.REFUSED, detail=last.refused, reason=last.reason)
    _log.error("job.program_failed", status=status)
    return Failure(trouble=Trouble.FAULT, detail=FAULT)
