"""What a house's screen, chart and lists answer, from rows that a hub has sent."""

from sqlalchemy import text

from tests.support.house import House
from tests.support.yard import Row, count, make_yard, put_up
from tokkatot.cloud.commands import service as commands
from tokkatot.cloud.devices.service import MAX_DEVICES
from tokkatot.cloud.platform.database import Transaction
from tokkatot.cloud.platform.objects import picture_key
from tokkatot.wire.messages import Live, LiveDevice, LiveReading
from tokkatot.wire.topics import HubLeaf


async def test_the_history_gives_back_what_was_sent(house: House) -> None:
    await house.minutes([20.0, 21.0, 22.0])
    answer = await house.cloud.get(f"{house.url}/history?quantity=temperature", house.owner)
    (series,) = answer["series"]
    assert series["points"] == [
        [house.now_ms - 120_000, 20.0, 0],
        [house.now_ms - 60_000, 21.0, 0],
        [house.now_ms, 22.0, 0],
    ]
    assert (series["unit"], series["truncated"]) == ("°C", False)


async def test_more_readings_than_points_are_averaged_in_stretches(house: House) -> None:
    await house.minutes([float(n % 40) for n in range(1000)])
    answer = await house.cloud.get(f"{house.url}/history?points=100", house.owner)
    points = answer["series"][0]["points"]
    assert answer["series"][0]["truncated"]
    assert 50 < len(points) <= 100
    assert points == sorted(points)


async def test_the_extremes_of_each_stretch_are_real_readings(house: House) -> None:
    values = [20.0] * 1000
    values[500], values[700] = 60.0, -10.0
    await house.minutes(values)
    url = f"{house.url}/history?points=60&shape=extremes"
    points = (await house.cloud.get(url, house.owner))["series"][0]["points"]
    assert len(points) <= 60
    assert [house.now_ms - 499 * 60_000, 60.0, 0] in points
    assert [house.now_ms - 299 * 60_000, -10.0, 0] in points


async def test_raw_pages_hold_every_reading_once_though_many_share_a_time(house: House) -> None:
    rows = [house.yard.reading(n, house.now_ms - 1000, float(n)) for n in range(1, 31)]
    await house.send("readings", rows)
    found: list[float] = []
    cursor = ""
    while True:
        url = f"{house.url}/history?raw=true&limit=7{cursor}"
        page = await house.cloud.get(url, house.owner)
        found += [item["value"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == [float(n) for n in range(1, 31)]


async def test_each_refused_value_is_listed_with_its_reason(house: House) -> None:
    day_ms = 86_400_000
    rows = [
        house.yard.reading(1, house.now_ms, 20.0),
        house.yard.reading(2, house.now_ms, 900.0),
        house.yard.reading(3, house.now_ms, 20.0, quantity="mood"),
        house.yard.reading(4, house.now_ms, 20.0, device="nobody"),
        house.yard.reading(5, house.now_ms + 2 * day_ms, 20.0),
        house.yard.reading(6, 0, 20.0),
    ]
    await house.send("readings", rows)
    page = await house.cloud.get(f"{house.url}/readings/refused", house.owner)
    assert [item["reason"] for item in page["items"]] == [
        "bad_time",
        "bad_time",
        "unknown_quantity",
        "out_of_range",
    ]
    assert page["total"] == 4
    assert await count(house.cloud.context.database, "refused_readings") == 5
    assert await count(house.cloud.context.database, "open_readings") == 1


async def test_readings_of_any_day_find_their_place(house: House) -> None:
    year_ms = 365 * 86_400_000
    rows = [house.yard.reading(n, house.now_ms - (n - 1) * year_ms, float(n)) for n in range(1, 25)]
    await house.send("readings", rows)
    url = f"{house.url}/history?from=2000-01-01T00:00:00Z"
    points = (await house.cloud.get(url, house.owner))["series"][0]["points"]
    assert [value for _, value, _ in points] == [float(n) for n in range(24, 0, -1)]


async def test_the_state_of_a_house_is_one_answer(house: House) -> None:
    await house.minutes([24.0, 25.5])
    why = {"source": "rule", "reason": "water_low", "level": 100.0, "until_ms": house.now_ms}
    pump = str(house.yard.pump)
    state: Row = [1, "s", pump, house.now_ms, 100.0, 100.0, True, None, why]
    alert: Row = [
        2,
        "a",
        "0190b5a0-0000-7000-8000-0000000000a1",
        house.now_ms,
        "water_low",
        "raised",
        str(house.yard.house_id),
        None,
        20.0,
        12.0,
    ]
    await house.send("events", [state, alert])
    await house.cloud.context.objects.put(picture_key(house.yard.house_id), b"\xff\xd8jpeg")
    found = await house.cloud.get(f"{house.url}/state", house.owner)
    assert (found["role"], found["house"]["worst_alert"]) == ("owner", "warning")
    assert found["hub"]["online"]
    assert [(r["quantity"], r["value"], r["stale"]) for r in found["readings"]] == [
        ("temperature", 25.5, False)
    ]
    (actuator,) = found["actuators"]
    assert (actuator["actual"], actuator["tap_on_s"], actuator["online"]) == (100, 600, True)
    assert actuator["why"]["reason"] == "water_low"
    assert [a["type"] for a in found["alerts"]] == ["water_low"]
    picture = await house.cloud.http.get(found["picture"]["url"], headers=house.owner.headers)
    assert picture.content == b"\xff\xd8jpeg"
    again = await house.cloud.http.get(
        found["picture"]["url"],
        headers={**house.owner.headers, "If-None-Match": picture.headers["ETag"]},
    )
    assert again.status_code == 304


async def crowd(house: House, devices: int) -> None:
    """Make older devices in another house of the farm."""
    database = house.cloud.context.database
    other = await make_yard(database, farm_id=house.yard.farm_id, number=2)
    copy = text(
        "INSERT INTO devices SELECT (jsonb_populate_record(one, jsonb_build_object("
        "'id', lpad(n::text, 32, '0'), 'hardware_id', n::text))).*"
        " FROM devices one, generate_series(1, :devices) n WHERE one.id = :pump"
    )
    async with database.transaction() as tx:
        await tx.session.execute(copy, {"devices": devices, "pump": other.pump})


async def test_the_newest_house_of_a_full_farm_is_seen(house: House) -> None:
    await house.minutes([25.5])
    await crowd(house, MAX_DEVICES - 4)
    seen = await house.cloud.get(f"/v1/farms/{house.yard.farm_id}/dashboard", house.owner)
    assert [card["temperature"] and card["temperature"]["value"] for card in seen["houses"]] == [
        25.5,
        None,
    ]


async def test_a_house_s_screen_looks_at_its_own_devices_alone(house: House) -> None:
    await house.minutes([25.5])
    await crowd(house, MAX_DEVICES + 1)
    found = await house.cloud.get(f"{house.url}/state", house.owner)
    assert [reading["value"] for reading in found["readings"]] == [25.5]
    assert [(len(found["actuators"]), len(found["sensors"]))] == [(1, 1)]


async def test_the_trace_says_why_a_device_was_on(house: House) -> None:
    pump = str(house.yard.pump)
    why = {
        "source": "rule",
        "reason": "water_low",
        "level": 100.0,
        "until_ms": house.now_ms,
        "cut_by": ["dry_run"],
        "proposals": [["rule", "water_low", 100.0], ["rest", "rest", 0.0]],
    }
    rows: list[Row] = [
        [1, "s", pump, house.now_ms - 9000, 0.0, 0.0, True, None, None],
        [2, "s", pump, house.now_ms - 5000, 100.0, 100.0, True, None, why],
    ]
    await house.send("events", rows)
    url = f"{house.farm_url}/devices/{pump}/trace"
    newest, oldest = (await house.cloud.get(url, house.owner))["items"]
    assert (oldest["actual"], oldest["why"]) == (0, None)
    assert newest["why"] == {
        "source": "rule",
        "reason": "water_low",
        "level": 100.0,
        "until": "2026-03-01T06:00:00Z",
        "command_id": None,
        "cut_by": ["dry_run"],
        "proposals": [
            {"source": "rule", "reason": "water_low", "level": 100.0},
            {"source": "rest", "reason": "rest", "level": 0.0},
        ],
    }
    since = (await house.cloud.get(f"{url}?from=2026-03-01T05:59:54", house.owner))["items"]
    assert since == [newest]


async def test_pages_of_the_trace_hold_every_entry_once_though_many_share_a_time(
    house: House,
) -> None:
    pump = str(house.yard.pump)
    rows: list[Row] = [
        [n, "s", pump, house.now_ms - 1000 + n // 20, float(n), None, True, None, None]
        for n in range(1, 31)
    ]
    await house.send("events", rows)
    url = f"{house.farm_url}/devices/{pump}/trace?limit=7"
    page = await house.cloud.get(url, house.owner)
    found = [item["actual"] for item in page["items"]]
    while page["next_cursor"] is not None:
        page = await house.cloud.get(f"{url}&cursor={page['next_cursor']}", house.owner)
        found += [item["actual"] for item in page["items"]]
    assert found == [float(n) for n in range(30, 0, -1)]


async def test_what_a_hub_says_now_is_newer_than_what_is_stored(house: House) -> None:
    await house.minutes([24.0])
    sensor = str(house.yard.sensor)
    reading = LiveReading(sensor, "temperature", house.now_ms + 1, 26.0, 0)
    live = Live(session=house.session, t=house.now_ms + 1, readings=[reading], devices=[])
    await house.service.live(house.yard.topic(HubLeaf.LIVE), live)
    (card,) = (await house.cloud.get(f"{house.farm_url}/houses", house.owner))["items"]
    assert card["temperature"]["value"] == 26.0


async def test_a_card_tells_the_air_inside_and_nothing_else(house: House) -> None:
    database = house.cloud.context.database
    values = {house.yard.sensor: 30.0}
    for role, value in (("weather_station", 20.0), ("soil_sensor", 24.0), ("power_meter", 50.0)):
        values[await put_up(database, house.yard, role)] = value
    rows = [
        house.yard.reading(n, house.now_ms, value, device=str(device))
        for n, (device, value) in enumerate(values.items(), start=1)
    ]
    await house.send("readings", rows)
    (card,) = (await house.cloud.get(f"{house.farm_url}/houses", house.owner))["items"]
    found = card["temperature"]
    assert (found["value"], found["device_id"]) == (30.0, str(house.yard.sensor))


async def test_a_card_tells_the_mean_of_several_sensors_as_nobodys_own(house: House) -> None:
    other = await put_up(house.cloud.context.database, house.yard, "climate_sensor")
    rows = [
        house.yard.reading(1, house.now_ms, 30.0),
        house.yard.reading(2, house.now_ms, 20.0, device=str(other)),
    ]
    await house.send("readings", rows)
    (card,) = (await house.cloud.get(f"{house.farm_url}/houses", house.owner))["items"]
    assert (card["temperature"]["value"], card["temperature"]["device_id"]) == (25.0, None)


async def shown(house: House) -> list[float]:
    """Return the temperature on the house's screen, and the one in the farm's snapshot."""
    state = await house.cloud.get(f"{house.url}/state", house.owner)
    (reading,) = state["readings"]
    changes = await house.cloud.get(f"{house.farm_url}/changes?since=0", house.owner)
    ((_, _, _, value, _),) = changes["snapshot"]["houses"][str(house.yard.house_id)]["readings"]
    return [reading["value"], value]


async def test_a_reading_from_the_future_holds_back_no_true_one(house: House) -> None:
    wrong_ms = house.now_ms + 7 * 3_600_000
    await house.send("readings", [house.yard.reading(1, wrong_ms, 45.0)])
    await house.send("readings", [house.yard.reading(2, house.now_ms, 25.0)], 2)
    assert await shown(house) == [25.0, 25.0]
    late = house.yard.reading(3, house.now_ms - 60_000, 24.0)
    await house.send("readings", [late], 3)
    assert await shown(house) == [25.0, 25.0]


async def test_what_is_stored_of_the_future_holds_back_nothing_that_a_hub_says_now(
    house: House,
) -> None:
    wrong_ms, pump = house.now_ms + 7 * 3_600_000, str(house.yard.pump)
    await house.send("readings", [house.yard.reading(1, wrong_ms, 45.0)])
    await house.send("events", [[1, "s", pump, wrong_ms, 100.0, 100.0, True, None, None]])
    live = Live(
        session=house.session,
        t=house.now_ms,
        readings=[LiveReading(str(house.yard.sensor), "temperature", house.now_ms, 26.0, 0)],
        devices=[LiveDevice(pump, 0.0, 0.0, True, None)],
    )
    await house.service.live(house.yard.topic(HubLeaf.LIVE), live)
    assert await shown(house) == [26.0, 26.0]
    state = await house.cloud.get(f"{house.url}/state", house.owner)
    assert state["actuators"][0]["actual"] == 0


async def test_a_state_that_is_older_than_the_known_one_changes_nothing(house: House) -> None:
    pump = str(house.yard.pump)
    await house.send("events", [[1, "s", pump, house.now_ms, 100.0, 100.0, True, None, None]])
    old: Row = [2, "s", pump, house.now_ms - 5000, 0.0, 0.0, True, None, None]
    await house.send("events", [old], first=2)
    found = await house.cloud.get(f"{house.url}/state", house.owner)
    assert found["actuators"][0]["actual"] == 100


async def test_an_alert_is_seen_and_then_over(house: House) -> None:
    alert_id = "0190b5a0-0000-7000-8000-0000000000a1"
    head: Row = ["a", alert_id, house.now_ms, "temperature_high"]
    tail: Row = [str(house.yard.house_id), None, 30.0, 31.0]
    await house.send("events", [[1, *head, "raised", *tail]])
    url = f"{house.farm_url}/alerts"
    seen = await house.cloud.http.put(f"{url}/{alert_id}/acknowledge", headers=house.owner.headers)
    assert seen.json()["state"] == "acknowledged"
    await house.send("events", [[2, *head, "cleared", *tail], [3, *head, "raised", *tail]], first=2)
    assert (await house.cloud.get(url, house.owner))["items"] == []
    (past,) = (await house.cloud.get(f"{url}/history", house.owner))["items"]
    assert (past["state"], past["acknowledged_by"]["name"]) == ("normal", "Owner of Kandal")


async def test_an_order_that_nobody_answers_becomes_unknown_and_late_words_count(
    house: House,
) -> None:
    url = f"{house.farm_url}/devices/{house.yard.pump}/commands"
    given = await house.cloud.post(url, {"action": "on"}, house.owner, status=202)
    async with house.cloud.context.database.transaction() as tx:
        await tx.session.execute(text("UPDATE commands SET state = 'sent', sent_at = now()"))
    await _expire(house, 20)
    assert (await _order(house, given))["state"] == "sent"
    await _expire(house, 20)
    assert (await _order(house, given))["state"] == "unknown"
    row: Row = [1, "c", given["id"], house.now_ms, "executing", None, str(house.yard.pump)]
    await house.send("events", [[*row, None, 100.0, house.now_ms + 600_000]])
    assert (await _order(house, given))["state"] == "executing"


async def test_an_order_that_has_begun_is_heard_of_for_as_long_as_its_drive_may_take(
    house: House,
) -> None:
    url = f"{house.farm_url}/devices/{house.yard.pump}/commands"
    given = await house.cloud.post(url, {"action": "on"}, house.owner, status=202)
    async with house.cloud.context.database.transaction() as tx:
        await tx.session.execute(text("UPDATE commands SET state = 'executing'"))
        await tx.session.execute(text("UPDATE devices SET role = 'vent' WHERE role = 'water_pump'"))
    await _expire(house, 680)
    assert (await _order(house, given))["state"] == "executing"
    await _expire(house, 20)
    assert (await _order(house, given))["state"] == "unknown"


async def test_an_order_that_was_never_sent_expires(house: House) -> None:
    url = f"{house.farm_url}/devices/{house.yard.pump}/commands"
    given = await house.cloud.post(url, {"action": "on"}, house.owner, status=202)
    await _expire(house, 31)
    found = await _order(house, given)
    assert (found["state"], found["reason"]) == ("expired", "expired")


async def test_an_order_can_be_taken_back_until_it_is_sent(house: House) -> None:
    url = f"{house.farm_url}/devices/{house.yard.pump}/commands"
    given = await house.cloud.post(url, {"action": "on"}, house.owner, status=202)
    one = f"{url}/{given['id']}"
    back = await house.cloud.http.delete(one, headers=house.owner.headers)
    assert back.json()["state"] == "cancelled"
    again = await house.cloud.http.delete(one, headers=house.owner.headers)
    assert again.status_code == 409


async def test_a_batch_tells_for_each_device_what_became_of_it(house: House) -> None:
    orders = [
        {"device_id": str(house.yard.pump), "action": "on", "duration_s": 60},
        {"device_id": str(house.yard.sensor), "action": "on"},
        {"device_id": str(house.yard.pump), "action": "on", "duration_s": 3600},
    ]
    answer = await house.cloud.post(
        f"{house.farm_url}/commands/batch", {"commands": orders}, house.owner, status=202
    )
    done, no_actuator, too_long = answer["items"]
    assert done["command"]["duration_s"] == 60
    assert no_actuator["problem"]["code"] == "validation_failed"
    assert too_long["problem"]["code"] == "validation_failed"
    assert await count(house.cloud.context.database, "commands") == 1


async def test_the_event_log_says_who_asked_for_what(house: House) -> None:
    url = f"{house.farm_url}/devices/{house.yard.pump}/commands"
    await house.cloud.post(url, {"action": "on"}, house.owner, status=202)
    await house.send("events", [[1, "g", house.now_ms, 5, 9, "disk_full"]])
    page = await house.cloud.get(f"{house.farm_url}/events?type=command.", house.owner)
    (event,) = page["items"]
    assert (event["type"], event["user"]["name"]) == ("command.requested", "Owner of Kandal")
    gaps = await house.cloud.get(f"{house.farm_url}/events?type=readings.gap", house.owner)
    assert gaps["items"][0]["data"]["from"] == 5


async def test_an_event_of_a_hub_names_its_house_where_that_is_known(house: House) -> None:
    sensor = str(house.yard.sensor)
    await house.send("events", [[1, "e", house.now_ms, "of.one_house", {}]])
    async with house.cloud.context.database.transaction() as tx:
        await tx.session.execute(text("UPDATE hubs SET house_id = NULL"))
    rows: list[Row] = [
        [2, "e", house.now_ms, "of.many_houses", {}],
        [3, "e", house.now_ms, "of.a_device", {"device": sensor}],
    ]
    await house.send("events", rows, first=2)
    page = await house.cloud.get(f"{house.farm_url}/events?type=of.", house.owner)
    here = str(house.yard.house_id)
    assert {event["type"]: event["house_id"] for event in page["items"]} == {
        "of.one_house": here,
        "of.many_houses": None,
        "of.a_device": here,
    }


async def test_what_machines_note_of_each_other_is_shown_to_whoever_asks_for_it(
    house: House,
) -> None:
    await house.send("events", [[1, "e", house.now_ms, "desired.taken", {"version": 1}]])
    shown = await house.cloud.get(f"{house.farm_url}/events", house.owner)
    assert "desired.taken" not in [event["type"] for event in shown["items"]]
    asked = await house.cloud.get(f"{house.farm_url}/events?type=desired.", house.owner)
    assert [event["type"] for event in asked["items"]] == ["desired.taken"]


async def test_a_stranger_to_the_broker_is_listed(house: House) -> None:
    data = {"hardware_id": "esp32-1", "driver": "nodes", "detail": "sensor"}
    await house.send("events", [[n, "e", house.now_ms, "device.stranger", data] for n in (1, 2)])
    assert await count(house.cloud.context.database, "unknown_devices") == 1


async def test_the_document_that_a_hub_took_over_is_known(house: House) -> None:
    taken: Row = [1, "e", house.now_ms, "desired.taken", {"version": 1}]
    await house.send("events", [taken])
    async with house.cloud.context.database.transaction() as tx:
        held = await tx.session.scalar(text("SELECT held_version FROM hubs"))
    assert held == 1


async def _expire(house: House, after_s: float) -> None:
    house.cloud.clock.advance(after_s)
    async with house.cloud.context.database.transaction() as tx:
        await _end(tx)


async def _end(tx: Transaction) -> None:
    await commands.expire(tx)


async def _order(house: House, given: dict[str, str]) -> dict[str, str]:
    url = f"{house.farm_url}/devices/{house.yard.pump}/commands/{given['id']}"
    found: dict[str, str] = await house.cloud.get(url, house.owner)
    return found


async def test_a_gap_is_told_and_so_is_a_deficit_that_nobody_measured(house: House) -> None:
    at = [house.now_ms - minutes * 60_000 for minutes in (62, 61, 60, 2, 1, 0)]
    rows = [
        house.yard.reading(2 * n + k + 1, t_ms, value, quantity=quantity)
        for n, t_ms in enumerate(at)
        for k, (quantity, value) in enumerate(
            (("temperature", 25.0), ("relative_humidity", 50.0 + n))
        )
    ]
    await house.send("readings", rows)
    answer = await house.cloud.get(f"{house.url}/history?quantity=vpd", house.owner)
    (series,) = answer["series"]
    assert (series["quantity"], series["unit"]) == ("vpd", "kPa")
    assert series["device_id"] == str(house.yard.sensor)
    assert [t_ms for t_ms, _, _ in series["points"]] == at
    assert [round(value, 3) for _, value, _ in series["points"][:2]] == [1.584, 1.552]
    assert series["gaps"] == [[at[2], at[3]]]
    # A device that reports a deficit itself is believed.
    own = house.yard.reading(13, house.now_ms, 2.5, quantity="vpd")
    await house.send("readings", [own], 13)
    answer = await house.cloud.get(f"{house.url}/history?quantity=vpd", house.owner)
    assert [series["points"] for series in answer["series"]] == [[[house.now_ms, 2.5, 0]]]
