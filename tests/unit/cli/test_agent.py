"""The hub's own process: what breaks where nobody can catch it."""

import asyncio
import gc
import json
import sys
from pathlib import Path
from uuid import UUID

import pytest
import structlog

from tokkatot.cli import agent
from tokkatot.cli.agent import THREAD_TURN_S, answer_promptly, log_to_stderr, until_signal
from tokkatot.hub.supervisor import GaveUp


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


def test_a_setting_that_can_not_be_used_is_one_line_and_status_2(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "hub.toml"
    config.write_text(
        f'[hub]\nid = "{UUID(int=1)}"\nfarm = "{UUID(int=2)}"\n'
        '[drivers.nodes]\nkind = "mqtt_node"\n'
    )
    monkeypatch.setitem(sys.modules, "rich", None)  # main bars it; this puts it back
    monkeypatch.setattr(agent, "answer_promptly", lambda: None)
    try:
        assert agent.main(config) == 2
    finally:
        structlog.reset_defaults()
    (line,) = capfd.readouterr().err.splitlines()
    assert line == "[drivers.nodes] needs [nodes] broker"


def test_a_hub_that_gave_up_says_so_itself() -> None:
    async def give_up() -> None:
        raise GaveUp("control")

    with pytest.raises(GaveUp, match="control broke"):
        asyncio.run(until_signal(give_up()))


def test_control_waits_neither_for_a_thread_nor_for_what_is_imported() -> None:
    before = sys.getswitchinterval()
    try:
        answer_promptly()
        assert sys.getswitchinterval() == pytest.approx(THREAD_TURN_S)
        assert gc.get_freeze_count() > 0
    finally:
        sys.setswitchinterval(before)
        gc.unfreeze()
