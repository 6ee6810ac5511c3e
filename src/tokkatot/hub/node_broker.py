"""The farm's own broker, run by the hub: each login reaches its own topics and no others."""

import asyncio
import contextlib
import hashlib
import os
import shutil
import signal
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import structlog

from tokkatot.domain.ids import FarmId
from tokkatot.hub.config import BrokerAddress, EmbeddedBroker, NodeLogin
from tokkatot.hub.supervisor import ServiceUnable
from tokkatot.webapp.listening import listen_on
from tokkatot.wire.topics import DROPPED_TOPIC, FROM_NODE, NodeLeaf

HUB_LOGIN: Final = "hub"
SEARCH_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
START_WITHIN_S: Final = 10.0
STOP_WITHIN_S: Final = 5.0
MAX_QUEUED: Final = 20_000
"""What nodes say while the hub is busy or away waits here: some seconds of a rush, about 6 MB."""

# As mosquitto_passwd writes them: PBKDF2 with SHA-512 and a salt of 12 bytes. So many rounds take
# a Raspberry Pi about 30 ms, so that a whole farm of nodes is back within seconds.
_ROUNDS: Final = 10_000
_SALT_BYTES: Final = 12

log = structlog.get_logger(__name__)


class NodeBroker:
    """One mosquitto with the files that it reads, all of them 0600 in their own folder."""

    def __init__(
        self,
        settings: EmbeddedBroker,
        *,
        farm_id: FarmId,
        folder: Path,
        random_bytes: Callable[[int], bytes],
        search_path: str = SEARCH_PATH,
    ) -> None:
        self._search_path = search_path
        self._settings = settings
        self._farm_id = farm_id
        self._folder = folder
        self._random_bytes = random_bytes
        self._password = random_bytes(24).hex()
        self._pid_file = folder / "mosquitto.pid"
        self._config = folder / "mosquitto.conf"

    @property
    def address(self) -> BrokerAddress:
        """Return where the hub itself logs in."""
        host = self._settings.host
        return BrokerAddress(
            host="127.0.0.1" if host in {"0.0.0.0", "::"} else host,  # noqa: S104 - asked, not bound
            port=self._settings.port,
            tls=False,
            login=HUB_LOGIN,
            password=self._password,
        )

    async def run(self) -> None:
        """Run the broker until cancelled.

        Raises:
            ServiceUnable: when mosquitto is missing or ends by itself.
        """
        program = shutil.which("mosquitto", path=self._search_path)
        if program is None:
            raise ServiceUnable(
                "mosquitto is not installed, so no node can reach this hub: install it"
                " (`apt install mosquitto`), or name another broker in [nodes]"
            )
        self.end_stale()
        self._write_files()
        process = await asyncio.create_subprocess_exec(
            program,
            "-c",
            str(self._config),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        log.info("node_broker.started", port=self._settings.port, pid=process.pid)
        try:
            self._private("mosquitto.pid", str(process.pid))
            status = await process.wait()
            raise ServiceUnable(self._why_ended(status))
        finally:
            await _stop(process)
            self._pid_file.unlink(missing_ok=True)

    def _why_ended(self, status: int) -> str:
        host, port = self._settings.host, self._settings.port
        try:
            with listen_on(host, port):
                return f"mosquitto ended with status {status}; see {self._folder / 'mosquitto.log'}"
        except OSError as error:
            return (
                f"the nodes' broker can't listen on port {port} of {host} ({error.strerror}): end"
                " what listens there (a mosquitto of the system?), or set another [nodes] port"
            )

    def end_stale(self) -> None:
        """End the broker that a killed hub has left behind, and nothing else.

        To be called before a driver looks for a broker: it would find this one, and wait for it.
        """
        try:
            pid = int(self._pid_file.read_text(encoding="ascii"))
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return
        if os.fsencode(self._config) in command:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            log.info("node_broker.ended_stale", pid=pid)

    def _write_files(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        logins = [
            NodeLogin(name=HUB_LOGIN, password=self._password, devices=(), houses=()),
            *self._settings.logins,
        ]
        lines = (f"{login.name}:{self._hash(login.password)}\n" for login in logins)
        self._private("passwords", "".join(lines))
        self._private("acl", "".join(f"{line}\n" for line in self._acl()))
        self._private("mosquitto.conf", "".join(f"{line}\n" for line in self._conf()))

    def _conf(self) -> Iterator[str]:
        yield f"listener {self._settings.port} {self._settings.host}"
        yield "allow_anonymous false"
        yield f"password_file {self._folder / 'passwords'}"
        yield f"acl_file {self._folder / 'acl'}"
        yield "persistence false"
        yield f"log_dest file {self._folder / 'mosquitto.log'}"
        yield "log_type error"
        yield "log_type warning"
        yield "message_size_limit 524288"
        yield f"max_queued_messages {MAX_QUEUED}"
        # Told every second, so that the hub can say what was lost here.
        yield "sys_interval 1"
        yield "max_connections 500"
        if os.geteuid() == 0:
            # Else it would give up its rights before it reads files that are ours alone.
            yield "user root"

    def _acl(self) -> Iterator[str]:
        """Yield who may use which topic: only the hub orders, a node speaks for itself alone."""
        farm = f"farm/{self._farm_id}/devices"
        yield f"user {HUB_LOGIN}"
        for leaf in NodeLeaf:
            yield f"topic {'read' if leaf in FROM_NODE else 'write'} {farm}/+/{leaf}"
        yield "topic read facility/+/sensors/+"
        yield f"topic read {DROPPED_TOPIC}"
        for login in self._settings.logins:
            yield f"user {login.name}"
            for device in login.devices:
                for leaf in NodeLeaf:
                    right = "write" if leaf in FROM_NODE else "read"
                    yield f"topic {right} {farm}/{device}/{leaf}"
            for house in login.houses:
                yield f"topic write facility/{house}/sensors/+"

    def _hash(self, password: str) -> str:
        salt = self._random_bytes(_SALT_BYTES)
        digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
        return f"$7${_ROUNDS}${b64encode(salt).decode()}${b64encode(digest).decode()}"

    def _private(self, name: str, text: str) -> None:
        path = self._folder / name
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
