"""Schedules over HTTP and a real database: versions, what is refused, what hubs are to hold."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.support.automated import Automated, automated
from tests.support.cloud import Cloud
from tokkatot.cloud.schedules.api import MAX_HOURS, MAX_OF_FARM
from tokkatot.cloud.schedules.service import KEPT_VERSIONS, MAX_SCHEDULES
from tokkatot.cloud.schedules.upcoming import MAX_RUNS
from tokkatot.domain.schedules import TimeBased

ROOT = Path(__file__).parents[3]
Does = dict[str, Any]


@pytest.fixture
async def farm(cloud: Cloud) -> Automated:
    return await automated(cloud)


async def test_a_schedule_comes_back_as_it_was_written(farm: Automated) -> None:
    made = await farm.add(priority=5, valid_from="2026-03-01", missed="once", modes=["growth"])
    assert made["does"]["start"] == {
        "kind": "daily",
        "times": ["06:00:00"],
        "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    }
    assert (made["version"], made["enabled"], made["priority"]) == (1, True, 5)
    assert (made["valid_from"], made["missed"], made["modes"]) == ("2026-03-01", "once", ["growth"])
    assert made["devices"] == [{"id": farm.devices["feeder"], "name": "Feeder", "role": "feeder"}]
    assert made["updated_by"] == {"id": str(farm.owner.user_id), "name": "Owner of Kandal"}
    assert await farm.cloud.get(farm.path_of(made), farm.owner) == made
    assert (await farm.cloud.get(farm.schedules, farm.owner))["items"] == [made]


async def test_the_hub_of_the_house_is_to_hold_it(farm: Automated) -> None:
    before = await farm.desired()
    made = await farm.add()
    after = await farm.desired()
    assert after.version == before.version + 1
    (held,) = after.schedules
    assert (str(held.id), held.version, held.name) == (made["id"], 1, "Feed")
    assert isinstance(held.does, TimeBased)
    assert [str(device) for device in held.does.devices] == [farm.devices["feeder"]]


async def test_it_counts_as_held_once_its_hub_has_taken_a_document_with_it(farm: Automated) -> None:
    first = await farm.add()
    assert first["held"] is False
    with_first = (await farm.desired()).version
    second = await farm.add(name="Again")
    await farm.hub_holds(with_first)
    assert (await farm.cloud.get(farm.path_of(first), farm.owner))["held"] is True
    assert (await farm.cloud.get(farm.path_of(second), farm.owner))["held"] is False
    changed = await farm.edit(first, name="Feed well")
    assert changed["held"] is False
    await farm.hub_holds((await farm.desired()).version)
    assert (await farm.cloud.get(farm.path_of(first), farm.owner))["held"] is True
    again = await farm.edit(changed, name="Feed better")
    assert again["held"] is False


async def test_each_change_is_a_version_that_stays(farm: Automated) -> None:
    made = await farm.add()
    changed = await farm.edit(made, name="Feed well")
    off = await farm.put(f"{farm.path_of(made)}/enabled", {"enabled": False})
    back = await farm.cloud.post(
        f"{farm.path_of(made)}/rollback", {"version": 1}, farm.owner, status=200
    )
    assert [changed["version"], off["version"], back["version"]] == [2, 3, 4]
    assert (back["name"], back["enabled"]) == ("Feed", True)
    versions = (await farm.cloud.get(f"{farm.path_of(made)}/versions", farm.owner))["items"]
    assert [(v["version"], v["what"], v["schedule"]["name"]) for v in versions] == [
        (4, "rolled_back", "Feed"),
        (3, "disabled", "Feed well"),
        (2, "changed", "Feed well"),
        (1, "created", "Feed"),
    ]
    assert {v["by"]["name"] for v in versions} == {"Owner of Kandal"}
    assert [event["type"] for event in await farm.events("schedule.")] == [
        "schedule.rolled_back",
        "schedule.disabled",
        "schedule.changed",
        "schedule.created",
    ]


async def test_the_newest_hundred_versions_are_kept(farm: Automated) -> None:
    made = await farm.add()
    async with farm.cloud.context.database.transaction() as tx:
        await tx.session.execute(
            text(
                "INSERT INTO schedule_versions SELECT schedule_id, number, what, content, made_at,"
                " made_by FROM schedule_versions, generate_series(2, :kept) AS number"
            ),
            {"kept": KEPT_VERSIONS},
        )
        await tx.session.execute(text("UPDATE schedules SET version = :v"), {"v": KEPT_VERSIONS})
    await farm.edit(made | {"version": KEPT_VERSIONS}, name="Feed well")
    listed = f"{farm.path_of(made)}/versions?limit={2 * KEPT_VERSIONS}"
    versions = [one["version"] for one in (await farm.cloud.get(listed, farm.owner))["items"]]
    assert versions == list(range(KEPT_VERSIONS + 1, 1, -1))
    path = f"{farm.path_of(made)}/rollback"
    await farm.cloud.post(path, {"version": 1}, farm.owner, status=404)
    back = await farm.cloud.post(path, {"version": 2}, farm.owner, status=200)
    assert (back["version"], back["name"]) == (KEPT_VERSIONS + 2, "Feed")


async def test_what_changes_nothing_makes_no_version(farm: Automated) -> None:
    made = await farm.add()
    document = await farm.desired()
    assert (await farm.edit(made))["version"] == 1
    assert (await farm.put(f"{farm.path_of(made)}/enabled", {"enabled": True}))["version"] == 1
    assert (await farm.desired()).version == document.version


async def test_who_edits_an_older_version_is_told(farm: Automated) -> None:
    made = await farm.add()
    await farm.edit(made, name="Mine")
    refused = await farm.edit(made, name="Theirs", status=409)
    assert (refused["code"], "Version 2" in refused["detail"]) == ("conflict", True)
    assert (await farm.cloud.get(farm.path_of(made), farm.owner))["name"] == "Mine"


async def test_who_has_not_heard_that_their_edit_was_kept_may_send_it_again(
    farm: Automated,
) -> None:
    made = await farm.add()
    written = await farm.edit(made, name="Mine")
    assert await farm.edit(made, name="Mine") == written
    versions = (await farm.cloud.get(f"{farm.path_of(made)}/versions", farm.owner))["items"]
    assert [version["version"] for version in versions] == [2, 1]


async def test_a_deleted_schedule_is_gone_from_the_list_and_the_document(farm: Automated) -> None:
    made = await farm.add()
    assert (await farm.delete(made)).status_code == 204
    assert (await farm.cloud.get(farm.schedules, farm.owner))["items"] == []
    await farm.cloud.get(farm.path_of(made), farm.owner, status=404)
    assert (await farm.desired()).schedules == ()
    assert (await farm.delete(made)).status_code == 404


async def test_staff_bring_a_deleted_schedule_back_within_thirty_days(farm: Automated) -> None:
    made = await farm.add()
    other = await farm.add(name="Other")
    path = f"/v1/staff/schedules/{made['id']}/restore"
    await farm.cloud.post(path, {}, farm.staff, status=404)
    await farm.delete(made)
    back = await farm.cloud.post(path, {}, farm.staff, status=200)
    assert (back["name"], back["version"], back["updated_by"]["name"]) == ("Feed", 3, "Staff")
    assert len((await farm.desired()).schedules) == 2
    await farm.delete(other)
    farm.cloud.clock.advance(timedelta(days=31).total_seconds())
    late = f"/v1/staff/schedules/{other['id']}/restore"
    staff = await farm.cloud.log_in(farm.staff.login)
    await farm.cloud.post(late, {}, staff, status=404)


async def test_a_list_names_one_house_or_one_device(farm: Automated) -> None:
    feed = await farm.add()
    steps = {
        "kind": "sequence",
        "start": {"kind": "daily", "times": ["07:00:00"]},
        "steps": [{"device_id": farm.devices["light"], "run_s": 60}],
    }
    shine = await farm.add(name="Shine", does=steps)
    path = farm.schedules

    async def listed(query: str) -> list[str]:
        page = await farm.cloud.get(f"{path}?{query}", farm.owner)
        return [item["id"] for item in page["items"]]

    assert await listed(f"device_id={farm.devices['feeder']}") == [feed["id"]]
    assert await listed(f"device_id={farm.devices['light']}") == [shine["id"]]
    assert await listed(f"house_id={farm.house}") == [feed["id"], shine["id"]]
    assert await listed(f"house_id={farm.greenhouse}") == []
    first = await farm.cloud.get(f"{path}?limit=1", farm.owner)
    assert [item["id"] for item in first["items"]] == [feed["id"]]
    assert await listed(f"limit=1&cursor={first['next_cursor']}") == [shine["id"]]


def broken(**changes: object) -> Does:
    does: Does = {
        "kind": "time_based",
        "start": {"kind": "daily", "times": ["06:00:00"]},
        "duration_s": 30,
        "devices": ["feeder"],
    }
    return {name: value for name, value in (does | changes).items() if value is not ...}


def stepped(*steps: Does) -> Does:
    start = {"kind": "daily", "times": ["06:00:00"]}
    return {"kind": "sequence", "start": start, "steps": list(steps)}


STEP = {"device_id": "feeder", "run_s": 5}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"priority": 200}, "less_than_equal"),
        ({"priority": "high"}, "int_parsing"),
        ({"name": ""}, "string_too_short"),
        ({"name": "x" * 101}, "string_too_long"),
        ({"missed": "twice"}, "enum"),
        ({"name": ...}, "missing"),
        ({"why": 1}, "extra_forbidden"),
        (None, "not_json"),
    ],
)
async def test_what_is_refused_beside_what_it_does_has_the_code_that_the_reference_names(
    farm: Automated, changes: dict[str, Any] | None, code: str
) -> None:
    body = {"name": "Feeding", "house_id": str(farm.house), "does": {}} | (changes or {})
    written = {name: value for name, value in body.items() if value is not ...}
    answer = await farm.cloud.http.post(
        farm.schedules,
        content=b"{x" if changes is None else json.dumps(written),
        headers={**farm.owner.headers, "Content-Type": "application/json"},
    )
    assert [found["code"] for found in answer.json()["errors"]] == [code]
    table = (ROOT / "docs/reference/automation.md").read_text().split("| code of a field |")[1]
    assert f"`{code}`" in table.split("\n\n")[0]


REFUSED = {
    "an unknown kind": (broken(kind="magic"), "body.does.kind", "invalid"),
    "no devices": (broken(devices=...), "body.does.devices", "missing"),
    "a word for a number": (broken(duration_s="x"), "body.does.duration_s", "invalid"),
    "no time at all": (broken(duration_s=0), "body.does.duration_s", "invalid"),
    "not a number": (broken(duration_s=float("nan")), "body", "not_json"),
    "neither an end nor a length": (broken(duration_s=...), "body.does", "invalid"),
    "a field that nobody reads": (broken(durration=3), "body.does.durration", "extra_forbidden"),
    "a level above all": (broken(level=101), "body.does.level", "invalid"),
    "a bad cron expression": (
        broken(start={"kind": "cron", "expression": "61 * * * *"}),
        "body.does.start",
        "invalid",
    ),
    "half a letter": (
        broken(start={"kind": "cron", "expression": "\ud800 * * * *"}),
        "body",
        "not_json",
    ),
    "the second step": (stepped(STEP, STEP | {"run_s": 0}), "body.does.steps.1.run_s", "invalid"),
    "a stray word in a step": (
        stepped(STEP, STEP | {"until": 3}),
        "body.does.steps.1.until",
        "extra_forbidden",
    ),
    "a sensor as an actuator": (
        broken(devices=["feeder", "climate_sensor"]),
        "body.does.devices.1",
        "not_an_actuator",
    ),
    "a device of nobody": (
        stepped(STEP | {"device_id": str(UUID(int=5))}),
        "body.does.steps.0.device_id",
        "unknown_device",
    ),
    "the sun of a farm that is nowhere": (
        broken(start={"kind": "sun", "event": "sunset"}),
        "body.does.start",
        "no_place",
    ),
    "a quantity that its sensor does not measure": (
        {
            "kind": "condition_based",
            "devices": ["fan"],
            "conditions": [
                {
                    "quantity": "co2",
                    "comparison": "above",
                    "threshold": 2000,
                    "device_id": "climate_sensor",
                }
            ],
        },
        "body.does.conditions.0.quantity",
        "not_measured",
    ),
}


def with_ids(value: Any, ids: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: with_ids(item, ids) for name, item in value.items()}
    if isinstance(value, list):
        return [with_ids(item, ids) for item in value]
    return ids.get(value, value) if isinstance(value, str) else value


@pytest.mark.parametrize("what", REFUSED)
async def test_what_a_house_can_not_carry_out_is_refused_with_the_field(
    farm: Automated, what: str
) -> None:
    does, field, code = REFUSED[what]
    body = farm.feeding(does=with_ids(does, farm.devices))
    # httpx itself refuses to write a number that is none.
    answer = await farm.cloud.http.post(
        farm.schedules,
        content=json.dumps(body),
        headers=farm.owner.headers | {"Content-Type": "application/json"},
    )
    assert answer.status_code == 422, answer.text
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]


async def test_a_house_takes_the_modes_of_its_kind_and_no_other(farm: Automated) -> None:
    refused = await farm.add(modes=["growth", "flowering"], status=422)
    assert refused["errors"][0]["field"] == "body.modes.1"


async def test_a_greenhouse_has_no_flock_to_go_by(farm: Automated) -> None:
    curve = {
        "kind": "temperature_curve",
        "minimum_c": [{"day": 0, "value": 20}],
        "maximum_c": [{"day": 0, "value": 30}],
    }
    refused = await farm.add(house_id=farm.greenhouse, does=curve, status=422)
    assert refused["errors"][0]["code"] == "not_for_this_house"
    assert (await farm.add(does=curve))["devices"] == []


async def test_a_device_of_another_house_is_not_moved(farm: Automated) -> None:
    refused = await farm.add(house_id=farm.greenhouse, status=422)
    assert refused["errors"][0]["code"] == "unknown_device"


async def test_a_house_of_another_farm_is_not_there(cloud: Cloud, farm: Automated) -> None:
    stranger, own = await cloud.sign_up("Elsewhere")
    body = farm.feeding()
    schedules = f"/v1/farms/{own}/schedules"
    tried = {"house_id": farm.house}
    listed = f"{schedules}/upcoming?house_id={farm.house}"
    refused = (
        await cloud.post(schedules, body, stranger, status=404),
        await cloud.post(f"{schedules}/preview", tried, stranger, status=404),
        await cloud.get(listed, stranger, status=404),
    )
    assert [answer["code"] for answer in refused] == ["not_found"] * 3


async def test_the_sun_is_known_once_the_farm_says_where_it_is(farm: Automated) -> None:
    await farm.locate()
    sunset = broken(start={"kind": "sun", "event": "sunset", "offset_s": -600})
    made = await farm.add(does=with_ids(sunset, farm.devices))
    # The farm's clock stands at noon in Phnom Penh; the sun goes down ten past six.
    assert "T10:" in made["next_run"] or "T11:" in made["next_run"]


async def test_a_house_has_a_hundred_schedules_at_most(farm: Automated) -> None:
    for _ in range(MAX_SCHEDULES):
        await farm.add()
    refused = await farm.add(status=409)
    assert refused["code"] == "conflict"


async def test_a_document_that_no_hub_could_read_is_refused(farm: Automated) -> None:
    step = STEP | {"device_id": farm.devices["feeder"], "rest_s": 12.123456789}
    does = stepped(*([step] * 50))
    refused = None
    before = await farm.desired()
    for number in range(MAX_SCHEDULES):
        answer = await farm.cloud.http.post(
            farm.schedules, json=farm.feeding(does=does), headers=farm.owner.headers
        )
        if answer.status_code != 201:
            refused = (number, answer.json()["code"])
            break
    assert refused is not None
    after = await farm.desired()
    assert len(after.schedules) == refused[0]
    assert after.version == before.version + refused[0]
    # A document that grew too long all the same, by what was here before, can be made shorter.
    async with farm.cloud.context.database.transaction() as tx:
        await tx.session.execute(
            text("UPDATE devices SET address = jsonb_build_object('note', repeat('x', 400000))")
        )
    (first, *_) = (await farm.cloud.get(farm.schedules, farm.owner))["items"]
    await farm.put(f"{farm.path_of(first)}/enabled", {"enabled": False})
    assert (await farm.delete(first)).status_code == 204


async def test_a_repeat_under_the_same_key_makes_one_schedule(farm: Automated) -> None:
    key = {"Idempotency-Key": "save-1"}
    first = await farm.cloud.post(farm.schedules, farm.feeding(), farm.owner, headers=key)
    again = await farm.cloud.post(farm.schedules, farm.feeding(), farm.owner, headers=key)
    assert first == again
    assert len((await farm.cloud.get(farm.schedules, farm.owner))["items"]) == 1


async def test_what_comes_next_is_told_by_the_farm_s_clock(farm: Automated) -> None:
    made = await farm.add()
    lit = {
        "kind": "time_based",
        "start": {"kind": "daily", "times": ["05:00:00"]},
        "end": {"kind": "daily", "times": ["20:00:00"]},
        "devices": [farm.devices["light"]],
    }
    light = await farm.add(name="Light", does=lit)
    path = f"{farm.path_of(made)}/upcoming?count=2"
    own = (await farm.cloud.get(path, farm.owner))["items"]
    assert [item["at"] for item in own] == ["2026-03-01T23:00:00Z", "2026-03-02T23:00:00Z"]
    assert own[0]["until"] == "2026-03-01T23:00:30Z"
    every = (await farm.cloud.get(f"{farm.schedules}/upcoming?hours=24", farm.owner))["items"]
    assert [(item["name"], item["at"], item["until"]) for item in every] == [
        ("Light", "2026-03-01T22:00:00Z", "2026-03-02T13:00:00Z"),
        ("Feed", "2026-03-01T23:00:00Z", "2026-03-01T23:00:30Z"),
    ]
    assert {item["schedule_id"] for item in every} == {made["id"], light["id"]}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (f"upcoming?hours={MAX_HOURS + 1}", "query.hours"),
        ("upcoming?hours=0", "query.hours"),
        ("{schedule}/upcoming?count=101", "query.count"),
        ("{schedule}/upcoming?count=0", "query.count"),
    ],
)
async def test_what_comes_next_is_told_for_a_week_and_a_hundred_runs(
    farm: Automated, asked: str, field: str
) -> None:
    made = await farm.add()
    path = f"{farm.schedules}/{asked.format(schedule=made['id'])}"
    refused = await farm.cloud.get(path, farm.owner, status=422)
    assert [error["field"] for error in refused["errors"]] == [field]
    week = (await farm.cloud.get(f"{farm.schedules}/upcoming?hours={MAX_HOURS}", farm.owner))[
        "items"
    ]
    assert [item["at"][:10] for item in week] == [f"2026-03-0{day}" for day in range(1, 8)]


async def test_a_farm_of_very_many_schedules_is_asked_house_by_house(farm: Automated) -> None:
    made = await farm.add()
    await copy_to_the_greenhouse(farm, made["id"], MAX_OF_FARM - 1)
    every = await farm.cloud.get(f"{farm.schedules}/upcoming", farm.owner)
    assert len(every["items"]) == MAX_RUNS
    more = await farm.add()
    refused = await farm.cloud.get(f"{farm.schedules}/upcoming", farm.owner, status=422)
    assert [error["field"] for error in refused["errors"]] == ["query.house_id"]
    own = f"{farm.schedules}/upcoming?house_id={farm.house}"
    items = (await farm.cloud.get(own, farm.owner))["items"]
    assert {item["schedule_id"] for item in items} == {made["id"], more["id"]}


async def copy_to_the_greenhouse(farm: Automated, schedule_id: str, count: int) -> None:
    """Write many copies of a schedule, past what a house may have."""
    async with farm.cloud.context.database.transaction() as tx:
        await tx.session.execute(
            text(
                "WITH copies AS ("
                " INSERT INTO schedules (id, farm_id, house_id, version)"
                " SELECT gen_random_uuid(), farm_id, :house, version"
                " FROM schedules, generate_series(1, :count) WHERE schedules.id = :id"
                " RETURNING id)"
                " INSERT INTO schedule_versions (schedule_id, version, what, content, made_at)"
                " SELECT copies.id, version, what, content, made_at"
                " FROM schedule_versions, copies WHERE schedule_id = :id"
            ),
            {"id": schedule_id, "house": farm.greenhouse, "count": count},
        )


async def test_what_is_off_or_for_another_mode_comes_never(farm: Automated) -> None:
    await farm.add(enabled=False)
    await farm.add(modes=["catching"])
    items = (await farm.cloud.get(farm.schedules, farm.owner))["items"]
    assert [item["next_run"] for item in items] == [None, None]
    every = await farm.cloud.get(f"{farm.schedules}/upcoming", farm.owner)
    assert every["items"] == []
