"""The hub's own process: what breaks where nobody can catch it."""

import asyncio
import gc
import json
import sys

import pytest
import structlog

from tokkatot.cli.agent import THREAD_TURN_S, answer_promptly, log_to_stderr, until_signal


async def stumble() -> None:
    """Break as a client does whose socket is gone when the machine wakes up."""

    def callback() -> None:
        raise OSError(9, "Bad file descriptor")

    asyncio.get_running_loop().call_soon(callback)
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def test_an_error_in_a_stray_callback_is_one_line_of_the_log(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    try:
        log_to_stderr()
        asyncio.run(until_signal(stumble()))
    finally:
        structlog.reset_defaults()
    (line,) = capfd.readouterr().err.splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["level"]) == ("loop.stray", "error")
    assert "Bad file descriptor" in entry["exception"]
    assert caplog.records == []


def test_control_waits_neither_for_a_thread_nor_for_what_is_imported() -> None:
    before = sys.getswitchinterval()
    try:
        answer_promptly()
        assert sys.getswitchinterval() == pytest.approx(THREAD_TURN_S)
        assert gc.get_freeze_count() > 0
    finally:
        sys.setswitchinterval(before)
        gc.unfreeze()
