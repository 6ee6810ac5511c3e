"""A farm with a coop, a greenhouse and their hubs, to be automated over HTTP."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from tests.support.cloud import Cloud, Person
from tokkatot.cloud.sync.desired import build_desired
from tokkatot.domain.desired import DesiredDocument
from tokkatot.domain.ids import HubId

Json = Any  # answers of the interface under test, taken apart by the tests


@dataclass(frozen=True, slots=True, kw_only=True)
class Automated:
    """The farm, with the ids of its coop's devices by role."""

    cloud: Cloud
    owner: Person
    staff: Person
    farm: UUID
    house: str
    greenhouse: str
    hub: str
    devices: dict[str, str]

    @property
    def schedules(self) -> str:
        """Where the schedules are."""
        return f"/v1/farms/{self.farm}/schedules"

    def path_of(self, schedule: Json) -> str:
        """Where one of them is."""
        return f"{self.schedules}/{schedule['id']}"

    def feeding(self, **fields: object) -> Json:
        """Return a schedule that feeds at six."""
        return {
            "house_id": self.house,
            "name": "Feed",
            "does": {
                "kind": "time_based",
                "start": {"kind": "daily", "times": ["06:00:00"]},
                "duration_s": 30,
                "devices": [self.devices["feeder"]],
            },
        } | fields

    async def add(self, *, status: int = 201, **fields: object) -> Json:
        """Give the coop a schedule."""
        return await self.cloud.post(
            self.schedules, self.feeding(**fields), self.owner, status=status
        )

    async def put(self, path: str, body: Json, *, status: int = 200) -> Json:
        """Put as the owner and return the answer."""
        answer = await self.cloud.http.put(path, json=body, headers=self.owner.headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def edit(self, schedule: Json, *, status: int = 200, **fields: object) -> Json:
        """Write the next version of a schedule."""
        kept = {
            name: value
            for name, value in schedule.items()
            if name in self.feeding() | WRITTEN and name != "house_id"
        }
        body = kept | {"version": schedule["version"]} | fields
        return await self.put(self.path_of(schedule), body, status=status)

    async def delete(self, schedule: Json) -> httpx.Response:
        """Delete a schedule."""
        return await self.cloud.http.delete(self.path_of(schedule), headers=self.owner.headers)

    async def desired(self) -> DesiredDocument:
        """Return what the coop's hub is to hold."""
        async with self.cloud.context.database.transaction() as tx:
            return await build_desired(tx, HubId(UUID(self.hub)))

    async def hub_holds(self, version: int) -> None:
        """Let the coop's hub have said that it holds this version of its document."""
        async with self.cloud.context.database.transaction() as tx:
            await tx.session.execute(
                text("UPDATE hubs SET held_version = :version WHERE id = :hub"),
                {"version": version, "hub": self.hub},
            )

    async def events(self, kind: str) -> list[Json]:
        """Return the events whose type begins so, the newest first."""
        path = f"/v1/farms/{self.farm}/events?type={kind}"
        found: list[Json] = (await self.cloud.get(path, self.owner))["items"]
        return found

    async def locate(self) -> None:
        """Say where the farm is."""
        answer = await self.cloud.http.patch(
            f"/v1/farms/{self.farm}",
            json={"latitude": 11.48, "longitude": 104.95},
            headers=self.owner.headers,
        )
        assert answer.status_code == 200, answer.text


WRITTEN = dict.fromkeys(
    ("enabled", "priority", "valid_from", "valid_until", "missed", "modes"), None
)
DEVICES = {
    "feeder": ("relay", []),
    "light": ("relay", []),
    "fan": ("relay", []),
    "climate_sensor": ("sensor", ["temperature", "relative_humidity"]),
}


async def automated(cloud: Cloud) -> Automated:
    """Make the farm."""
    owner, farm = await cloud.sign_up()
    staff = await cloud.staff()
    houses = [
        await cloud.post(f"/v1/farms/{farm}/houses", {"name": kind, "kind": kind}, owner)
        for kind in ("coop", "greenhouse")
    ]
    hubs = [
        await cloud.post(
            "/v1/staff/hubs", {"farm_id": str(farm), "house_id": house["id"], "name": "Pi"}, staff
        )
        for house in houses
    ]
    devices = {
        role: (
            await cloud.post(
                f"/v1/farms/{farm}/devices",
                {
                    "house_id": houses[0]["id"],
                    "hardware_id": f"{role}-1",
                    "name": role.title(),
                    "role": role,
                    "interface": interface,
                    "quantities": quantities,
                    "address": {"driver": "sim", "channel": role},
                },
                staff,
            )
        )["id"]
        for role, (interface, quantities) in DEVICES.items()
    }
    return Automated(
        cloud=cloud,
        owner=owner,
        staff=staff,
        farm=farm,
        house=houses[0]["id"],
        greenhouse=houses[1]["id"],
        hub=hubs[0]["hub"]["id"],
        devices=devices,
    )
