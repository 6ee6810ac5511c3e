"""A farm with a weather station and instruments, whose houses' twins are asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import cos, pi
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tests.support.cloud import Cloud, Person
from tokkatot.cloud.farms.model import Hub
from tokkatot.cloud.intelligence import store
from tokkatot.cloud.jobs.worker import Worker
from tokkatot.cloud.main import job_kinds
from tokkatot.kit.clock import SystemClock, to_rfc3339

Json = Any  # answers of the interface under test, taken apart by the tests

EVERY = timedelta(minutes=15)
_STATION = ["temperature", "relative_humidity", "global_radiation", "air_speed"]
_AIR = ["temperature", "relative_humidity", "co2"]


_OFF = {"air_k": 0.8, "humidity_pct": 5.0, "co2_ppm": None}
FIT: Json = {
    "house": "tunnel",
    "parameters": {"heat_total": {"value": 0.9, "low": 0.8, "high": 1.0}},
    "days_fitted": 6,
    "days_held_out": 2,
    "held_out_before": _OFF,
    "held_out_after": _OFF,
}
"""The card of a coop's fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Twinned:
    """The farm, with the ids of its devices by house and role."""

    cloud: Cloud
    owner: Person
    farm: str
    coop: str
    greenhouse: str
    devices: Mapping[tuple[str, str], str]

    async def ask(
        self, house: str, body: Json, *, what: str = "simulate", status: int = 202
    ) -> Json:
        """Ask a house's twin."""
        path = f"/v1/farms/{self.farm}/houses/{house}/twin/{what}"
        return await self.cloud.post(path, body, self.owner, status=status)

    async def answer(self, house: str, body: Json, *, what: str = "simulate") -> Json:
        """Ask a house's twin, let it be done, and return how the job ended."""
        job = await self.ask(house, body, what=what)
        # Its pauses are real, while the farm's clock stands still.
        context = replace(self.cloud.context, clock=SystemClock())
        worker = Worker(context, job_kinds(self.cloud.context, self.cloud.readings))
        assert await worker.do_next()
        return await self.cloud.get(f"/v1/jobs/{job['id']}", self.owner)

    async def fitted(self, card: Json = FIT, *, built: Json = None) -> None:
        """Let the coop's twin have been fitted so, by default by an older program."""
        async with self.cloud.context.database.transaction() as tx:
            kept = {"known_as": card["house"], "card": card, "job_id": tx.new_id(), "built": built}
            of = {"house_id": UUID(self.coop), "fitted_at": tx.now}
            await store.keep_fit(tx.session, of | kept)

    def choose(self, **settings: object) -> None:
        """Give the cloud settings beside those that it has."""
        context = self.cloud.context
        chosen = context.settings.model_copy(update=settings)
        self.cloud.context = replace(context, settings=chosen)

    async def restocked(self, *, cleared_on: str, placed_on: str | None = None) -> None:
        """Let the coop's flock have gone to the last bird, and where wanted 300 have come."""
        path = f"/v1/farms/{self.farm}/houses/{self.coop}/flocks"
        (flock,) = (await self.cloud.get(path, self.owner))["items"]
        gone = {"cleared_on": cleared_on, "present_count": 0}
        answer = await self.cloud.http.patch(
            f"{path}/{flock['id']}", json=gone, headers=self.owner.headers
        )
        assert answer.status_code == 200, answer.text
        if placed_on is not None:
            await self.cloud.post(path, {"placed_on": placed_on, "placed_count": 300}, self.owner)

    async def measured(
        self, house: str, role: str, quantity: str, since: datetime, values: Sequence[float]
    ) -> None:
        """Let a device have measured something every quarter of an hour."""
        rows = [
            {
                "device_id": self.devices[house, role],
                "quantity": quantity,
                "t": to_rfc3339(since + number * EVERY),
                "value": value,
            }
            for number, value in enumerate(values)
        ]
        for at in range(0, len(rows), 1000):
            answer = await self.cloud.post(
                f"/v1/farms/{self.farm}/houses/{house}/readings",
                {"readings": rows[at : at + 1000]},
                self.owner,
                status=200,
            )
            assert answer["refused"] == []

    async def reported(
        self, house: str, role: str, levels: Sequence[tuple[datetime, float]]
    ) -> None:
        """Let a device have reported levels, each from its time on."""
        device = self.devices[house, role]
        async with self.cloud.context.database.transaction() as tx:
            await tx.session.execute(
                text(
                    "INSERT INTO device_state_log (t, device_id, actual, target, online)"
                    " VALUES (:t, :device, :level, :level, true)"
                ),
                [{"device": device, "t": t, "level": level} for t, level in levels],
            )

    async def heard(self, ago: timedelta) -> None:
        """Let the farm's hub have been heard so long ago."""
        async with self.cloud.context.database.transaction() as tx:
            hub = Hub(
                id=UUID(int=7),
                farm_id=UUID(self.farm),
                name="hub",
                password_hash="",
                desired_version=1,
                desired_at=tx.now,
                addresses=[],
                last_seen_at=tx.now - ago,
                created_at=tx.now,
            )
            await tx.session.merge(hub)

    async def weathered(self, days: int = 1, *, mean_c: float = 28.0) -> datetime:
        """Record so many days of tropical weather until now; return since when."""
        since = self.cloud.clock.now() - timedelta(days=days)
        hours = [number / 4 for number in range(96 * days)]
        # At midnight UTC it is seven in Phnom Penh: the sun is highest at five.
        height = [cos((hour - 5) / 12 * pi) for hour in hours]
        for quantity, values in (
            ("temperature", [mean_c + 5 * one for one in height]),
            ("relative_humidity", [70 - 15 * one for one in height]),
            ("global_radiation", [800 * max(one, 0.0) for one in height]),
            ("air_speed", [1.5] * len(height)),
        ):
            await self.measured(self.greenhouse, "weather_station", quantity, since, values)
        return since


async def twinned(cloud: Cloud) -> Twinned:
    """Make the farm: a coop with fans and a heater, a greenhouse with vents and a station."""
    owner, farm = await cloud.sign_up()
    staff = await cloud.staff()
    houses = {}
    for kind, floor_m2 in (("coop", 50), ("greenhouse", 200)):
        house = await cloud.post(
            f"/v1/farms/{farm}/houses",
            {"name": kind, "kind": kind, "floor_area_m2": floor_m2},
            owner,
        )
        houses[kind] = str(house["id"])
    await cloud.post(
        f"/v1/farms/{farm}/houses/{houses['coop']}/flocks",
        {"placed_on": "2026-02-10", "placed_count": 480},
        owner,
    )
    devices = {}
    for kind, role, interface, quantities, specs in (
        ("coop", "fan", "relay", [], {"power_w": 400}),
        ("coop", "heater", "relay", [], {"power_w": 8000}),
        ("coop", "climate_sensor", "sensor", _AIR, {}),
        ("greenhouse", "vent", "servo", [], {}),
        ("greenhouse", "fan", "relay", [], {"power_w": 1100}),
        ("greenhouse", "heater", "relay", [], {}),
        ("greenhouse", "climate_sensor", "sensor", _AIR, {}),
        ("greenhouse", "weather_station", "sensor", _STATION, {}),
    ):
        made = await cloud.post(
            f"/v1/farms/{farm}/devices",
            {
                "house_id": houses[kind],
                "hardware_id": f"{kind}-{role}",
                "name": role,
                "role": role,
                "interface": interface,
                "quantities": quantities,
                "specs": specs,
            },
            staff,
        )
        devices[houses[kind], role] = str(made["id"])
    return Twinned(
        cloud=cloud,
        owner=owner,
        farm=str(farm),
        coop=houses["coop"],
        greenhouse=houses["greenhouse"],
        devices=devices,
    )
