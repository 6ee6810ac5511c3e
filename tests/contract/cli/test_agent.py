"""The hub's program on a machine whose disk takes nothing more."""

import signal
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.engine import FARM, HUB
from tests.support.processes import free_port
from tests.support.stack import until
from tokkatot.cli.agent import agent_command
from tokkatot.cli.toml import to_toml

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32).public_key().public_bytes_raw()


@contextmanager
def running(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a hub whose log goes to a disk that is full; nobody listens where its cloud should be."""
    config = folder / "hub.toml"
    cloud = {
        "url": f"mqtt://127.0.0.1:{free_port()}",
        "login": str(HUB),
        "password": "a-password",
        "keys": {"k1": b64encode(KEY).decode()},
    }
    sections = {
        "hub": {"id": str(HUB), "farm": str(FARM)},
        "cloud": cloud,
        "web": {"port": port},
        "drivers": {"house": {"kind": "simulated", "house": "coop"}},
    }
    config.touch(mode=0o600)
    config.write_text(to_toml(sections))
    with Path("/dev/full").open("wb") as full:
        program = subprocess.Popen(agent_command(config), stderr=full)
    try:
        yield program
    finally:
        program.kill()
        program.wait()


@pytest.mark.timeout(300)
def test_a_full_disk_ends_no_hub(tmp_path: Path) -> None:
    port = free_port()
    # A folder in the place of the file stands for a world that can't be saved.
    (tmp_path / "data" / "world-house.new").mkdir(parents=True)
    with (
        running(tmp_path, port) as program,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as web,
    ):

        def has_missed_its_cloud() -> bool:
            assert program.poll() is None, f"it ended with status {program.returncode}"
            with suppress(httpx.TransportError):
                return bool(web.get("/v1/state").json()["sync"]["counts"].get("troubles", 0))
            return False

        told = "it has told of its cloud, and nobody took it down"
        until(told, has_missed_its_cloud, within_s=120)
        assert web.get("/health").json()["status"] == "ok"
        program.send_signal(signal.SIGTERM)
        assert program.wait(120) == 0
