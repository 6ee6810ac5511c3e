"""Child processes that end with us, however we end."""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LOG_LIMIT_BYTES = 10 * 1024 * 1024
"""A log longer than this at the start of its process is moved aside; one old one is kept."""

_POLL_S = 0.02
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class ChildFailed(Exception):
    """A child does not start; the text says why in a line, the end of its log may follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """How a child is started and ended."""

    name: str
    argv: tuple[str, ...]
    run_dir: Path
    """Where its pid file lies."""
    log_path: Path
    environment: Mapping[str, str] | None = None
    """Added to ours."""
    user_id: int | None = None
    group_id: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_s: float = 10.0

    @property
    def pid_path(self) -> Path:
        """The file that lets the next start find what this one left behind."""
        return self.run_dir / f"{self.name}.pid"


class Child:
    """One running child process."""

    def __init__(self, spec: ChildSpec, process: asyncio.subprocess.Process) -> None:
        self.spec = spec
        self._process = process

    @classmethod
    async def start(cls, spec: ChildSpec) -> "Child":
        """End what an earlier run left under this name, then start the process.

        Raises:
            ChildFailed: when its pid file can't be written; nothing runs then.
        """
        spec.run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        await end_leftover(spec.pid_path, first=spec.stop_signal, grace_s=spec.stop_grace_s)
        with _open_log(spec.log_path) as log:
            process = await asyncio.create_subprocess_exec(
                *spec.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(spec.environment or {})},
                # Its own session: a Ctrl-C in the terminal reaches us alone, and we end the
                # children in their order.
                start_new_session=True,
                user=spec.user_id,
                group=spec.group_id,
                extra_groups=None if spec.user_id is None else [],
                preexec_fn=ask_for_signal_when_parent_dies(spec.stop_signal),
            )
        child = cls(spec, process)
        try:
            _write_pid(spec.pid_path, process.pid)
        except OSError as error:
            # The next start would not find it: better none than one that nobody ends.
            await child.stop()
            raise ChildFailed(f"{spec.pid_path} can't be written: {error.strerror}") from error
        return child

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        """Return the exit status once it has ended."""
        status = await self._process.wait()
        self.spec.pid_path.unlink(missing_ok=True)
        return status

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def stop(self) -> None:
        """Ask it to end, and kill it with all of its group if it does not."""
        if self.returncode is None:
            self.signal(self.spec.stop_signal)
            try:
                async with asyncio.timeout(self.spec.stop_grace_s):
                    await self._process.wait()
            except TimeoutError:
                _signal_group(self.pid, signal.SIGKILL)
                await self._process.wait()
        self.spec.pid_path.unlink(missing_ok=True)

    def last_words(self, lines: int = 12) -> str:
        """Return the end of its log."""
        return tail(self.spec.log_path, lines)


async def end_leftover(
    pid_path: Path, *, grace_s: float, first: signal.Signals = signal.SIGTERM
) -> bool:
    """End the process that an earlier run left in a pid file; True if there was one."""
    pid = running_pid(pid_path)
    if pid is not None:
        mark = start_mark(pid)
        await end_process(
            pid, still_it=lambda: start_mark(pid) == mark, grace_s=grace_s, first=first
        )
    pid_path.unlink(missing_ok=True)
    return pid is not None


def running_pid(pid_path: Path) -> int | None:
    """Return the process that a pid file names, if it still runs.

    The start mark in the file tells it from a stranger who got the same number since.
    """
    try:
        left = json.loads(pid_path.read_text())
        pid, mark = int(left["pid"]), str(left["start"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pid if start_mark(pid) == mark else None


async def end_process(
    pid: int,
    *,
    still_it: Callable[[], bool],
    grace_s: float,
    first: signal.Signals = signal.SIGTERM,
) -> None:
    """End a process that is not our child: ask, wait, kill."""
    for number, wait_s in ((first, grace_s), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        for _ in range(int(wait_s / _POLL_S)):
            if not still_it():
                return
            await asyncio.sleep(_POLL_S)


def start_mark(pid: int) -> str | None:
    """Return what tells this process from a later one of the same number; None if it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None if sys.platform == "linux" else _start_mark_by_ps(pid)
    # The name in brackets may hold anything; after it, field 3 is the state and 22 the start.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def tail(path: Path, lines: int) -> str:
    """Return the last lines of a log."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 200 * lines))
            text = log.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def own_command(*arguments: str) -> tuple[str, ...]:
    """Return the command line that runs `tokkatot` again with this interpreter."""
    return (sys.executable, "-m", "tokkatot.cli.main", *arguments)


def _start_mark_by_ps(pid: int) -> str | None:
    command: Sequence[str] = ("ps", "-o", "lstart=", "-p", str(pid))
    answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    return answer.stdout.strip() or None


def _write_pid(path: Path, pid: int) -> None:
    mark = start_mark(pid)
    if mark is None:
        return  # It has ended already; wait() will say so.
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"pid": pid, "start": mark}))
    fresh.replace(path)


def _open_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.replace(path.with_suffix(path.suffix + ".1"))
    return path.open("ab")


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def ask_for_signal_when_parent_dies(number: signal.Signals) -> Callable[[], None] | None:
    """Return what a child runs before its program starts; None where the kernel can't do it."""
    if sys.platform != "linux":
        return None
    # Loaded here, since a forked child must not import.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # It died before we asked.
            os.kill(os.getpid(), number)

    return ask
