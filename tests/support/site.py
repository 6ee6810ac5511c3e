"""A farm laid out by staff over HTTP, with hubs that a test runs itself."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from tests.support.people import HouseView, Json, Person
from tests.support.processes import free_port
from tests.support.stack import Program, until
from tokkatot.cli.toml import to_toml
from tokkatot.domain.devices import DeviceRole, Interface
from tokkatot.domain.quantities import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class HubLogin:
    """What a provisioned hub logs in with."""

    hub_id: str
    password: str
    config: Json
    """The `hub.toml` that the cloud hands out, taken apart."""

    @property
    def uuid(self) -> UUID:
        """Return the id as the wire has it."""
        return UUID(self.hub_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A farm that a test made."""

    staff: Person
    farm_id: str

    @classmethod
    async def found(cls, staff: Person, name: str) -> "Site":
        """Make a farm."""
        farm = await staff.post("/farms", {"name": name})
        return cls(staff=staff, farm_id=farm["id"])

    async def add_house(self, name: str, *, kind: str) -> str:
        """Add a house and return its id."""
        house = await self.staff.post(f"/farms/{self.farm_id}/houses", {"name": name, "kind": kind})
        return str(house["id"])

    async def add_hub(self, name: str, house_id: str) -> HubLogin:
        """Provision a hub for a house."""
        answer = await self.staff.post(
            "/staff/hubs", {"farm_id": self.farm_id, "house_id": house_id, "name": name}
        )
        config = tomllib.loads(answer["hub_toml"])
        return HubLogin(
            hub_id=config["hub"]["id"], password=config["cloud"]["password"], config=config
        )

    async def add_device(
        self,
        house_id: str,
        hub: HubLogin,
        *,
        hardware_id: str,
        role: DeviceRole,
        interface: Interface,
        quantities: Sequence[Quantity] = (),
        address: Mapping[str, Any] | None = None,
    ) -> str:
        """Register a device and return its id."""
        device = await self.staff.post(
            f"/farms/{self.farm_id}/devices",
            {
                "house_id": house_id,
                "hub_id": hub.hub_id,
                "hardware_id": hardware_id,
                "name": hardware_id,
                "role": role,
                "interface": interface,
                "quantities": list(quantities),
                "address": dict(address or {}),
            },
        )
        return str(device["id"])

    def house(self, house_id: str) -> HouseView:
        """Return a house as staff see it."""
        return HouseView(person=self.staff, farm_id=self.farm_id, house_id=house_id)


class HubProgram:
    """A `tokkatot hub` that a test starts, kills and starts again."""

    def __init__(self, folder: Path, login: HubLogin, **sections: object) -> None:
        folder.mkdir(parents=True)
        self.config_path = folder / "hub.toml"
        self.log_path = folder / "hub.log"
        self.port = free_port()
        self._program: Program | None = None
        text = to_toml({**login.config, "web": {"port": self.port}, **sections})
        self.config_path.touch(mode=0o600)
        self.config_path.write_text(text)

    @property
    def program(self) -> Program:
        """The process that was started last."""
        assert self._program is not None, "start() comes first"
        return self._program

    @property
    def pid(self) -> int:
        """The process that runs now."""
        return self.program.pid

    def start(self) -> None:
        """Start it and return once its own web answers."""
        self._program = program = Program(
            "hub", "--config", str(self.config_path), log_path=self.log_path
        )

        def answers() -> bool:
            assert program.returncode is None, f"the hub ended:\n{program.output[-4000:]}"
            try:
                return httpx.get(f"{self.url}/health", timeout=2).is_success
            except httpx.HTTPError:
                return False

        until("the hub answers", answers)

    @property
    def url(self) -> str:
        """Where its own web listens."""
        return f"http://127.0.0.1:{self.port}"

    def state(self) -> Json:
        """Return what it shows on its own web."""
        return httpx.get(f"{self.url}/v1/state", timeout=60).json()

    def kill(self) -> None:
        """End it as a power cut does."""
        self.program.kill()

    def stop(self) -> None:
        """End it, if it runs."""
        if self._program is not None and self._program.returncode is None:
            self._program.interrupt()


def mosquitto_client(name: str) -> str:
    """Return the path of one of mosquitto's command line clients."""
    for folder in (*os.defpath.split(os.pathsep), "/usr/local/bin", "/opt/homebrew/bin"):
        path = Path(folder) / name
        if path.is_file():
            return str(path)
    raise LookupError(f"{name} is not installed")
