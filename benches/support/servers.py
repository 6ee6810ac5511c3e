"""Processes that a benchmark starts beside the hub, found where they are installed."""

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep

from tests.support.processes import free_port

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_STOP_WITHIN_S = 20.0


class Missing(Exception):
    """A program that is not installed; the text says how to install it."""


@contextmanager
def running(
    command: Sequence[str], *, log_path: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the end of the block."""
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def need_mosquitto() -> str:
    """Return where mosquitto is: a figure of another broker would be another figure.

    Raises:
        Missing: where it is not installed.
    """
    program = shutil.which("mosquitto", path=_PATH)
    if program is None:
        raise Missing("mosquitto: the package of that name of your system")
    return program


@contextmanager
def mosquitto(folder: Path) -> Iterator[int]:
    """Run a broker without rights and return its port.

    Raises:
        Missing: where mosquitto is not installed.
    """
    program = need_mosquitto()
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
        "set_tcp_nodelay true\nuser root\n"
    )
    with running((program, "-c", str(config)), log_path=folder / "mosquitto.log"):
        _wait_for(port)
        yield port


def _wait_for(port: int, within_s: float = 20.0) -> None:
    end_s = perf_counter() + within_s
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            if perf_counter() > end_s:
                raise
            sleep(0.02)
