"""The schedules on the hub's page: what they will do, what they did, and run now."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support.engine import HOUSE, IDS
from tests.support.schedules import daily, schedule
from tests.unit.hub.conftest import Hub
from tests.unit.hub.web.conftest import (
    FARM_PATH,
    MANAGER,
    OWNER,
    VIEWER,
    Page,
    peopled,
    served,
)
from tokkatot.cloud.schedules.views import ExecutionView, ScheduleView, UpcomingRunsView
from tokkatot.domain.devices import ON, DeviceRole
from tokkatot.domain.houses import HouseMode
from tokkatot.domain.schedules import CronTimes, TimeBased
from tokkatot.hub.web.schedules import MAX_HOURS, MAX_RUNS
from tokkatot.wire.messages import EventRow, ScheduleRunRow

FEEDER, LIGHT = IDS[DeviceRole.FEEDER], IDS[DeviceRole.LIGHT]
SCHEDULES = f"{FARM_PATH}/schedules"
# The test's clock begins at 07:00 in Phnom Penh.
BREAKFAST = schedule(TimeBased(start=daily("07:05"), duration_s=30, devices=(FEEDER,)))
GROWING = schedule(
    TimeBased(start=daily("06:00"), duration_s=30, devices=(LIGHT,)), 2, modes=(HouseMode.GROWTH,)
)
PATH = f"{SCHEDULES}/{BREAKFAST.id}"


@pytest.fixture
async def page(hub: Hub, tmp_path: Path) -> AsyncIterator[Page]:
    document = replace(peopled(OWNER, MANAGER, VIEWER), schedules=(BREAKFAST, GROWING))
    await hub.configure(document)
    async with served(hub, tmp_path) as page:
        hub.sense()
        await hub.turn()
        yield page


async def get(page: Page, path: str) -> Any:
    async with await page.person(OWNER) as web:
        return (await web.get(path)).json()


async def test_a_schedule_is_shown_as_in_the_cloud(page: Page) -> None:
    breakfast, growing = (await get(page, SCHEDULES))["items"]
    assert breakfast.keys() == ScheduleView.model_fields.keys()
    # When it was changed only the cloud knows.
    ScheduleView.model_validate({**breakfast, "updated_at": "2026-01-01T00:00:00Z"})
    assert breakfast["next_run"] == "2026-06-01T00:05:00.000Z"
    assert breakfast["devices"] == [{"id": str(FEEDER), "name": "feeder", "role": "feeder"}]
    assert breakfast["does"]["start"]["times"] == ["07:05:00"]
    assert growing["next_run"] is None, "its mode is not on"
    assert await get(page, PATH) == breakfast


async def test_those_of_a_house_or_a_device_can_be_asked_for(page: Page) -> None:
    assert len((await get(page, f"{SCHEDULES}?house_id={HOUSE}"))["items"]) == 2
    assert (await get(page, f"{SCHEDULES}?house_id={uuid4()}"))["items"] == []
    (found,) = (await get(page, f"{SCHEDULES}?device_id={LIGHT}"))["items"]
    assert found["id"] == str(GROWING.id)


async def test_what_comes_next_is_told_as_in_the_cloud(page: Page) -> None:
    runs = await get(page, f"{PATH}/upcoming?count=2")
    UpcomingRunsView.model_validate(runs)
    assert [(run["at"], run["until"]) for run in runs["items"]] == [
        ("2026-06-01T00:05:00.000Z", "2026-06-01T00:05:30.000Z"),
        ("2026-06-02T00:05:00.000Z", "2026-06-02T00:05:30.000Z"),
    ]
    soon = f"{SCHEDULES}/upcoming?house_id={HOUSE}&hours="
    assert (await get(page, soon + "24"))["items"] == runs["items"][:1]
    assert (await get(page, soon + "25"))["items"] == runs["items"]
    assert (await get(page, f"{SCHEDULES}/upcoming?house_id={uuid4()}"))["items"] == []
    assert (await get(page, f"{SCHEDULES}/{GROWING.id}/upcoming"))["items"] == []


async def test_what_the_mode_of_its_house_lets_rest_does_not_come(page: Page) -> None:
    held = replace(peopled(OWNER, MANAGER, VIEWER), schedules=(BREAKFAST, GROWING))
    empty = replace(held, houses=(replace(held.houses[0], mode=HouseMode.EMPTY),))
    await page.hub.configure(empty)
    assert (await get(page, f"{PATH}/upcoming"))["items"] == []
    assert (await get(page, f"{SCHEDULES}/upcoming"))["items"] == []
    assert (await get(page, PATH))["next_run"] is None


async def test_of_many_runs_the_next_are_listed_up_to_the_limit(page: Page) -> None:
    minutely = [
        schedule(
            TimeBased(start=CronTimes(expression="* * * * *"), duration_s=5, devices=(LIGHT,)), n
        )
        for n in range(1, 9)
    ]
    held = replace(peopled(OWNER, MANAGER, VIEWER), schedules=tuple(minutely))
    await page.hub.configure(held)
    runs = (await get(page, f"{SCHEDULES}/upcoming?hours={MAX_HOURS}"))["items"]
    assert len(runs) == MAX_RUNS
    assert [run["schedule_id"] for run in runs[:8]] == [str(one.id) for one in minutely]
    assert [run["at"] for run in runs] == sorted(run["at"] for run in runs)
    hour = (await get(page, f"{SCHEDULES}/upcoming?hours=1"))["items"]
    assert len(hour) == MAX_RUNS, "eight times sixty are more than that"
    own = await get(page, f"{SCHEDULES}/{minutely[0].id}/upcoming?count={MAX_RUNS}")
    assert len(own["items"]) == MAX_RUNS


@pytest.mark.parametrize("asked", [f"hours={MAX_HOURS + 1}", "hours=-1", "hours=x"])
async def test_no_more_than_a_week_is_looked_ahead(page: Page, asked: str) -> None:
    async with await page.person(OWNER) as web:
        refused = await web.get(f"{SCHEDULES}/upcoming?{asked}")
    assert refused.status_code == 422
    assert refused.json()["code"] == "validation_failed"


async def test_its_runs_are_listed_and_outlast_a_restart(page: Page, tmp_path: Path) -> None:
    await page.hub.turn(299)
    await page.hub.turn(1)
    for _ in range(3):
        await page.hub.turn(15)
    (run,) = (await get(page, f"{PATH}/executions"))["items"]
    ExecutionView.model_validate(run)
    assert (run["due_at"], run["outcome"], run["requested_by"]) == (
        "2026-06-01T00:05:00.000Z",
        "executed",
        None,
    )
    assert (await get(page, PATH))["last_run"] == run
    page.hub.restart()
    async with served(page.hub, tmp_path) as again:
        await again.hub.configure(page.parts.document())
        assert (await get(again, f"{PATH}/executions"))["items"] == [run]


async def test_a_person_lets_it_run_now_and_sees_what_became_of_it(page: Page) -> None:
    async with await page.person(MANAGER) as web:
        asked = await web.post(f"{PATH}/execute-now")
        assert asked.status_code == 202
        ExecutionView.model_validate(asked.json())
        assert (asked.json()["outcome"], asked.json()["requested_by"]) == (
            None,
            {"id": str(MANAGER), "name": "Manager"},
        )
        await page.hub.turn(0.01)
        assert page.hub.driver.levels[FEEDER] == ON
        for _ in range(40):
            await page.hub.turn()
        (run,) = (await web.get(f"{PATH}/executions")).json()["items"]
    assert (run["id"], run["outcome"]) == (asked.json()["id"], "executed")
    events = page.hub.journal.recorded("events")
    (told,) = [r for r in events if isinstance(r, EventRow) and r.type == "schedule.asked"]
    assert told.data == {"schedule": str(BREAKFAST.id), "request": run["id"], "by": str(MANAGER)}
    assert [r.request for r in events if isinstance(r, ScheduleRunRow)] == [run["id"]]


async def test_the_same_key_is_the_same_run_over_a_restart(page: Page, tmp_path: Path) -> None:
    key = {"Idempotency-Key": "k"}
    async with await page.person(MANAGER) as web:
        first = await web.post(f"{PATH}/execute-now", headers=key)
        again = await web.post(f"{PATH}/execute-now", headers=key)
    for _ in range(40):
        await page.hub.turn()
    page.hub.restart()
    async with served(page.hub, tmp_path) as later:
        await later.hub.configure(page.parts.document())
        async with await later.person(MANAGER) as web:
            last = await web.post(f"{PATH}/execute-now", headers=key)
        await later.hub.turn()
        (run,) = (await get(later, f"{PATH}/executions"))["items"]
    assert {one.json()["id"] for one in (first, again, last)} == {run["id"]}
    assert (last.json()["outcome"], run["outcome"]) == ("executed", "executed")


async def test_open_pages_hear_of_a_run(page: Page) -> None:
    async with await page.person(OWNER) as web:
        since = (await web.get(f"{FARM_PATH}/changes?since=0")).json()["next_since"]
        asked = (await web.post(f"{PATH}/execute-now")).json()
        await page.hub.turn(0.01)
        for _ in range(40):
            await page.hub.turn()
        items = (await web.get(f"{FARM_PATH}/changes?since={since}")).json()["items"]
    told = [item["data"] for item in items if item["type"] == "schedule.executed"]
    assert [(one["id"], one["outcome"]) for one in told] == [
        (asked["id"], None),
        (asked["id"], "executed"),
    ]


async def test_a_viewer_lets_nothing_run(page: Page) -> None:
    async with await page.person(VIEWER) as web:
        assert (await web.post(f"{PATH}/execute-now")).status_code == 403


async def test_a_schedule_that_is_not_here_is_not_found_and_none_can_be_changed(
    page: Page,
) -> None:
    async with await page.person(OWNER) as web:
        assert (await web.get(f"{SCHEDULES}/{uuid4()}")).status_code == 404
        assert (await web.post(f"{SCHEDULES}/{uuid4()}/execute-now")).status_code == 404
        assert (await web.put(PATH, json={})).status_code == 405
        assert (await web.delete(PATH)).status_code == 405


async def test_a_stuck_control_is_given_nothing_for_later(page: Page) -> None:
    async with await page.person(OWNER) as web:
        page.hub.clock.advance(10)
        answer = await web.post(f"{PATH}/execute-now")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
