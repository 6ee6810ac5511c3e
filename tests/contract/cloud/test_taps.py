"""A tap from the phone to the hub and back, over a real broker, database and socket."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from tests.support.cloud import Person
from tests.support.running import (
    HandHub,
    Owner,
    Phone,
    Running,
    hand_hub,
    phone,
    until,
)
from tests.support.yard import Yard, batch_bytes, count
from tokkatot.cloud.commands.store import SENT_AT_ONCE
from tokkatot.cloud.telemetry.listening import listening_since
from tokkatot.kit.clock import SystemClock
from tokkatot.wire.topics import HubLeaf

T_MS = SystemClock().now_ms() - 3_600_000


def commands_of(yard: Yard) -> str:
    return f"/v1/farms/{yard.farm_id}/devices/{yard.pump}/commands"


def state_row(seq: int, yard: Yard, t_ms: int, actual: float) -> list[object]:
    return [seq, "s", str(yard.pump), t_ms, actual, actual, True, None, None]


async def look(running: Running, open_phone: Phone, person: Person, yard: Yard) -> None:
    await open_phone.say(type="auth", token=person.token)
    await open_phone.say(type="subscribe", farm=str(yard.farm_id))
    await open_phone.hear("snapshot")


async def test_a_tap_reaches_the_hub_and_its_word_reaches_the_screen(
    running: Running, owner: Owner, hub: HandHub
) -> None:
    person, yard = owner
    async with phone(running) as screen:
        await look(running, screen, person, yard)
        given = await running.cloud.post(commands_of(yard), {"action": "on"}, person, status=202)
        assert (given["state"], given["value"], given["duration_s"]) == ("queued", 100, 600)
        order = await hub.order()
        assert (str(order.id), order.action, order.session) == (given["id"], "on", hub.session)
        assert (order.by, order.end_s) == (person.user_id, 600)
        await screen.hear("command.status", id=given["id"], state="sent")
        now_ms = order.issued + 5
        rows: list[list[object]] = [
            [1, "c", given["id"], now_ms, "executing", None, str(yard.pump), None, 100.0, now_ms],
            state_row(2, yard, now_ms, 100.0),
            [3, "c", given["id"], now_ms, "completed", None, str(yard.pump)],
        ]
        await hub.report(1, rows)
        await screen.hear("command.status", id=given["id"], state="executing")
        await screen.hear("device.state", device_id=str(yard.pump), actual=100.0)
        done = await screen.hear("command.status", id=given["id"], state="completed")
        assert done["data"]["requested_by"]["name"] == "Owner of Kandal"
    seqs = [frame["seq"] for frame in screen.frames if "seq" in frame]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


async def test_the_sync_says_that_it_listens(running: Running) -> None:
    async def listens() -> bool:
        async with running.database.transaction() as tx:
            return await listening_since(tx.session, now=tx.now) is not None

    assert await until(listens)


async def test_many_orders_reach_their_hub_in_short_transactions(
    running: Running, owner: Owner, hub: HandHub
) -> None:
    person, yard = owner
    wanted = SENT_AT_ONCE + 20
    async with running.database.transaction() as tx:
        await tx.session.execute(
            text(
                "INSERT INTO commands (id, farm_id, house_id, device_id, hub_id, origin, action,"
                " value, duration_s, state, requested_by, requested_at, expires_at)"
                " SELECT gen_random_uuid(), :farm, :house, :pump, :hub, 'cloud', 'off', 0, 60,"
                " 'queued', :by, :now, :end FROM generate_series(1, :n)"
            ),
            {
                "farm": yard.farm_id,
                "house": yard.house_id,
                "pump": yard.pump,
                "hub": yard.hub_id,
                "by": person.user_id,
                "now": tx.now,
                "end": tx.now + timedelta(minutes=5),
                "n": wanted,
            },
        )
    heard = {(await hub.order()).id for _ in range(wanted)}
    assert len(heard) == wanted

    async def rounds() -> int | None:
        async with running.database.transaction() as tx:
            found = await tx.session.execute(
                text("SELECT bool_and(state = 'sent'), count(DISTINCT sent_at) FROM commands")
            )
            all_sent, instants = found.one()
        return int(instants) if all_sent else None

    assert await until(rounds) == 2


async def test_a_toggle_goes_by_what_the_device_reported(
    running: Running, owner: Owner, hub: HandHub
) -> None:
    person, yard = owner
    toggle = {"action": "toggle"}
    unknown = await running.cloud.post(commands_of(yard), toggle, person, status=409)
    assert unknown["code"] == "state_unknown"
    await hub.report(1, [state_row(1, yard, T_MS, 100.0)])
    given = await running.cloud.post(commands_of(yard), toggle, person, status=202)
    assert (given["action"], given["value"]) == ("off", 0)


async def test_nothing_is_queued_for_a_hub_that_is_silent(running: Running, owner: Owner) -> None:
    person, yard = owner
    refused = await running.cloud.post(commands_of(yard), {"action": "on"}, person, status=409)
    assert refused["code"] == "hub_offline"
    assert await count(running.database, "commands") == 0


async def test_a_viewer_switches_nothing(running: Running, owner: Owner, hub: HandHub) -> None:
    person, yard = owner
    viewer = await running.cloud.member(person, yard.farm_id, "viewer")
    await running.cloud.post(commands_of(yard), {"action": "on"}, viewer, status=403)
    assert await count(running.database, "commands") == 0


async def test_a_repeat_under_the_same_key_gives_one_order(
    running: Running, owner: Owner, hub: HandHub
) -> None:
    person, yard = owner
    key = {"Idempotency-Key": "tap-1"}
    path = commands_of(yard)
    first = await running.cloud.post(path, {"action": "on"}, person, status=202, headers=key)
    again = await running.cloud.post(path, {"action": "on"}, person, status=202, headers=key)
    other = await running.cloud.post(path, {"action": "off"}, person, status=409, headers=key)
    assert first == again
    assert other["code"] == "idempotency_mismatch"
    assert await count(running.database, "commands") == 1


async def test_an_order_given_on_the_farm_is_recorded(
    running: Running, owner: Owner, hub: HandHub
) -> None:
    person, yard = owner
    order, t_ms = "0190b5a0-0000-7000-8000-000000000c01", T_MS
    rows: list[list[object]] = [
        [1, "c", order, t_ms, "executing", None, str(yard.pump), str(person.user_id), 0.0, t_ms],
        [2, "c", order, t_ms, "completed", None, str(yard.pump)],
    ]
    await hub.report(1, rows)
    (found,) = (await running.cloud.get(commands_of(yard), person))["items"]
    assert (found["origin"], found["action"], found["state"]) == ("farm", "off", "completed")
    assert found["requested_by"]["id"] == str(person.user_id)


@pytest.mark.parametrize("action", ["auto", "reset"])
async def test_what_holds_nothing_has_neither_level_nor_end(
    running: Running, owner: Owner, hub: HandHub, action: str
) -> None:
    person, yard = owner
    given = await running.cloud.post(commands_of(yard), {"action": action}, person, status=202)
    assert (given["action"], given["value"], given["duration_s"]) == (action, None, None)
    order = await hub.order()
    assert (order.action, order.value, order.end_s) == (action, 0, 1)
    t_ms = order.issued + 5
    row = [given["id"], t_ms, "completed", None, str(yard.pump), None, 0.0, t_ms + 1000, action]
    await hub.report(1, [[1, "c", *row]])
    path = f"{commands_of(yard)}/{given['id']}"
    done = await running.cloud.get(path, person)
    assert (done["state"], done["ends_at"]) == ("completed", None)
    events = await running.cloud.get(f"/v1/farms/{yard.farm_id}/events?type=command.", person)
    assert [event["data"]["action"] for event in events["items"]] == [action] * 2


@pytest.mark.parametrize("action", ["auto", "reset"])
async def test_a_device_that_is_offline_is_handed_back_all_the_same(
    running: Running, owner: Owner, hub: HandHub, action: str
) -> None:
    person, yard = owner
    await hub.report(1, [[1, "s", str(yard.pump), T_MS, None, None, False, None, None]])
    refused = await running.cloud.post(commands_of(yard), {"action": "on"}, person, status=409)
    assert refused["code"] == "device_offline"
    await running.cloud.post(commands_of(yard), {"action": action}, person, status=202)


@pytest.mark.parametrize("body", [{"value": 50}, {"duration_s": 60}])
async def test_what_holds_nothing_is_asked_for_with_neither(
    running: Running, owner: Owner, hub: HandHub, body: dict[str, int]
) -> None:
    person, yard = owner
    wrong = await running.cloud.post(
        commands_of(yard), {"action": "auto"} | body, person, status=422
    )
    assert wrong["errors"][0]["field"] == f"body.{next(iter(body))}"


async def test_a_device_handed_back_on_the_farm_is_recorded_as_such(
    running: Running, owner: Owner, hub: HandHub
) -> None:
    person, yard = owner
    order, t_ms = "0190b5a0-0000-7000-8000-000000000c02", T_MS
    by, pump = str(person.user_id), str(yard.pump)
    await hub.report(
        1, [[1, "c", order, t_ms, "completed", None, pump, by, 0.0, t_ms + 1000, "auto"]]
    )
    (found,) = (await running.cloud.get(commands_of(yard), person))["items"]
    assert (found["origin"], found["action"], found["value"]) == ("farm", "auto", None)
    assert (found["duration_s"], found["ends_at"], found["state"]) == (None, None, "completed")


@pytest.mark.parametrize("t_ms", [0, 4_102_444_800_000])
async def test_a_hub_with_a_wrong_clock_still_tells_of_its_orders(
    running: Running, owner: Owner, hub: HandHub, t_ms: int
) -> None:
    person, yard = owner
    order = "0190b5a0-0000-7000-8000-000000000c03"
    told = ["executing", None, str(yard.pump), None, 100.0, t_ms + 60_000, "on"]
    await hub.report(1, [[1, "c", order, t_ms, *told]])
    (found,) = (await running.cloud.get(commands_of(yard), person))["items"]
    assert (found["state"], found["duration_s"]) == ("executing", 60)
    began, ends = (datetime.fromisoformat(found[name]) for name in ("started_at", "ends_at"))
    assert ends - began == timedelta(seconds=60)
    assert abs(datetime.now(UTC) - began) < timedelta(minutes=1)  # noqa: TID251 - the cloud runs by the machine's clock here


async def test_the_hub_is_sent_what_it_is_to_hold(
    running: Running, owner: Owner, hub: HandHub
) -> None:
    assert await hub.hear(HubLeaf.DESIRED)


async def test_a_phone_that_was_away_misses_nothing(
    running: Running, owner: Owner, hub: HandHub
) -> None:
    person, yard = owner
    farm = f"/v1/farms/{yard.farm_id}"
    before = await running.cloud.get(f"{farm}/houses/{yard.house_id}/state", person)
    for seq in range(1, 6):
        await hub.report(seq, [state_row(seq, yard, T_MS + seq, float(seq))])
    async with phone(running) as screen:
        await screen.say(type="auth", token=person.token)
        await screen.say(type="subscribe", farm=str(yard.farm_id), since=before["seq"])
        await screen.hear("snapshot")
    told = [f["data"]["actual"] for f in screen.frames if f["type"] == "device.state"]
    assert told == [1, 2, 3, 4, 5]
    polled = await running.cloud.get(f"{farm}/changes?since={before['seq']}", person)
    numbered = [frame for frame in screen.frames if "seq" in frame]
    assert polled["items"] == numbered
    assert polled["snapshot"]["houses"][str(yard.house_id)]["actuators"][0]["actual"] == 5


async def test_a_number_that_was_never_given_asks_for_a_fresh_look(
    running: Running, owner: Owner
) -> None:
    person, yard = owner
    async with phone(running) as screen:
        await screen.say(type="auth", token=person.token)
        await screen.say(type="subscribe", farm=str(yard.farm_id), since=10_000)

        assert await screen.hear("reload")


async def test_readings_appear_as_the_hub_says_them(
    running: Running, owner: Owner, hub: HandHub
) -> None:
    person, yard = owner
    async with phone(running) as screen:
        await look(running, screen, person, yard)
        value = [str(yard.sensor), "temperature", T_MS, 31.5, 0]
        await hub.live(T_MS + 100, [value], [])
        frame = await screen.hear("readings", house_id=str(yard.house_id))
        assert frame["data"]["values"] == [value]
        cards = await running.cloud.get(f"/v1/farms/{yard.farm_id}/houses", person)
        assert cards["items"][0]["temperature"]["value"] == 31.5


async def test_a_socket_without_a_good_token_is_closed(running: Running, owner: Owner) -> None:
    async with phone(running) as stranger:
        await stranger.say(type="auth", token="nonsense")
        assert await stranger.closed() == 4401


async def test_a_stranger_hears_nothing_of_another_farm(running: Running, owner: Owner) -> None:
    stranger, _ = await running.cloud.sign_up("Elsewhere")
    async with phone(running) as screen:
        await screen.say(type="auth", token=stranger.token)
        await screen.say(type="subscribe", farm=str(owner[1].farm_id))
        assert await screen.closed() == 4404


async def test_a_session_that_ends_closes_its_socket(running: Running, owner: Owner) -> None:
    person, yard = owner
    async with phone(running) as screen:
        await look(running, screen, person, yard)
        await running.cloud.post("/v1/auth/logout", {}, person, status=204)
        assert await screen.closed() == 4401


async def test_a_member_who_is_removed_hears_no_more(running: Running, owner: Owner) -> None:
    person, yard = owner
    viewer = await running.cloud.member(person, yard.farm_id, "viewer")
    async with phone(running) as screen:
        await look(running, screen, viewer, yard)
        gone = await running.cloud.http.delete(
            f"/v1/farms/{yard.farm_id}/members/{viewer.user_id}", headers=person.headers
        )
        assert gone.status_code == 204
        assert await screen.closed() == 4404


@pytest.mark.parametrize(
    "said", ["", "[]", "{", '{"type":"subscribe"}', "x" * 5000, '{"type":"auth","token":1}']
)
async def test_garbage_on_a_socket_closes_it_and_nothing_else(
    running: Running, owner: Owner, said: str
) -> None:
    async with phone(running) as screen:
        await screen._connection.send(said)
        assert await screen.closed() in {4400, 4401}


@pytest.mark.parametrize("since", [2**63, 2**64, 10**30])
async def test_a_number_that_no_change_can_have_ends_its_own_socket_alone(
    running: Running, owner: Owner, since: int
) -> None:
    person, yard = owner
    async with phone(running) as screen:
        await screen.say(type="auth", token=person.token)
        await screen.say(type="subscribe", farm=str(yard.farm_id), since=since)
        assert await screen.closed() == 4400


async def test_garbage_on_every_topic_is_a_counted_drop(
    running: Running, owner: Owner, hub: HandHub
) -> None:
    _, yard = owner
    garbage = [b"", b"\x00\xff", b"{", b"[]", b'{"v":2}', b"[" * 10_000, b"9" * 600_000]
    heard = {HubLeaf.HELLO, HubLeaf.UP, HubLeaf.LIVE, HubLeaf.ORIGINAL}
    for leaf in HubLeaf:
        if leaf not in {HubLeaf.WELCOME, HubLeaf.ACK, HubLeaf.COMMAND, HubLeaf.DESIRED}:
            for payload in garbage:
                await hub.say(leaf, payload)
    row = yard.reading(1, T_MS)
    await hub.say(HubLeaf.UP, batch_bytes(hub.session, "readings", 1, [row]))
    await hub.hear(HubLeaf.ACK)
    drops = running.metrics.registry.get_sample_value(
        "tokkatot_sync_dropped_total", {"reason": "bad_body"}
    )
    assert drops == len(heard) * len(garbage)
    assert await count(running.database, "open_readings") == 1


async def test_a_hub_that_was_revoked_is_not_heard(
    running: Running, owner: Owner, hub: HandHub
) -> None:
    _, yard = owner
    async with running.database.transaction() as tx:
        await tx.session.execute(text("UPDATE hubs SET revoked_at = now()"))
    row = yard.reading(1, T_MS)
    await hub.say(HubLeaf.UP, batch_bytes(hub.session, "readings", 1, [row]))

    async def dropped() -> float | None:
        return running.metrics.registry.get_sample_value(
            "tokkatot_sync_dropped_total", {"reason": "stale"}
        )

    assert await until(dropped) == 1
    assert await count(running.database, "open_readings") == 0


async def test_the_sync_comes_back_after_the_broker(running: Running, owner: Owner) -> None:
    await running.broker.stop()
    await running.broker.start()

    # A hello before the sync is back is lost; each next one waits longer for its welcome.
    limits_s = iter((3, 6, 12, 24, 48))

    async def heard() -> bool:
        try:
            async with asyncio.timeout(next(limits_s)), hand_hub(running, owner[1]):
                return True
        except TimeoutError:
            return False

    assert await until(heard, within_s=120)
