"""Garbage on every topic and route: a clear error or a counted drop, never a crash or a lie."""

import asyncio
import contextlib
import json
from base64 import b64encode
from typing import Any
from uuid import uuid4

import aiomqtt
import httpx
import psycopg
import pytest
import websockets

from tests.support.garbage import BODIES, WORDS
from tests.support.people import HouseView, Json, Person, eventually
from tests.support.stack import Stack
from tokkatot.wire.topics import FROM_HUB, TO_HUB, HubLeaf

_WELL_FORMED = (b'{"v":1,"session":"","stream":"readings","epoch":"e","from":1,"rows":[]}',)
"""What is a message and is dropped as one of another session."""


async def _counts(stack: Stack) -> tuple[Any, ...]:
    """Return what garbage must never change: people, farms, devices, orders and what is allowed."""
    tables = ("users", "farms", "houses", "devices", "hubs", "commands", "farm_members")
    connection = await psycopg.AsyncConnection.connect(stack.database_url)
    async with connection:
        counts = []
        for table in tables:
            rows = await connection.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - ours
            counts.append(await rows.fetchone())
    return tuple(counts)


async def _dropped(stack: Stack) -> float:
    """Return how many messages of hubs the cloud says it did not take."""
    async with httpx.AsyncClient(base_url=stack.url, timeout=60) as http:
        text = (await http.get("/metrics")).text
    lines = [line for line in text.splitlines() if line.startswith("tokkatot_sync_dropped_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def _hub_login(stack: Stack, house: Json) -> tuple[str, str]:
    """Return login and password of a demo hub."""
    path, _ = stack.hub_config(house["hub"]["id"])
    return house["hub"]["id"], (path.parent / "password").read_text().strip()


async def test_garbage_on_every_topic_of_a_hub_changes_nothing(
    stack: Stack, coop: HouseView
) -> None:
    state = await coop.state()
    hub_id, password = _hub_login(stack, state)
    before, dropped = await _counts(stack), await _dropped(stack)
    cloud, hub = stack.pid_of("cloud"), stack.hub_pid(hub_id)
    prefix = f"farm/{coop.farm_id}/hubs/{hub_id}"
    async with aiomqtt.Client(
        stack.broker_host, stack.broker_port, username=hub_id, password=password
    ) as client:
        for leaf in (*FROM_HUB, *TO_HUB):
            for body in BODIES:
                await client.publish(f"{prefix}/{leaf}", body, qos=1, timeout=60)
    async with stack.cloud_client() as client:
        for leaf in TO_HUB:
            for body in BODIES:
                await client.publish(f"{prefix}/{leaf}", body, qos=1, timeout=60)
        for topic in ("farm", "farm/x/hubs/y/up", f"farm/{uuid4()}/hubs/{uuid4()}/hello", "farm//"):
            for body in BODIES[:8]:
                await client.publish(topic, body, qos=1, timeout=60)

    async def counted() -> bool:
        # What stands on a topic that a hub may use is counted, whatever it is; `{}` and the like
        # are in it, and none of these is what a topic promises.
        return await _dropped(stack) >= dropped + len(FROM_HUB) * (len(BODIES) - len(_WELL_FORMED))

    await eventually("what was dropped is counted", counted)
    assert (stack.pid_of("cloud"), stack.hub_pid(hub_id)) == (cloud, hub)
    assert await _counts(stack) == before
    await coop.reporting()
    ended = await coop.ended(await coop.tap("Light", "on", duration_s=1))
    assert ended["state"] == "completed"


async def test_forged_orders_and_documents_move_nothing(stack: Stack, coop: HouseView) -> None:
    state = await coop.state()
    hub_id = state["hub"]["id"]
    # Held, so that neither its schedule nor an order of a moment ago moves it meanwhile.
    held = await coop.ended(await coop.tap("Light", "off", duration_s=600))
    assert held["state"] == "completed"
    light = await coop.actuator("Light")
    body = {
        "v": 1,
        "hub": hub_id,
        "id": str(uuid4()),
        "session": "s",
        "device": light["device_id"],
        "action": "on",
        "value": 100,
        "issued": 1,
        "ttl_ms": 30_000,
        "end_s": 600,
        "by": str(uuid4()),
    }
    forged = {
        "kid": stack.order_kid,
        "sig": "A" * 86 + "==",
        "body": b64encode(json.dumps(body).encode()).decode(),
    }
    async with stack.cloud_client() as client:
        for leaf in (HubLeaf.COMMAND, HubLeaf.DESIRED):
            topic = f"farm/{coop.farm_id}/hubs/{hub_id}/{leaf}"
            await client.publish(topic, json.dumps(forged), qos=1, timeout=60)
            await client.publish(topic, json.dumps(body), qos=1, timeout=60)
    ended = await coop.ended(await coop.tap("Heater", "off", duration_s=1))
    assert ended["state"] == "completed"
    devices = httpx.get(f"{stack.hub_url(hub_id)}/v1/state", timeout=60).json()["devices"]
    levels = {item["id"]: item["actual"] for item in devices}
    assert levels[light["device_id"]] == 0
    assert (await coop.ended(await coop.tap("Light", "auto")))["state"] == "completed"


async def test_a_hub_cannot_speak_for_another(stack: Stack, manager: Person) -> None:
    one, other = await manager.house("Coop 1"), await manager.house("Coop 2")
    await other.reporting()
    hub_id, password = _hub_login(stack, await one.state())
    other_hub = (await other.state())["hub"]["id"]
    software, dropped = (await other.state())["hub"]["software"], await _dropped(stack)
    hello = {
        "v": 1,
        "hub": other_hub,
        "events": {"epoch": "x", "next": 1},
        "readings": {"epoch": "x", "next": 1},
        "boot": "x",
        "mono_ms": 1,
        "t": None,
        "desired_version": 0,
        "software": "forged",
        "protocol": [1, 1],
    }
    prefix = f"farm/{one.farm_id}/hubs"
    async with (
        stack.cloud_client() as cloud,
        aiomqtt.Client(
            stack.broker_host, stack.broker_port, username=hub_id, password=password
        ) as client,
    ):
        await cloud.subscribe(f"{prefix}/+/hello", qos=1)
        for target in (other_hub, hub_id):
            await client.publish(f"{prefix}/{target}/hello", json.dumps(hello), qos=1, timeout=60)
        # The broker says that it has either. In order, so the one on the other's topic came first.
        assert await _first_forged(cloud) == f"{prefix}/{hub_id}/hello"

    async def counted() -> bool:
        return await _dropped(stack) > dropped

    await eventually("what names another than its topic is dropped", counted)
    for house in (one, other):
        hub = (await house.state())["hub"]
        assert (hub["online"], hub["software"]) == (True, software)


async def _first_forged(cloud: aiomqtt.Client) -> str:
    """Return the topic of the first forged message that reaches whoever hears all hubs."""
    async with asyncio.timeout(60):
        async for message in cloud.messages:
            if b"forged" in message.payload:
                return str(message.topic)
    raise AssertionError("the line to the broker ended")


def _routes(document: Json) -> list[tuple[str, str, Json]]:
    return [
        (method.upper(), path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def _filled(path: str, value: str) -> str:
    parts = [value if part.startswith("{") else part for part in path.split("/")]
    return "/".join(parts)


@pytest.mark.parametrize("value", ["not-a-uuid", "%00", "..%2f..", "00000000-0000-0000-0000-0"])
async def test_garbage_in_every_path_is_a_clear_error(
    stack: Stack, owner: Person, value: str
) -> None:
    document = await owner.get("/openapi.json")
    before = await _counts(stack)
    for method, path, _ in _routes(document):
        if "{" not in path:
            continue
        answer = await owner.http.request(method, stack.url + _filled(path, value), json={})
        assert 400 <= answer.status_code < 500, f"{method} {path}: {answer.status_code}"
        assert answer.headers["content-type"] == "application/problem+json", f"{method} {path}"
    assert await _counts(stack) == before


async def test_garbage_in_every_body_is_a_clear_error(stack: Stack, owner: Person) -> None:
    document = await owner.get("/openapi.json")
    before = await _counts(stack)
    house = await owner.house("Coop 1")
    device_id = (await house.actuator("Light"))["device_id"]
    known = {"farm": house.farm_id, "house": house.house_id, "device": device_id}
    for method, path, operation in _routes(document):
        if "requestBody" not in operation:
            continue
        real = path
        for name, value in known.items():
            real = real.replace(f"{{{name}}}", value)
        url = stack.url + _filled(real, str(uuid4()))
        for body in BODIES[:11]:
            answer = await owner.http.request(
                method, url, content=body, headers={"Content-Type": "application/json"}
            )
            where = f"{method} {path} {body[:40]!r}: {answer.status_code}"
            assert 400 <= answer.status_code < 500 or _is_harmless(answer, body, operation), where
    assert await _counts(stack) == before


def _is_harmless(answer: httpx.Response, body: bytes, operation: Json) -> bool:
    """An empty object is a good body where every field may be left out, and none where all may."""
    needed = operation["requestBody"].get("required", False)
    return answer.is_success and (body == b"{}" or (not needed and body in {b"", b"null"}))


async def test_garbage_in_every_query_is_a_clear_error_or_harmless(
    stack: Stack, owner: Person
) -> None:
    house = await owner.house("Coop 1")
    device_id = (await house.actuator("Light"))["device_id"]
    known = {"farm": house.farm_id, "house": house.house_id, "device": device_id}
    asked = 0
    for method, path, operation in _routes(await owner.get("/openapi.json")):
        real = path
        for name, value in known.items():
            real = real.replace(f"{{{name}}}", value)
        named = [item["name"] for item in operation.get("parameters", ()) if item["in"] == "query"]
        for name in named if method == "GET" else ():
            for word in WORDS:
                url = stack.url + _filled(real, str(uuid4()))
                answer = await owner.http.get(url, params={name: word})
                where = f"{path}?{name}={word[:20]!r}: {answer.status_code}"
                asked += 1
                assert answer.status_code < 500, where
                if answer.status_code >= 400:
                    assert answer.headers["content-type"] == "application/problem+json", where
    assert asked > 100


async def test_a_body_that_is_too_long_is_refused_unread(stack: Stack, owner: Person) -> None:
    answer = await owner.http.post("/auth/login", content=b'{"login":"' + b"x" * 20_000_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_stranger_finds_nothing_on_any_route_of_the_farm(
    stack: Stack, owner: Person, staff: Person
) -> None:
    """Somebody with a farm of their own gets 404 for every id of this one."""
    key = await staff.post("/staff/registration-keys", {"farm_name": "Elsewhere"})
    login = f"stranger-{uuid4().hex[:8]}@example.com"
    signed_up = httpx.post(
        f"{stack.url}/v1/auth/signup",
        json={
            "registration_key": key["registration_key"],
            "name": "Stranger",
            "email": login,
            "password": "a-good-password",
        },
        timeout=60,
    )
    assert signed_up.is_success, signed_up.text
    stranger = Person(stack.url, token=signed_up.json()["access_token"])
    house = await owner.house("Coop 1")
    device_id = (await house.actuator("Light"))["device_id"]
    known = {"farm": house.farm_id, "house": house.house_id, "device": device_id}
    before = await _counts(stack)
    for method, path, _ in _routes(await owner.get("/openapi.json")):
        if "{farm}" not in path:
            continue
        real = path
        for name, value in known.items():
            real = real.replace(f"{{{name}}}", value)
        answer = await stranger.http.request(
            method, stack.url + _filled(real, str(uuid4())), json={"action": "on"}
        )
        assert answer.status_code == 404, f"{method} {path}: {answer.status_code} {answer.text}"
    assert await _counts(stack) == before
    await stranger.close()


async def test_garbage_on_the_websocket_closes_it_with_its_reason(
    stack: Stack, owner: Person
) -> None:
    address = stack.url.replace("http", "ws", 1) + "/v1/ws"
    firsts = ("", "{", "null", '{"type":"auth"}', '{"type":"auth","token":"x"}', "x" * 100_000)
    for first in firsts:
        async with websockets.connect(address) as socket:
            await socket.send(first)
            code = await _closed_with(socket)
        assert code in {1007, 1008, 1009, 4400, 4401, 4404, 4408}, f"{first[:40]!r}: {code}"
    farm = await owner.farm()
    async with websockets.connect(address) as socket:
        await socket.send(json.dumps({"type": "auth", "token": owner.token}))
        await socket.send(json.dumps({"type": "subscribe", "farm": str(uuid4())}))
        assert await _closed_with(socket) == 4404
    assert (await owner.get(f"/farms/{farm['id']}"))["id"] == farm["id"]


async def _closed_with(socket: websockets.ClientConnection) -> int | None:
    """Read until the server closes, and return its code."""
    async with asyncio.timeout(60):
        with contextlib.suppress(websockets.ConnectionClosed):
            async for _ in socket:
                pass
    return socket.close_code


def test_nothing_of_all_that_was_logged_as_a_crash(stack: Stack) -> None:
    logs = stack.data_dir / "logs"
    crashes = [
        f"{path.name}: {after[:2000]}"
        for path in sorted(logs.glob("*.log"))
        for after in path.read_text(errors="replace").split("Traceback")[1:]
        # aiomqtt may stumble over its own closed socket in a callback of the loop; ours never do.
        if "/tokkatot/" in after
    ]
    assert not crashes, "\n".join(crashes)
    assert list(logs.glob("*.log"))
