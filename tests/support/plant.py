"""A farm and its cloud as separate processes over lines that can be broken."""

import asyncio
import os
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
import psycopg

from tests.support import relay_node
from tests.support.fault_proxy import FaultLine, fault_line
from tests.support.people import Person, eventually
from tests.support.processes import free_port
from tests.support.produced import QUANTITIES, Produced
from tests.support.relay_node import Wiring
from tests.support.site import HubProgram, Site
from tests.support.stack import Program
from tokkatot.cloud.platform.broker import EmbeddedBroker
from tokkatot.cloud.platform.postgres import EmbeddedPostgres
from tokkatot.domain.devices import ON, DeviceRole, Interface

ROOT = Path(__file__).parents[2]
FIRST_MS = round(datetime(2024, 3, 1, tzinfo=UTC).timestamp() * 1000)
FANS = tuple(f"FAN-{number}" for number in range(1, 9))
"""The fans of a coop rest on, so that none of their ways is a start, of which there is a limit."""
_LOGIN, _PASSWORD = "011000009", "proof-password"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the hub reads: one file as fast as it goes, the other at its own pace."""

    burst: Produced
    paced: Produced
    lines_per_s: float

    @classmethod
    def of(cls, lines: int, *, seed: int, lines_per_s: float) -> "Sources":
        """Put three of ten lines into the burst."""
        burst = lines * 3 // 10
        return cls(
            burst=Produced(hardware_id="BURST", seed=seed, lines=burst, first_ms=FIRST_MS),
            paced=Produced(
                hardware_id="PACED", seed=seed + 1, lines=lines - burst, first_ms=FIRST_MS
            ),
            lines_per_s=lines_per_s,
        )

    @property
    def both(self) -> tuple[Produced, Produced]:
        """Return both files."""
        return self.burst, self.paced

    def drivers(self, folder: Path) -> dict[str, object]:
        """Write the files and return the drivers that replay them."""
        speeds = {"burst": 0.0, "paced": self.lines_per_s}
        drivers: dict[str, object] = {}
        for (name, speed), file in zip(speeds.items(), self.both, strict=True):
            path = folder / f"{name}.csv"
            file.write(path)
            drivers[name] = {"kind": "replay", "speed": speed, "files": [file.config(path)]}
        return drivers


class CloudProgram:
    """A `tokkatot cloud`, with all roles or some, beside database and broker of somebody else."""

    def __init__(
        self,
        folder: Path,
        *,
        database_url: str,
        broker_url: str,
        broker: EmbeddedBroker,
        roles: str = "api,ingest,jobs",
        **settings: str,
    ) -> None:
        self.port = free_port()
        self.data_dir = folder / "cloud"
        self._roles = roles
        self._log_path = folder / f"cloud-{roles}-{self.port}.log"
        self._environment = {
            "TOKKATOT_DATA_DIR": str(self.data_dir),
            "TOKKATOT_HTTP_PORT": str(self.port),
            "TOKKATOT_DATABASE_URL": database_url,
            "TOKKATOT_MQTT_URL": broker_url,
            "TOKKATOT_MQTT_PASSWORD": broker.password(),
            "TOKKATOT_MQTT_LOGINS_DIR": str(broker.logins.folder),
            "TOKKATOT_RATE_LIMIT_AUTH_PER_MINUTE": "100000",
            "TOKKATOT_RATE_LIMIT_PER_MINUTE": "1000000",
            **{f"TOKKATOT_{name.upper()}": value for name, value in settings.items()},
        }
        self._program: Program | None = None

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def serves(self) -> bool:
        """Tell whether it answers requests."""
        return "api" in self._roles

    @property
    def program(self) -> Program:
        """The process that was started last."""
        assert self._program is not None, "start() comes first"
        return self._program

    def start(self) -> None:
        """Start it, and wait for nothing."""
        self._program = Program(
            "cloud", "--role", self._roles, log_path=self._log_path, environment=self._environment
        )

    def kill(self) -> None:
        """End it as a power cut does."""
        self.program.kill()

    async def ready(self) -> None:
        """Return once it is ready."""

        async def answers() -> bool:
            assert self.program.returncode is None, self.program.output[-4000:]
            try:
                async with httpx.AsyncClient(timeout=5) as http:
                    return (await http.get(f"{self.url}/ready")).is_success
            except httpx.HTTPError:
                return False

        await eventually("the cloud is ready", answers, within_s=60)

    def staff(self, *words: str) -> str:
        """Run a command of staff, and return what it prints."""
        done = subprocess.run(
            (sys.executable, "-m", "tokkatot.cli.main", "staff", *words),
            env={**os.environ, **self._environment},  # noqa: TID251 - as a shell hands it on
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """What runs at the cloud's end, and the lines to its broker."""

    folder: Path
    postgres: EmbeddedPostgres
    broker: EmbeddedBroker
    hub_line: FaultLine
    cloud_line: FaultLine
    cloud: CloudProgram


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """Everything that runs; `devices` are names by id, `moves` is where the relays write."""

    servers: Servers
    hub: HubProgram
    hub_id: str
    site: Site
    house_id: str
    devices: dict[str, str]
    moves: Path

    def check_running(self) -> None:
        """Fail where a process has ended that nobody ended."""
        programs = {"cloud": self.servers.cloud.program, "hub": self.hub.program}
        ended = {
            name: program.output[-3000:]
            for name, program in programs.items()
            if program.returncode is not None
        }
        assert ended == {}, ended

    async def stored(self) -> int:
        """Return how many readings the cloud has taken from the hub; 0 while it can't be asked."""
        try:
            async with await psycopg.AsyncConnection.connect(
                self.servers.postgres.url(), connect_timeout=5
            ) as connection:
                rows = await connection.execute(
                    "SELECT coalesce(sum(seq), 0) FROM hub_cursors"
                    " WHERE hub_id = %s AND stream = 'readings'",
                    (self.hub_id,),
                )
                found = await rows.fetchone()
        except psycopg.OperationalError:
            return 0
        assert found is not None, "an aggregate has one row"
        return int(found[0])


@asynccontextmanager
async def plant(folder: Path, sources: Sources) -> AsyncIterator[Plant]:
    """Lay out a farm and run it; whatever was left broken, nothing runs when this ends."""
    async with _servers(folder) as servers, AsyncExitStack() as stack:
        staff = await staff_of(servers.cloud)
        stack.push_async_callback(staff.close)
        running = await _lay_out(servers, await Site.found(staff, "Proof"), sources)
        stack.callback(_end, _start_relays(running))
        await asyncio.to_thread(running.hub.start)
        stack.push_async_callback(asyncio.to_thread, running.hub.stop)
        yield running


@asynccontextmanager
async def _servers(folder: Path) -> AsyncIterator[Servers]:
    postgres = EmbeddedPostgres(folder / "postgres", log_path=folder / "postgres.log")
    broker = EmbeddedBroker(
        folder / "broker", log_path=folder / "broker.log", login="tokkatot-cloud"
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(postgres.stop)
        await postgres.start()
        stack.push_async_callback(broker.stop)
        port = urlsplit(await broker.start()).port
        assert port is not None, "it listens somewhere"
        hub_line = await stack.enter_async_context(fault_line(port))
        cloud_line = await stack.enter_async_context(fault_line(port))
        cloud = CloudProgram(
            folder, database_url=postgres.url(), broker_url=cloud_line.url, broker=broker
        )
        cloud.start()
        stack.callback(cloud.kill)
        await cloud.ready()
        yield Servers(
            folder=folder,
            postgres=postgres,
            broker=broker,
            hub_line=hub_line,
            cloud_line=cloud_line,
            cloud=cloud,
        )


async def staff_of(cloud: CloudProgram) -> Person:
    """Make a member of staff at the keyboard, and log them in."""
    code = await asyncio.to_thread(cloud.staff, "create-staff", "Proof", "--phone", _LOGIN)
    async with httpx.AsyncClient(base_url=f"{cloud.url}/v1", timeout=20) as http:
        body = {"login": _LOGIN, "code": code, "new_password": _PASSWORD}
        answer = await http.post("/auth/reset-password", json=body)
    assert answer.is_success, answer.text
    return await Person.log_in(cloud.url, _LOGIN, _PASSWORD)


async def _lay_out(servers: Servers, site: Site, sources: Sources) -> Plant:
    house_id = await site.add_house("Coop", kind="coop")
    login = await site.add_hub("Hub", house_id)
    devices: dict[str, str] = {}
    for driver, file in zip(("burst", "paced"), sources.both, strict=True):
        device_id = await site.add_device(
            house_id,
            login,
            hardware_id=file.hardware_id,
            role=DeviceRole.WEATHER_STATION,
            interface=Interface.SENSOR,
            quantities=QUANTITIES,
            address={"driver": driver},
        )
        devices[device_id] = file.hardware_id
    for name in FANS:
        device_id = await site.add_device(
            house_id,
            login,
            hardware_id=name,
            role=DeviceRole.FAN,
            interface=Interface.PWM,
            address={"driver": "nodes"},
        )
        devices[device_id] = name
    passwords = {name: f"{name}-password" for name in FANS}
    hub = HubProgram(
        servers.folder / "hub",
        login,
        cloud={**login.config["cloud"], "url": servers.hub_line.url},
        nodes={"broker": "embedded", "port": free_port(), "logins": passwords},
        drivers={"nodes": {"kind": "mqtt_node"}, **sources.drivers(servers.folder)},
    )
    return Plant(
        servers=servers,
        hub=hub,
        hub_id=login.hub_id,
        site=site,
        house_id=house_id,
        devices=devices,
        moves=servers.folder / "moves.jsonl",
    )


def _start_relays(running: Plant) -> subprocess.Popen[bytes]:
    config = tomllib.loads(running.hub.config_path.read_text())
    path = running.servers.folder / "relays.json"
    wiring = Wiring(
        port=config["nodes"]["port"],
        farm=running.site.farm_id,
        log=str(running.moves),
        rest=ON,
        relays=config["nodes"]["logins"],
    )
    path.write_bytes(msgspec.json.encode(wiring))
    with (running.servers.folder / "relays.log").open("ab") as log:
        return subprocess.Popen(
            (sys.executable, "-m", relay_node.__name__, str(path)),
            stdout=log,
            stderr=log,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(("src", "."))},  # noqa: TID251
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
