"""Schedules through the real processes: written over HTTP, run by the hub, told by the cloud."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.support.people import HouseView, Json, eventually

AHEAD = timedelta(seconds=15)
"""Long enough for a document to reach its hub, as a rule."""


class Planner:
    """The schedules of a house, as its manager writes them."""

    def __init__(self, house: HouseView, zone: ZoneInfo) -> None:
        self.house = house
        self.zone = zone
        self.path = f"/farms/{house.farm_id}/schedules"

    async def clock(self) -> datetime:
        """Return the time by the clock of the cloud."""
        return datetime.fromisoformat((await self.house.state())["t"])

    async def soon(self) -> datetime:
        """Return a whole second that is near, by the clock of the cloud."""
        return (await self.clock() + AHEAD).astimezone(self.zone).replace(microsecond=0)

    async def add(self, name: str, device: str, at: datetime, **fields: object) -> Json:
        """Let a device run for two seconds at a time."""
        device_id = (await self.house.actuator(device))["device_id"]
        does = {
            "kind": "time_based",
            "start": {"kind": "daily", "times": [at.time().isoformat()]},
            "duration_s": 2,
            "devices": [device_id],
        }
        body = {"house_id": self.house.house_id, "name": name, "does": does} | fields
        return await self.house.person.post(self.path, body)

    async def now(self, schedule: Json) -> Json:
        """Return a schedule as it stands now."""
        return await self.house.person.get(f"{self.path}/{schedule['id']}")

    async def held(self, schedule: Json) -> None:
        """Return once the hub has taken it."""

        async def is_held() -> bool:
            return bool((await self.now(schedule))["held"])

        await eventually(f"{schedule['name']} is held", is_held)

    async def told(self, schedule: Json, *, within_s: float = 120.0) -> Json:
        """Return the newest run once its outcome is known."""

        async def known() -> Json:
            last = (await self.now(schedule))["last_run"]
            return last if last is not None and last["outcome"] is not None else None

        return await eventually(f"{schedule['name']} ran", known, within_s=within_s)

    async def delete(self, schedule: Json) -> None:
        """Delete a schedule."""
        answer = await self.house.person.http.delete(f"{self.path}/{schedule['id']}")
        assert answer.status_code == httpx.codes.NO_CONTENT, answer.text


@pytest.fixture
async def planner(coop: HouseView) -> Planner:
    farm = await coop.person.farm()
    return Planner(coop, ZoneInfo(farm["time_zone"]))


async def test_a_schedule_runs_at_its_time_and_a_deleted_one_never(planner: Planner) -> None:
    while True:
        due = await planner.soon()
        made = await planner.add("Shine", "Light", due)
        gone = await planner.add("Never", "Manure belt", due)
        await planner.delete(gone)
        await planner.held(made)
        if await planner.clock() < due:
            break
        await planner.delete(made)  # its hub got it too late, on a busy machine
    assert datetime.fromisoformat(made["next_run"]) == due
    run = await planner.told(made)
    assert (run["outcome"], run["requested_by"]) == ("executed", None)
    assert datetime.fromisoformat(run["due_at"]) == due
    events = await planner.house.person.get(
        f"/farms/{planner.house.farm_id}/events", type="schedule.executed"
    )
    ran = [event["data"]["schedule"] for event in events["items"]]
    assert made["id"] in ran
    assert gone["id"] not in ran
    await planner.delete(made)


async def test_a_schedule_runs_at_once_when_somebody_asks(planner: Planner) -> None:
    night = (await planner.soon()).replace(hour=3, minute=0, second=0)
    made = await planner.add("Ask me", "Light", night, enabled=False)
    path = f"{planner.path}/{made['id']}/execute-now"
    asked = await planner.house.person.post(path)
    assert asked["outcome"] is None
    run = await planner.told(made)
    assert (run["id"], run["outcome"]) == (asked["id"], "executed")
    assert run["requested_by"]["name"] == "Dara"
    await planner.delete(made)


async def test_an_older_version_becomes_the_newest_and_reaches_the_hub(planner: Planner) -> None:
    night = (await planner.soon()).replace(hour=3, minute=0, second=0)
    made = await planner.add("First", "Light", night)
    kept = ("name", "does", "enabled", "priority", "valid_from", "valid_until", "missed", "modes")
    body = {name: made[name] for name in kept} | {"name": "Second", "version": 1}
    path = f"{planner.path}/{made['id']}"
    assert (await planner.house.person.put(path, body))["version"] == 2
    back = await planner.house.person.post(f"{path}/rollback", {"version": 1})
    assert (back["version"], back["name"]) == (3, "First")
    await planner.held(back)
    await planner.delete(made)
