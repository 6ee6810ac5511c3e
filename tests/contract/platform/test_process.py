import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.support.proc import descendants
from tokkatot.cloud.platform.process import (
    LOG_LIMIT_BYTES,
    Child,
    ChildFailed,
    ChildSpec,
    end_leftover,
    running_pid,
    start_mark,
)

DEAF = (
    "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)"
)
SLEEP = "import time; time.sleep(600)"
PARENT = """
import asyncio, sys
from pathlib import Path
from tokkatot.cloud.platform.process import Child, ChildSpec
async def main():
    await Child.start(ChildSpec(name="child", argv=(sys.executable, "-c", sys.argv[2]),
        run_dir=Path(sys.argv[1]), log_path=Path(sys.argv[1]) / "child.log"))
    print("started", flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def spec(folder: Path, code: str, *, stop_grace_s: float = 5.0) -> ChildSpec:
    return ChildSpec(
        name="child",
        argv=(sys.executable, "-c", code),
        run_dir=folder,
        log_path=folder / "child.log",
        stop_grace_s=stop_grace_s,
    )


async def ends(pid: int) -> bool:
    async with asyncio.timeout(60):
        while start_mark(pid) is not None:
            await asyncio.sleep(0.02)
    return True


async def killed_parent_of(code: str, folder: Path, *, says: str = "") -> int:
    """Start a parent with one child, kill the parent, and return the child's number.

    The child first has its time to say what it `says`.
    """
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(folder), code, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    assert await parent.stdout.readline() == b"started\n"
    pid = running_pid(folder / "child.pid")
    assert pid is not None
    async with asyncio.timeout(60):
        while says not in (folder / "child.log").read_text():
            await asyncio.sleep(0.02)
    parent.kill()
    await parent.wait()
    return pid


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal at a parent's death")
async def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    pid = await killed_parent_of(SLEEP, tmp_path)

    assert await ends(pid)


async def test_a_child_that_outlives_a_killed_parent_is_ended_at_the_next_start(
    tmp_path: Path,
) -> None:
    left_pid = await killed_parent_of(f"{DEAF}; {SLEEP}", tmp_path, says="deaf")

    child = await Child.start(spec(tmp_path, SLEEP, stop_grace_s=0.2))
    await child.stop()

    assert await ends(left_pid)


async def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    child = await Child.start(spec(tmp_path, f"{DEAF}; {SLEEP}", stop_grace_s=0.2))
    async with asyncio.timeout(60):
        while "deaf" not in child.last_words():
            await asyncio.sleep(0.02)

    await child.stop()

    assert child.returncode == -signal.SIGKILL
    assert not (tmp_path / "child.pid").exists()


async def test_a_stranger_with_the_number_of_a_left_child_is_not_touched(tmp_path: Path) -> None:
    pid_path = tmp_path / "child.pid"
    pid_path.write_text(f'{{"pid": {os.getpid()}, "start": "1"}}')

    assert not await end_leftover(pid_path, grace_s=1.0)
    assert start_mark(os.getpid()) is not None
    assert not pid_path.exists()


@pytest.mark.parametrize("text", ["", "12", "[]", '{"pid": "x", "start": "1"}', "\x00"])
async def test_a_pid_file_that_was_cut_short_is_dropped(tmp_path: Path, text: str) -> None:
    pid_path = tmp_path / "child.pid"
    pid_path.write_text(text)

    assert not await end_leftover(pid_path, grace_s=1.0)
    assert not pid_path.exists()


async def test_a_long_log_is_moved_aside_at_the_next_start(tmp_path: Path) -> None:
    log_path = tmp_path / "child.log"
    log_path.write_bytes(b"x" * (LOG_LIMIT_BYTES + 1))

    child = await Child.start(spec(tmp_path, "print('fresh')"))
    await child.wait()

    assert log_path.read_text() == "fresh\n"
    assert (tmp_path / "child.log.1").stat().st_size > LOG_LIMIT_BYTES


async def test_a_child_whose_pid_can_not_be_written_is_not_left_running(tmp_path: Path) -> None:
    # The file beside the pid file is written first; a folder in its place stands for a full disk.
    (tmp_path / "child.new").mkdir()

    with pytest.raises(ChildFailed, match=r"child\.pid can't be written"):
        await Child.start(spec(tmp_path, f"{SLEEP}  # {tmp_path}"))

    left = [child for child in descendants(os.getpid()) if str(tmp_path) in child.command]
    assert left == []
