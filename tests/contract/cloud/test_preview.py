"""Schedules and rules tried on what a farm has recorded, in a process of their own."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.support.automated import Automated, Json, automated
from tests.support.cloud import Cloud
from tests.support.yard import Yard, batch, ms
from tokkatot.cloud.farms.houses import house_in
from tokkatot.cloud.platform.problems import Unavailable
from tokkatot.cloud.schedules.preview import AT_ONCE, Draft, Previews, only_one, task_of
from tokkatot.cloud.sync.postgres import PostgresStore
from tokkatot.cloud.sync.service import Incoming, SyncService
from tokkatot.cloud.telemetry.store import Span
from tokkatot.domain.ids import FarmId, HouseId, HubId
from tokkatot.wire.messages import Welcome, decode
from tokkatot.wire.topics import HubLeaf

# Eight in the morning in Phnom Penh, of the day on which the farm's clock stands.
MORNING = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
HOT = range(60, 120)
"""The minutes of the recorded hours in which it was 29 °C; before and after it was 25."""


@pytest.fixture
async def farm(cloud: Cloud) -> Automated:
    farm = await automated(cloud)
    await record(farm)
    # As slow as the machine may be; how long is too long is tested apart.
    cloud.app.state.previews = Previews(timeout_s=200)
    return farm


async def record(farm: Automated) -> None:
    """Record four hours of temperatures, one each half minute."""
    yard = Yard(
        farm_id=FarmId(farm.farm),
        house_id=UUID(farm.house),
        hub_id=HubId(UUID(farm.hub)),
        sensor=UUID(farm.devices["climate_sensor"]),
        pump=UUID(farm.devices["fan"]),
    )
    service = SyncService(
        PostgresStore(farm.cloud.context.database, farm.cloud.readings, clock=farm.cloud.clock),
        clock=farm.cloud.clock,
        new_session=lambda: "s",
    )
    answers = await service.hello(yard.topic(HubLeaf.HELLO), yard.hello())
    session = decode(answers[0].payload, Welcome).session
    rows = [
        yard.reading(n + 1, ms(MORNING) + n * 30_000, 29.0 if n // 2 in HOT else 25.0)
        for n in range(480)
    ]
    up = batch(session, "readings", 1, rows)
    assert await service.batches([Incoming(topic=yard.topic(HubLeaf.UP), up=up)])


def body(farm: Automated, **fields: object) -> Json:
    through = MORNING + timedelta(hours=4)
    return {
        "house_id": farm.house,
        "from": MORNING.isoformat(),
        "through": through.isoformat(),
    } | fields


async def tried(farm: Automated, *, status: int = 200, **fields: object) -> Json:
    path = f"{farm.schedules}/preview"
    return await farm.cloud.post(path, body(farm, **fields), farm.owner, status=status)


def draft(farm: Automated, *times: str, **fields: object) -> Json:
    does = farm.feeding()["does"] | {"start": {"kind": "daily", "times": list(times)}}
    return {"name": "Draft", "does": does} | fields


async def test_a_draft_tells_what_it_would_have_done_and_is_not_kept(farm: Automated) -> None:
    found = await tried(farm, schedule=draft(farm, "09:00:00", "23:00:00"))
    assert [(run["name"], run["due_at"], run["outcome"]) for run in found["runs"]] == [
        ("Draft", "2026-03-01T02:00:00Z", "executed")
    ]
    fed = [s for s in found["stretches"] if s["source"] == "schedule"]
    assert [(s["device_name"], s["from"], s["until"], s["level"]) for s in fed] == [
        ("Feeder", "2026-03-01T02:00:00Z", "2026-03-01T02:00:30Z", 100)
    ]
    assert (found["from"], found["through"]) == ("2026-03-01T01:00:00Z", "2026-03-01T05:00:00Z")
    assert found["truncated"] is False
    assert (await farm.cloud.get(farm.schedules, farm.owner))["items"] == []


async def test_a_draft_takes_the_place_of_the_schedule_that_it_names(farm: Automated) -> None:
    made = await farm.add(does=draft(farm, "08:30:00")["does"])
    instead = await tried(farm, schedule=draft(farm, "09:00:00", id=made["id"]))
    beside = await tried(farm, schedule=draft(farm, "09:00:00"))
    assert [run["name"] for run in instead["runs"]] == ["Draft"]
    assert [run["name"] for run in beside["runs"]] == ["Feed", "Draft"]


async def test_a_rule_is_tried_on_what_was_measured(farm: Automated) -> None:
    shine = {
        "kind": "threshold",
        "name": "Shine when hot",
        "when": {"quantity": "temperature", "comparison": "above", "threshold": 28},
        "devices": [farm.devices["light"]],
    }
    found = await tried(farm, rules=[shine])
    (lit,) = [s for s in found["stretches"] if s["source"] == "rule" and s["level"] == 100]
    assert lit["device_name"] == "Light"
    began = datetime.fromisoformat(lit["from"]) - MORNING
    ended = datetime.fromisoformat(lit["until"]) - MORNING
    assert abs(began - timedelta(minutes=60)) < timedelta(minutes=1)
    assert abs(ended - timedelta(minutes=120)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"schedule": {"name": "x", "does": {"kind": "magic"}}}, "body.schedule.does.kind"),
        ({"rules": [{"kind": "threshold", "name": "x"}]}, "body.rules.0.when"),
        ({"from": "2026-02-01T00:00:00Z"}, "body.from"),
        ({"from": "2026-03-01T05:00:00Z"}, "body.from"),
        ({"through": "2026-03-01T07:00:00Z"}, "body.through"),
    ],
)
async def test_what_can_not_be_tried_is_refused_with_the_field(
    farm: Automated, fields: Json, field: str
) -> None:
    refused = await tried(farm, status=422, **fields)
    assert refused["errors"][0]["field"] == field


async def test_a_week_is_looked_at_in_longer_steps(farm: Automated) -> None:
    farm.cloud.clock.advance(timedelta(days=7).total_seconds())
    span = Span(start=MORNING, end=MORNING + timedelta(days=7))
    async with farm.cloud.context.database.transaction() as tx:
        house = await house_in(tx, FarmId(farm.farm), HouseId(UUID(farm.house)))
        readings = farm.cloud.readings.within(tx)
        task = await task_of(tx, readings, house, Draft(schedule=None, rules=None), span)
    assert task.step_s == 30
    assert len(task.points) == 480
    assert all(device.period_s >= 30 for device in task.document.devices)


async def test_one_preview_of_a_farm_runs_at_a_time(farm: Automated) -> None:
    async with farm.cloud.context.database.transaction() as tx:
        await only_one(tx, FarmId(farm.farm))
        refused = await tried(farm, status=429)
    assert refused["code"] == "rate_limited"
    await tried(farm)


async def test_a_preview_that_takes_too_long_is_ended(farm: Automated) -> None:
    async with farm.cloud.context.database.transaction() as tx:
        house = await house_in(tx, FarmId(farm.farm), HouseId(UUID(farm.house)))
        span = Span(start=MORNING, end=MORNING + timedelta(hours=4))
        readings = farm.cloud.readings.within(tx)
        task = await task_of(tx, readings, house, Draft(schedule=None, rules=None), span)
    hasty = Previews(timeout_s=0.01)
    with pytest.raises(Unavailable, match="look at less time"):
        await hasty.run(task)
    assert (await Previews(timeout_s=200).run(task)).truncated is False


async def test_few_previews_run_at_a_time_whatever_the_farm(farm: Automated) -> None:
    previews = farm.cloud.app.state.previews
    async with AsyncExitStack() as others:
        for _ in range(AT_ONCE):
            await others.enter_async_context(previews.turn())
        refused = await tried(farm, status=503)
    assert refused["code"] == "unavailable"
    await tried(farm)


async def test_a_preview_that_breaks_is_our_fault_and_not_said_to_be_too_long(
    farm: Automated,
) -> None:
    farm.cloud.app.state.previews = Previews(command=("false",))
    assert (await tried(farm, status=500))["code"] == "internal"


async def test_a_stop_that_holds_now_says_nothing_of_what_was(farm: Automated) -> None:
    path = f"/v1/farms/{farm.farm}/houses/{farm.house}/stop"
    await farm.cloud.post(path, {}, farm.owner, status=200)
    found = await tried(farm, schedule=draft(farm, "09:00:00"))
    assert [run["outcome"] for run in found["runs"]] == ["executed"]
