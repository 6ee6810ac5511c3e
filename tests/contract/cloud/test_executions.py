"""Runs of schedules: what hubs say of them, and what people ask for."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from tests.support.automated import Automated, Json, automated
from tests.support.cloud import Cloud
from tests.support.running import HandHub, Owner, Running, phone
from tests.support.yard import ms
from tokkatot.automation.runs import LONGEST_ANSWER_S, LONGEST_WINDOW_S
from tokkatot.cloud.main import clean
from tokkatot.cloud.schedules import executions
from tokkatot.cloud.schedules.executions import KEPT, LIFETIME
from tokkatot.domain.ids import FarmId, HubId
from tokkatot.wire.cursor import RefusedRow
from tokkatot.wire.messages import EventRow, ScheduleRunRow


@pytest.fixture
async def farm(cloud: Cloud) -> Automated:
    farm = await automated(cloud)
    await heard(farm)
    return farm


async def heard(farm: Automated) -> None:
    async with farm.cloud.context.database.transaction() as tx:
        await tx.session.execute(text("UPDATE hubs SET last_seen_at = :now"), {"now": tx.now})


def run(farm: Automated, schedule_id: str, outcome: str, **more: object) -> ScheduleRunRow:
    now_ms = ms(farm.cloud.clock.now())
    fields = {"due": now_ms, "t": now_ms + 40, "reason": None, "request": None} | more
    return ScheduleRunRow(seq=1, kind="x", schedule=schedule_id, outcome=outcome, **fields)  # type: ignore[arg-type]  # a test names real fields


async def told(
    farm: Automated, row: ScheduleRunRow, *, join: bool = False, hub: str | None = None
) -> RefusedRow | None:
    async with farm.cloud.context.database.transaction() as tx:
        hub_id = HubId(UUID(hub or farm.hub))
        return await executions.apply_row(tx, FarmId(farm.farm), hub_id, row, join=join)


async def swept(farm: Automated) -> int:
    async with farm.cloud.context.database.transaction() as tx:
        return await executions.end_unanswered(tx)


async def runs_of(farm: Automated, schedule: Json) -> list[Json]:
    path = f"{farm.path_of(schedule)}/executions"
    found: list[Json] = (await farm.cloud.get(path, farm.owner))["items"]
    return found


async def asked(farm: Automated, schedule: Json) -> Json:
    path = f"{farm.path_of(schedule)}/execute-now"
    return await farm.cloud.post(path, {}, farm.owner, status=202)


async def asked_at_hub(farm: Automated, schedule_id: str, *, t_ms: int | None = None) -> str:
    """Tell what somebody asked for at the hub, now unless its clock says otherwise."""
    request = str(uuid4())
    said: Json = {"schedule": schedule_id, "request": request, "by": str(farm.owner.user_id)}
    said_ms = ms(farm.cloud.clock.now()) if t_ms is None else t_ms
    async with farm.cloud.context.database.transaction() as tx:
        row = EventRow(1, "e", said_ms, "schedule.asked", said)
        hub_id = HubId(UUID(farm.hub))
        assert await executions.take_request(tx, FarmId(farm.farm), hub_id, row) is None
    return request


async def sent(farm: Automated, request: Json) -> None:
    async with farm.cloud.context.database.transaction() as tx:
        await tx.session.execute(
            text("UPDATE schedule_executions SET sent_at = :now WHERE id = :id"),
            {"now": tx.now, "id": request["id"]},
        )


async def test_a_run_is_listed_and_told_to_the_screens(farm: Automated) -> None:
    made = await farm.add()
    assert await told(farm, run(farm, made["id"], "executed")) is None
    (listed,) = await runs_of(farm, made)
    assert (listed["outcome"], listed["reason"]) == ("executed", None)
    assert (listed["schedule_name"], listed["requested_by"]) == ("Feed", None)
    assert (listed["due_at"], listed["at"]) == (
        "2026-03-01T06:00:00Z",
        "2026-03-01T06:00:00.040000Z",
    )
    assert (await farm.cloud.get(farm.path_of(made), farm.owner))["last_run"] == listed
    changes = await farm.cloud.get(f"/v1/farms/{farm.farm}/changes?since=0", farm.owner)
    (frame,) = [c for c in changes["items"] if c["type"] == "schedule.executed"]
    assert (frame["data"]["id"], frame["data"]["outcome"]) == (listed["id"], "executed")


async def test_a_run_that_failed_is_a_warning_in_the_event_log(farm: Automated) -> None:
    made = await farm.add()
    await told(farm, run(farm, made["id"], "failed", reason="device_offline"))
    (event,) = await farm.events("schedule.failed")
    assert (event["severity"], event["house_id"]) == ("warning", farm.house)
    assert (event["data"]["name"], event["data"]["reason"]) == ("Feed", "device_offline")


async def test_a_run_of_a_schedule_that_nobody_knows_is_kept(farm: Automated) -> None:
    assert await told(farm, run(farm, str(uuid4()), "skipped", reason="mode")) is None
    (event,) = await farm.events("schedule.skipped")
    assert event["data"]["name"] is None


async def test_a_run_of_a_deleted_schedule_still_has_its_name(farm: Automated) -> None:
    made = await farm.add()
    await farm.delete(made)
    await told(farm, run(farm, made["id"], "executed"))
    (event,) = await farm.events("schedule.executed")
    assert event["data"]["name"] == "Feed"


@pytest.mark.parametrize("wrong", [{"schedule": "x"}, {"request": "x"}])
async def test_a_run_that_can_not_be_is_put_aside(farm: Automated, wrong: Json) -> None:
    good = run(farm, str(uuid4()), "executed")
    fields = {name: getattr(good, name) for name in good.__struct_fields__} | wrong
    assert await told(farm, ScheduleRunRow(**fields)) is not None


@pytest.mark.parametrize("t_ms", [-1, 0, 4_102_444_800_000, 2**53 - 1])
async def test_a_run_of_a_hub_without_a_clock_counts_as_heard_of_now(
    farm: Automated, t_ms: int
) -> None:
    made = await farm.add()
    assert await told(farm, run(farm, made["id"], "executed", due=t_ms, t=t_ms)) is None
    (found,) = await runs_of(farm, made)
    now_ms = ms(farm.cloud.clock.now())
    assert ms(datetime.fromisoformat(found["due_at"])) == now_ms
    assert ms(datetime.fromisoformat(found["at"])) == now_ms


async def test_of_a_restored_card_a_run_without_a_time_is_put_aside(farm: Automated) -> None:
    made = await farm.add()
    # It may be listed already, and what is listed tells no other time.
    assert await told(farm, run(farm, made["id"], "executed", due=0, t=0), join=True) is not None


async def test_a_run_told_again_after_a_hub_forgot_its_epoch_is_there_once(farm: Automated) -> None:
    made = await farm.add()
    row = run(farm, made["id"], "executed")
    await told(farm, row)
    await told(farm, row, join=True)
    later = run(farm, made["id"], "executed", due=row.due + 60_000, t=row.t + 60_000)
    await told(farm, later, join=True)
    assert len(await runs_of(farm, made)) == 2


@pytest.mark.parametrize("t_ms", [None, 0, 4_102_444_800_000])
async def test_what_is_asked_at_a_hub_is_answered_whatever_its_clock_says(
    farm: Automated, t_ms: int | None
) -> None:
    made = await farm.add()
    said_ms = ms(farm.cloud.clock.now()) if t_ms is None else t_ms
    request = await asked_at_hub(farm, made["id"], t_ms=said_ms)
    answer = run(farm, made["id"], "executed", due=said_ms, t=said_ms, request=request)
    assert await told(farm, answer) is None
    (found,) = await runs_of(farm, made)
    by = str(farm.owner.user_id)
    assert (found["outcome"], found["requested_by"]["id"]) == ("executed", by)
    assert found["due_at"].startswith("2026-")
    (event,) = await farm.events("schedule.requested")
    assert (event["house_id"], event["data"]["name"]) == (farm.house, "Feed")


async def test_what_is_asked_at_a_hub_and_never_answered_holds_up_nothing(farm: Automated) -> None:
    made = await farm.add()
    requests = [await asked_at_hub(farm, made["id"]) for _ in range(executions.MAX_WAITING)]
    farm.cloud.clock.advance(LONGEST_WINDOW_S)
    assert await swept(farm) == 0
    farm.cloud.clock.advance(LONGEST_ANSWER_S + LIFETIME.total_seconds() + 1)
    assert await swept(farm) == executions.MAX_WAITING
    ends = {(run["outcome"], run["reason"]) for run in await runs_of(farm, made)}
    assert ends == {("skipped", "no_answer")}
    await heard(farm)
    await asked(farm, made)
    assert await told(farm, run(farm, made["id"], "executed", request=requests[0])) is None
    (late,) = [run for run in await runs_of(farm, made) if run["id"] == requests[0]]
    assert (late["outcome"], late["reason"]) == ("executed", None)


@pytest.mark.parametrize("spoilt", [False, True])
async def test_what_is_asked_of_a_schedule_that_is_gone_or_unreadable_ends_too(
    farm: Automated, *, spoilt: bool
) -> None:
    made = await farm.add()
    if spoilt:
        async with farm.cloud.context.database.transaction() as tx:
            await tx.session.execute(text("UPDATE schedule_versions SET content = '{}'"))
    await asked_at_hub(farm, made["id"] if spoilt else str(uuid4()))
    farm.cloud.clock.advance(LONGEST_WINDOW_S + LONGEST_ANSWER_S + LIFETIME.total_seconds() + 1)
    assert await swept(farm) == 1


async def test_what_an_earlier_version_took_from_a_hub_ends_after_a_day(farm: Automated) -> None:
    made = await farm.add()
    await asked_at_hub(farm, made["id"])
    async with farm.cloud.context.database.transaction() as tx:
        await tx.session.execute(text("UPDATE schedule_executions SET answer_by = NULL"))
    farm.cloud.clock.advance(86_400 - 1)
    assert await swept(farm) == 0
    farm.cloud.clock.advance(2)
    assert await swept(farm) == 1


async def test_a_wish_is_there_before_its_answer(farm: Automated) -> None:
    made = await farm.add()
    request = await asked(farm, made)
    assert (request["outcome"], request["at"]) == (None, None)
    assert request["requested_by"]["name"] == "Owner of Kandal"
    assert await runs_of(farm, made) == [request]
    answer = run(farm, made["id"], "executed", request=request["id"], reason="asked")
    await told(farm, answer)
    await told(farm, run(farm, made["id"], "failed", request=request["id"]))
    (listed,) = await runs_of(farm, made)
    assert (listed["id"], listed["outcome"]) == (request["id"], "executed")
    assert listed["requested_by"] == request["requested_by"]


async def test_a_wish_that_could_not_be_sent_expires(farm: Automated) -> None:
    made = await farm.add()
    await asked(farm, made)
    farm.cloud.clock.advance(LIFETIME.total_seconds() - 1)
    assert await swept(farm) == 0
    farm.cloud.clock.advance(2)
    assert await swept(farm) == 1
    (listed,) = await runs_of(farm, made)
    assert (listed["outcome"], listed["reason"]) == ("skipped", "expired")


async def test_an_answer_that_comes_after_all_counts(farm: Automated) -> None:
    made = await farm.add()
    request = await asked(farm, made)
    await sent(farm, request)
    # A device that is offline is tried again for a while before the hub says what became of it.
    farm.cloud.clock.advance(LONGEST_WINDOW_S)
    assert await swept(farm) == 0
    farm.cloud.clock.advance(LONGEST_ANSWER_S + LIFETIME.total_seconds() + 1)
    assert await swept(farm) == 1
    (listed,) = await runs_of(farm, made)
    assert (listed["outcome"], listed["reason"]) == ("skipped", "no_answer")
    await told(farm, run(farm, made["id"], "executed", request=request["id"]))
    (listed,) = await runs_of(farm, made)
    assert (listed["outcome"], listed["reason"]) == ("executed", None)


async def test_a_hub_answers_its_own_wishes_only(farm: Automated) -> None:
    made = await farm.add()
    request = await asked(farm, made)
    async with farm.cloud.context.database.transaction() as tx:
        other = await tx.session.scalar(
            text("SELECT id FROM hubs WHERE id <> :hub"), {"hub": farm.hub}
        )
    answer = run(farm, made["id"], "executed", request=request["id"])
    refused = await told(farm, answer, hub=str(other))
    assert refused is not None
    assert (await runs_of(farm, made))[0]["outcome"] is None


async def test_nothing_is_asked_of_a_hub_that_is_silent(farm: Automated) -> None:
    made = await farm.add()
    farm.cloud.clock.advance(60)
    path = f"{farm.path_of(made)}/execute-now"
    refused = await farm.cloud.post(path, {}, farm.owner, status=409)
    assert refused["code"] == "hub_offline"
    assert await runs_of(farm, made) == []


async def test_a_curve_that_always_holds_can_not_be_started(farm: Automated) -> None:
    low, high = [{"day": 0, "value": 20}], [{"day": 0, "value": 30}]
    curve = {"kind": "temperature_curve", "minimum_c": low, "maximum_c": high}
    made = await farm.add(does=curve)
    path = f"{farm.path_of(made)}/execute-now"
    assert (await farm.cloud.post(path, {}, farm.owner, status=409))["code"] == "conflict"


async def test_few_wishes_can_wait_for_one_schedule(farm: Automated) -> None:
    made = await farm.add()
    for _ in range(executions.MAX_WAITING):
        await asked(farm, made)
    path = f"{farm.path_of(made)}/execute-now"
    refused = await farm.cloud.post(path, {}, farm.owner, status=409)
    assert refused["detail"] == "Too many runs of this schedule are asked for already."
    assert len(await runs_of(farm, made)) == executions.MAX_WAITING


async def test_runs_are_forgotten_after_their_time(farm: Automated) -> None:
    made = await farm.add()
    await told(farm, run(farm, made["id"], "executed"))
    farm.cloud.clock.advance((KEPT + timedelta(days=1)).total_seconds())
    await told(farm, run(farm, made["id"], "executed"))
    await clean(farm.cloud.context)
    async with farm.cloud.context.database.transaction() as tx:
        left = await tx.session.scalar(text("SELECT count(*) FROM schedule_executions"))
    assert left == 1


# ------------------------------------------------------------------------------- over a real broker


async def test_a_wish_reaches_the_hub_and_its_word_reaches_the_screen(
    running: Running, owner: Owner, hub: HandHub
) -> None:
    person, yard = owner
    cloud, path = running.cloud, f"/v1/farms/{yard.farm_id}/schedules"
    body = {
        "house_id": str(yard.house_id),
        "name": "Water",
        "does": {
            "kind": "duration_based",
            "run_s": 60,
            "rest_s": 3600,
            "devices": [str(yard.pump)],
        },
    }
    made = await cloud.post(path, body, person)
    async with phone(running) as screen:
        await screen.say(type="auth", token=person.token)
        await screen.say(type="subscribe", farm=str(yard.farm_id))
        await screen.hear("snapshot")
        given = await cloud.post(f"{path}/{made['id']}/execute-now", {}, person, status=202)
        await screen.hear("schedule.executed", id=given["id"], outcome=None)
        request = await hub.request()
        assert (str(request.id), str(request.schedule)) == (given["id"], made["id"])
        assert (request.session, request.by) == (hub.session, person.user_id)
        assert 0 < request.ttl_ms <= 30_000
        t_ms = request.issued + 5
        row = [1, "x", made["id"], t_ms, t_ms, "executed", "asked", given["id"]]
        await hub.report(1, [row])
        await screen.hear("schedule.executed", id=given["id"], outcome="executed")
