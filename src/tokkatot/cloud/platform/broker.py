"""The cloud's broker as our own child process: mosquitto where it is installed, else amqtt."""

import asyncio
import getpass
import os
import secrets
import shutil
import socket
import sys
from contextlib import suppress
from enum import StrEnum, unique
from pathlib import Path

from tokkatot.cloud.platform.logins import PID_FILE, LoginFiles, cloud_login
from tokkatot.cloud.platform.process import Child, ChildFailed, ChildSpec

HOST = "127.0.0.1"
START_TIMEOUT_S = 20.0
MAX_PACKET_BYTES = 1024 * 1024
"""Above the 512 KiB of the longest body, so that the receiver counts what it drops."""
_POLL_S = 0.02
_ANSWERS_WITHIN_S = 5.0
_TRIES = 5
_CONNECT = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x05\x00\x05start"
_CONNACK = b"\x20"
_SBIN = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")


class BrokerFailed(ChildFailed):
    """The embedded broker can't run."""


@unique
class BrokerKind(StrEnum):
    """Which program it is."""

    MOSQUITTO = "mosquitto"
    AMQTT = "amqtt"


class EmbeddedBroker:
    """A broker on loopback whose logins and rights are two files in a folder of ours."""

    def __init__(
        self, folder: Path, *, log_path: Path, login: str, kind: BrokerKind | None = None
    ) -> None:
        self._folder = folder.absolute()
        self._log_path = log_path
        self._login = login
        self._mosquitto = _find_mosquitto() if kind is not BrokerKind.AMQTT else None
        if kind is BrokerKind.MOSQUITTO and self._mosquitto is None:
            raise BrokerFailed("mosquitto is not installed")
        self._port = 0
        self._child: Child | None = None
        self.logins = LoginFiles(folder)

    @property
    def kind(self) -> BrokerKind:
        """Which program was found."""
        return BrokerKind.AMQTT if self._mosquitto is None else BrokerKind.MOSQUITTO

    @property
    def url(self) -> str:
        """Where clients on this machine reach it."""
        return f"mqtt://{HOST}:{self._port}"

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        return None if self._child is None else self._child.pid

    def password(self) -> str:
        """Return the cloud's own password, made at the first start."""
        path = self._folder / "cloud.password"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24) + "\n")
        return path.read_text().strip()

    async def start(self) -> str:
        """Start it on the port it had before, if that is free, and return its address.

        Raises:
            BrokerFailed: when it does not answer within its time.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.logins.password_path.exists():
            self.logins.write([cloud_login(self._login, self.password())])
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._start_somewhere()
        except TimeoutError:
            words = "" if self._child is None else self._child.last_words()
            await self.stop()
            raise BrokerFailed(
                f"{self.kind} did not answer within {START_TIMEOUT_S:.0f} s:\n{words}"
            ) from None
        self._port_file.write_text(f"{self._port}\n")
        return self.url

    async def wait(self) -> int:
        """Return the exit status once the broker has ended."""
        assert self._child is not None, "start() comes first"
        return await self._child.wait()

    async def stop(self) -> None:
        """End it; nothing of it is durable."""
        if self._child is not None:
            await self._child.stop()
            self._child = None

    def _spec(self, port: int) -> ChildSpec:
        if self._mosquitto is None:
            module = "tokkatot.cloud.platform.amqtt_broker"
            argv: tuple[str, ...] = (sys.executable, "-m", module, str(self._folder), str(port))
        else:
            config = self._folder / "mosquitto.conf"
            config.write_text(self._mosquitto_config(port))
            argv = (self._mosquitto, "-c", str(config))
        return ChildSpec(
            name=Path(PID_FILE).stem,
            argv=argv,
            run_dir=self._folder,
            log_path=self._log_path,
            stop_grace_s=5.0,
        )

    async def _start_somewhere(self) -> None:
        # A port is ours only once the broker holds it: somebody may take it just before.
        for _ in range(_TRIES):
            if await self._start_on(self._free_port()):
                return
        assert self._child is not None, "it was started just now"
        raise BrokerFailed(f"{self.kind} ended at its start:\n{self._child.last_words()}")

    async def _start_on(self, port: int) -> bool:
        self._port = port
        spec = self._spec(port)
        self._child = child = await Child.start(spec)
        while child.returncode is None:
            if await _answers(port):
                return True
            await asyncio.sleep(_POLL_S)
        return False

    def last_url(self) -> str | None:
        """Return where it was last reached, also by another process; None if it never ran."""
        port = self._port_before()
        return f"mqtt://{HOST}:{port}" if port else None

    @property
    def _port_file(self) -> Path:
        return self._folder / "port"

    def _port_before(self) -> int:
        try:
            return int(self._port_file.read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def _free_port(self) -> int:
        for port in (self._port_before(), 0):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((HOST, port))
                except OSError:
                    continue
                return int(probe.getsockname()[1])
        raise BrokerFailed("no port is free on the loopback interface")

    def _mosquitto_config(self, port: int) -> str:
        lines = (
            "per_listener_settings false",
            f"listener {port} {HOST}",
            "allow_anonymous false",
            f"password_file {self.logins.password_path}",
            f"acl_file {self.logins.access_path}",
            # Without this, mosquitto started by root turns into a user who can't read the files.
            f"user {getpass.getuser()}" if os.geteuid() == 0 else "",
            # The journal and the database are the only durable places.
            "persistence false",
            "retain_available false",
            "set_tcp_nodelay true",
            "max_inflight_messages 100",
            "max_queued_messages 1000",
            f"max_packet_size {MAX_PACKET_BYTES}",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            "connection_messages false",
        )
        return "\n".join((*lines, ""))


def _find_mosquitto() -> str | None:
    path = os.pathsep.join((os.defpath, *_SBIN))
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=path)


async def _answers(port: int) -> bool:
    """Ask to be let in without a login; any answer will do.

    A broker that only listens may not heed signals yet: to be told of new logins would end it.
    """
    try:
        async with asyncio.timeout(_ANSWERS_WITHIN_S):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(_CONNECT)
                return await reader.read(1) == _CONNACK
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
