"""Servers of others that tests run beside the program: found where Debian puts them."""

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support.processes import free_port
from tests.support.stack import until

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_STOP_WITHIN_S = 20.0
_INFLUX_CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
query-log-enabled = false
cache-snapshot-write-cold-duration = "{cold_s}s"
compact-full-write-cold-duration = "{cold_s}s"
[http]
bind-address = "127.0.0.1:{http}"
log-enabled = false
[logging]
level = "error"
"""


@contextmanager
def running_influx(folder: Path, *, cold_s: int = 600) -> Iterator[str]:
    """Run an InfluxDB and return its address; what was not written to for `cold_s` is packed."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    config = folder / "influxdb.conf"
    config.write_text(
        _INFLUX_CONFIG.format(rpc=free_port(), http=port, folder=folder, cold_s=cold_s)
    )

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/ping", timeout=2).is_success
        except httpx.HTTPError:
            return False

    with _running("influxd", ("-config", str(config)), folder / "influxd.log"):
        until("InfluxDB answers", answers, within_s=30)
        yield url


@contextmanager
def running_redis(folder: Path, port: int | None = None) -> Iterator[str]:
    """Run a Redis that keeps nothing and return its address."""
    folder.mkdir(parents=True, exist_ok=True)
    held = port or free_port()
    options = ("--port", str(held), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")

    def answers() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", held), timeout=2):
                return True
        except OSError:
            return False

    with _running("redis-server", (*options, "--dir", str(folder)), folder / "redis.log"):
        until("Redis answers", answers, within_s=30)
        yield f"redis://127.0.0.1:{held}"


@contextmanager
def _running(program: str, options: Sequence[str], log_path: Path) -> Iterator[None]:
    path = shutil.which(program, path=_PATH)
    assert path is not None, f"{program} is not installed"
    with log_path.open("ab") as log:
        process = subprocess.Popen((path, *options), stdout=log, stderr=log, start_new_session=True)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
