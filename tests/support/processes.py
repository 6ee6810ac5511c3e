"""Real `tokkatot` processes for end-to-end tests."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

_POLL_S = 0.05


def free_port() -> int:
    """Return a port of the loopback interface that nobody holds now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class TokkatotProcess:
    """One `tokkatot` command that runs, its output kept in a file."""

    def __init__(self, process: asyncio.subprocess.Process, log_path: Path) -> None:
        self._process = process
        self.log_path = log_path

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    def output(self) -> str:
        """Return what it has said so far."""
        return self.log_path.read_text(errors="replace")

    async def says(self, text: str, *, timeout_s: float = 30.0) -> str:
        """Wait until its output holds `text`, and return the output."""
        try:
            async with asyncio.timeout(timeout_s):
                while text not in self.output():
                    ended = self.returncode is not None
                    assert not ended, f"it ended with {self.returncode}:\n{self.output()}"
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise AssertionError(f"it never said {text!r}:\n{self.output()}") from None
        return self.output()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """Kill it as a power cut would, without a word to it."""
        self.signal(signal.SIGKILL)

    async def ends(self, *, timeout_s: float = 60.0) -> int:
        """Wait for its end and return its status."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._process.wait()
        except TimeoutError:
            raise AssertionError(f"it did not end:\n{self.output()}") from None


@asynccontextmanager
async def tokkatot(
    *arguments: str, log_path: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[TokkatotProcess]:
    """Run `tokkatot ARGUMENTS`, and end it with the block if it still runs then."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("TOKKATOT_")}  # noqa: TID251
    with log_path.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tokkatot.cli.main",
            *arguments,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**inherited, "PYTHONUNBUFFERED": "1", **(environment or {})},
            start_new_session=True,
        )
    running = TokkatotProcess(process, log_path)
    try:
        yield running
    finally:
        if running.returncode is None:
            running.signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(30):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
