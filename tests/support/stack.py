"""The program as a person starts it: real processes on free ports, in a folder of their own."""

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import aiomqtt
import httpx

from tests.support.proc import Seen, descendants, seen
from tests.support.processes import free_port
from tokkatot.cloud.platform.broker import HOST
from tokkatot.cloud.platform.keys import SigningKeys
from tokkatot.cloud.platform.postgres import EmbeddedPostgres
from tokkatot.sim.farm import ACCOUNTS, PASSWORD

START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 120.0
_POLL_S = 0.05

T = TypeVar("T")


class NotInTime(AssertionError):
    """Something that had to come true did not."""


def until(
    what: str, probe: Callable[[], T | None], *, within_s: float = 120.0, poll_s: float = _POLL_S
) -> T:
    """Return the first truthy answer of `probe`; blocks, so for tests and benchmarks alone."""
    end_s = time.monotonic() + within_s  # noqa: TID251 - a test waits on the real clock
    while time.monotonic() < end_s:  # noqa: TID251
        found = probe()
        if found:
            return found
        time.sleep(poll_s)
    raise NotInTime(f"not within {within_s:.0f} s: {what}")


class Program:
    """One `tokkatot` command that outlives the event loop of a test, with its output in a file."""

    def __init__(
        self,
        *arguments: str,
        log_path: Path,
        environment: Mapping[str, str] | None = None,
        interpreter: str | Path = sys.executable,
    ) -> None:
        self.log_path = log_path
        ours = {k: v for k, v in os.environ.items() if not k.startswith("TOKKATOT_")}  # noqa: TID251
        with log_path.open("ab") as log:
            self._process = subprocess.Popen(
                (interpreter, "-m", "tokkatot.cli.main", *arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**ours, "PYTHONUNBUFFERED": "1", **(environment or {})},
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    @property
    def output(self) -> str:
        """Everything that it wrote so far."""
        return self.log_path.read_text(errors="replace")

    def descendants(self) -> list[Seen]:
        """Return its children and theirs, so that a test can see whether one was left behind."""
        return descendants(self.pid)

    def interrupt(self) -> int:
        """Do what Ctrl-C does, and return the exit status."""
        self._process.send_signal(signal.SIGINT)
        return self.wait()

    def kill(self) -> None:
        """End it without a warning."""
        self._process.kill()
        self._process.wait(STOP_TIMEOUT_S)

    def wait(self, within_s: float = STOP_TIMEOUT_S) -> int:
        """Return the exit status once it has ended."""
        return self._process.wait(within_s)


class Stack(Program):
    """`tokkatot up`: the cloud, its services and the demo farm with its hubs."""

    def __init__(
        self,
        folder: Path,
        *,
        http_port: int,
        interpreter: str | Path = sys.executable,
        **settings: str,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.data_dir = folder / "data"
        self.url = f"http://127.0.0.1:{http_port}"
        variables = {f"TOKKATOT_{name.upper()}": value for name, value in settings.items()}
        super().__init__(
            "up",
            log_path=folder / "up.log",
            interpreter=interpreter,
            environment={
                # Tests log in more often in a minute than people do.
                "TOKKATOT_RATE_LIMIT_AUTH_PER_MINUTE": "100000",
                "TOKKATOT_RATE_LIMIT_PER_MINUTE": "1000000",
                "TOKKATOT_DATA_DIR": str(self.data_dir),
                "TOKKATOT_HTTP_PORT": str(http_port),
                **variables,
            },
        )

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        http_port: int | None = None,
        interpreter: str | Path = sys.executable,
        automated: bool = False,
        **settings: str,
    ) -> Self:
        """Start everything and return once the first page can be shown.

        Unless it is to be `automated`, what the demo does by the clock is switched off, so that a
        test finds the same farm at any hour.
        """
        port = http_port or free_port()
        stack = cls(folder, http_port=port, interpreter=interpreter, **settings)
        try:
            stack.wait_until_ready()
            if not automated:
                stack.switch_automation_off()
        except BaseException:
            stack.stop()
            raise
        return stack

    def wait_until_ready(self, within_s: float = START_TIMEOUT_S) -> None:
        """Return once the cloud answers that it is ready, and a person has been greeted."""

        def ready() -> bool:
            assert self.returncode is None, f"it ended:\n{self.output[-4000:]}"
            try:
                answer = httpx.get(f"{self.url}/ready", timeout=5)
            except httpx.HTTPError:
                return False
            return answer.status_code == httpx.codes.OK and "Ctrl-C" in self.output

        try:
            until("the cloud is ready", ready, within_s=within_s)
        except NotInTime as error:
            raise NotInTime(f"{error}\n{self.output[-4000:]}") from None

    def switch_automation_off(self) -> None:
        """Switch off every schedule of the demo, and take its rules away."""
        with httpx.Client(base_url=f"{self.url}/v1", timeout=60) as http:
            login = {"login": ACCOUNTS[0].login, "password": PASSWORD}
            answer = http.post("/auth/login", json=login).json()
            http.headers["Authorization"] = f"Bearer {answer['access_token']}"
            for farm in answer["farms"]:
                path = f"/farms/{farm['id']}"
                for schedule in http.get(f"{path}/schedules").json()["items"]:
                    off = http.put(
                        f"{path}/schedules/{schedule['id']}/enabled", json={"enabled": False}
                    )
                    assert off.status_code == httpx.codes.OK, off.text
                for house in http.get(f"{path}/houses").json()["items"]:
                    rules = f"{path}/houses/{house['id']}/rules"
                    none = {"version": http.get(rules).json()["version"], "rules": []}
                    assert http.put(rules, json=none).status_code == httpx.codes.OK

    @property
    def broker_host(self) -> str:
        """Where the cloud's broker listens."""
        return HOST

    @property
    def broker_port(self) -> int:
        """The port that the cloud's broker took."""
        return int((self.data_dir / "broker" / "port").read_text())

    @property
    def database_url(self) -> str:
        """The address of the database, for a test that counts rows."""
        return EmbeddedPostgres(self.data_dir / "postgres", log_path=self.log_path).url()

    @property
    def order_kid(self) -> str:
        """The name of the key with which the cloud signs orders."""
        return SigningKeys.load(self.data_dir / "keys").order_kid

    def cloud_client(self) -> aiomqtt.Client:
        """Return a client with the cloud's own login, for what only a thief of it could do."""
        password = (self.data_dir / "broker" / "cloud.password").read_text().strip()
        return aiomqtt.Client(
            self.broker_host, self.broker_port, username="tokkatot-cloud", password=password
        )

    def hub_url(self, hub_id: str) -> str:
        """Return where a hub's own web listens."""
        _, config = self.hub_config(hub_id)
        return f"http://{config['web']['host']}:{config['web']['port']}"

    def hub_pid(self, hub_id: str) -> int:
        """Return the process that runs a hub, once there is one."""
        path, _ = self.hub_config(hub_id)

        def running() -> int | None:
            found = [child.pid for child in self.descendants() if str(path) in child.command]
            return found[0] if found else None

        return until(f"hub {hub_id} runs", running)

    def hub_config(self, hub_id: str) -> tuple[Path, dict[str, Any]]:
        """Return the configuration file of a hub of the demo, and what it says."""
        for path in (self.data_dir / "hubs").glob("*/hub.toml"):
            config = tomllib.loads(path.read_text())
            if config["hub"]["id"] == hub_id:
                return path, config
        raise LookupError(hub_id)

    def pid_of(self, name: str) -> int:
        """Return the process id of one of its children, by the name of its pid file."""
        return until(f"{name} runs", lambda: self._pid_of(name))

    def _pid_of(self, name: str) -> int | None:
        for path in self.data_dir.glob(f"*/{name}.pid"):
            try:
                pid = int(json.loads(path.read_text())["pid"])
            except (ValueError, KeyError, TypeError, OSError):
                continue
            if seen(pid) is not None:
                return pid
        return None

    def stop(self) -> None:
        """End everything, by force where asking does not help."""
        if self.returncode is not None:
            return
        children = self.descendants()
        try:
            self.interrupt()
        except subprocess.TimeoutExpired:
            self.kill()
        for child in children:
            if child.runs:
                os.kill(child.pid, signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
