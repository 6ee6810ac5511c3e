"""Alerts that only the cloud can raise, and what becomes of those of hubs."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.support.house import House
from tests.support.yard import Row
from tokkatot.cloud.alerts.watching import DATA_GAP_AFTER, watch_hubs
from tokkatot.cloud.devices.hubs import revoke_hub
from tokkatot.cloud.telemetry.listening import keep_listening
from tokkatot.domain.ids import HubId

EAR = UUID(int=1)
"""The process that listens."""
STEP = timedelta(seconds=15)


async def look(house: House, after: timedelta = timedelta(0), *, listening: bool = True) -> None:
    """Let time go by in steps in which the cloud listens and watches."""
    cloud = house.cloud
    steps = max(-(-after // STEP), 1)
    for _ in range(steps):
        cloud.clock.advance(after.total_seconds() / steps)
        async with cloud.context.database.transaction() as tx:
            if listening:
                await keep_listening(tx.session, EAR, now=tx.now)
            await watch_hubs(tx)


async def look_and_hear(house: House, after: timedelta) -> None:
    """The same, with a hub that is there and sends no readings."""
    for _ in range(after // STEP):
        await house.live()
        await look(house, STEP)


async def standing(house: House) -> list[str]:
    page = await house.cloud.get(f"{house.farm_url}/alerts", house.owner)
    return [alert["type"] for alert in page["items"] if alert["cleared_at"] is None]


async def told(house: House) -> list[str]:
    """Return the types of which the owner was told."""
    page = await house.cloud.get("/v1/users/me/messages", house.owner)
    return [message["type"] for message in page["items"]]


async def worst_of_farm(house: House) -> str | None:
    (farm,) = (await house.cloud.get("/v1/farms", house.owner))["items"]
    worst: str | None = farm["worst_alert"]
    return worst


def raised(seq: int, house: House, alert: str, t_ms: int, kind: str = "water_low") -> Row:
    tail = [str(house.yard.house_id), None, 20.0, 12.0]
    return [seq, "a", alert, t_ms, kind, "raised", *tail]


async def test_a_silent_hub_is_an_alert_once_until_it_speaks(house: House) -> None:
    await look(house, timedelta(minutes=4))
    assert await standing(house) == []
    await look(house, timedelta(minutes=2))
    await look(house, timedelta(minutes=1))
    assert await standing(house) == ["hub_offline"]
    await house.live()
    await look(house)
    assert await standing(house) == []


async def test_a_hub_that_lives_and_sends_no_readings_is_a_gap_in_the_data(house: House) -> None:
    await look_and_hear(house, DATA_GAP_AFTER)
    assert await standing(house) == []
    await look_and_hear(house, STEP * 3)
    assert await standing(house) == ["data_gap"]
    await house.minutes([20.0])
    await look(house)
    assert await standing(house) == []


async def test_a_line_that_breaks_again_and_again_hides_no_gap(house: House) -> None:
    for n in range(8):
        await look_and_hear(house, timedelta(minutes=2))
        await house.reconnect(f"boot-{n}")
    assert await standing(house) == ["data_gap"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE devices SET period_s = 3600 WHERE quantities <> '[]'",
        "UPDATE devices SET quantities = '[]'",
        "UPDATE devices SET deleted_at = now()",
        "UPDATE houses SET deleted_at = now()",
    ],
)
async def test_who_has_nothing_to_send_leaves_no_gap(house: House, change: str) -> None:
    async with house.cloud.context.database.transaction() as tx:
        await tx.session.execute(text(change))
    await look_and_hear(house, DATA_GAP_AFTER * 2)
    assert await standing(house) == []


async def test_a_cloud_that_did_not_listen_calls_nobody_silent(house: House) -> None:
    await look(house)
    await look(house, timedelta(minutes=30), listening=False)
    # It is back, and hubs are given a minute to come back too.
    await look(house, timedelta(seconds=45))
    assert await standing(house) == []
    await house.live()
    await house.minutes([20.0])
    await look(house, timedelta(minutes=1))
    assert await standing(house) == []


async def test_a_hub_that_went_while_the_cloud_was_away_is_missed_after_a_minute(
    house: House,
) -> None:
    await look(house, timedelta(minutes=30), listening=False)
    await look(house, timedelta(seconds=75))
    assert await standing(house) == ["hub_offline"]


async def test_many_processes_that_look_at_once_raise_and_clear_once(house: House) -> None:
    await look(house, timedelta(minutes=4, seconds=55))
    house.cloud.clock.advance(10)

    async def watch() -> None:
        async with house.cloud.context.database.transaction() as tx:
            await watch_hubs(tx)

    for _ in range(2):
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(watch())
        await house.live()
    events = await house.cloud.get(f"{house.farm_url}/events?type=alert.", house.owner)
    assert [event["type"] for event in events["items"]] == ["alert.cleared", "alert.raised"]


async def test_the_alerts_of_a_hub_that_was_revoked_are_over(house: House) -> None:
    alert = "0190b5a0-0000-7000-8000-0000000000a1"
    await house.send("events", [raised(1, house, alert, house.now_ms)])
    await look(house, timedelta(minutes=6))
    assert sorted(await standing(house)) == ["hub_offline", "water_low"]
    async with house.cloud.context.database.transaction() as tx:
        await revoke_hub(tx, HubId(house.yard.hub_id), by=None)
    await look(house)
    assert await standing(house) == []


async def delete(house: House) -> None:
    answer = await house.cloud.http.delete(house.url, headers=house.owner.headers)
    assert answer.status_code == 204


async def test_of_the_hub_of_a_deleted_house_nobody_is_told_until_the_house_is_back(
    house: House,
) -> None:
    await delete(house)
    await look(house, timedelta(minutes=6))
    await house.send("events", [house.alert_row(1, "raised")])
    await look(house)
    assert (await standing(house), await told(house)) == ([], [])
    staff = await house.cloud.staff()
    path = f"/v1/staff/houses/{house.yard.house_id}/restore"
    await house.cloud.post(path, {}, staff, status=200)
    await look(house, timedelta(minutes=6))
    assert (await standing(house), await told(house)) == (["hub_offline"], ["hub_offline"])


async def test_the_alerts_of_a_deleted_house_are_over(house: House) -> None:
    await house.send("events", [house.alert_row(1, "raised")])
    await look(house, timedelta(minutes=6))
    assert sorted(await standing(house)) == ["hub_offline", "water_low"]
    await delete(house)
    assert await worst_of_farm(house) is None
    await look(house)
    assert await standing(house) == []


@pytest.mark.parametrize("t_ms", [0, 4_102_444_800_000, -1])
async def test_a_hub_with_a_wrong_clock_still_says_what_is_wrong(house: House, t_ms: int) -> None:
    alert = "0190b5a0-0000-7000-8000-0000000000a1"
    await house.send("events", [raised(1, house, alert, t_ms)])
    page = await house.cloud.get(f"{house.farm_url}/alerts", house.owner)
    assert [found["raised_at"] for found in page["items"]] == ["2026-03-01T06:00:00Z"]


async def test_an_alert_of_a_kind_or_house_that_is_none_is_put_aside(house: House) -> None:
    alert = "0190b5a0-0000-7000-8000-0000000000a1"
    strange = raised(2, house, alert, house.now_ms)
    strange[6] = "0190b5a0-0000-7000-8000-0000000000ff"
    await house.send(
        "events",
        [raised(1, house, alert, house.now_ms, "mood_low"), strange],
    )
    assert await standing(house) == []
    async with house.cloud.context.database.transaction() as tx:
        rows = await tx.session.scalars(text("SELECT reason FROM quarantined_rows ORDER BY seq"))
        assert rows.all() == ["bad_alert", "unknown_house_or_device"]
