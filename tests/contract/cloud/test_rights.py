"""Every route, as everybody: who may, who may not, and who does not even find it."""

import pytest
from fastapi.routing import APIRoute

from tests.support.cloud import Cloud
from tests.support.scene import (
    SIMULATED,
    WRITTEN,
    Scene,
    is_problem,
    routes,
    routes_with_a_body,
)
from tokkatot.cloud.app import ROUTERS

pytestmark = pytest.mark.timeout(300)  # it asks some 900 times

PUBLIC, PERSON, SEE, OPERATE, OWN, MAINTAIN, STAFF = (
    "public",
    "person",
    "see",
    "operate",
    "own",
    "maintain",
    "staff",
)

RIGHTS = {
    "GET /health": PUBLIC,
    "GET /ready": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /v1/openapi.json": PUBLIC,
    "POST /v1/auth/signup": PUBLIC,
    "POST /v1/auth/login": PUBLIC,
    "POST /v1/auth/refresh": PUBLIC,
    "POST /v1/auth/forgot-password": PUBLIC,
    "POST /v1/auth/reset-password": PUBLIC,
    "POST /v1/auth/logout": PERSON,
    "POST /v1/auth/change-password": PERSON,
    "POST /v1/auth/verify-contact": PERSON,
    "GET /v1/users/me": PERSON,
    "PATCH /v1/users/me": PERSON,
    "GET /v1/users/me/sessions": PERSON,
    "DELETE /v1/users/me/sessions/{session}": PERSON,
    "GET /v1/users/me/activity": PERSON,
    "POST /v1/farms": PERSON,
    "GET /v1/farms": PERSON,
    "GET /v1/farms/{farm}": SEE,
    "PATCH /v1/farms/{farm}": OWN,
    "DELETE /v1/farms/{farm}": OWN,
    "POST /v1/farms/{farm}/stop": OPERATE,
    "DELETE /v1/farms/{farm}/stop": OPERATE,
    "GET /v1/farms/{farm}/members": SEE,
    "POST /v1/farms/{farm}/members": OWN,
    "PATCH /v1/farms/{farm}/members/{user}": OWN,
    # A member leaves by themselves; sending another away is tested beside the members.
    "DELETE /v1/farms/{farm}/members/{user}": OWN,
    "POST /v1/farms/{farm}/members/{user}/reset-code": OWN,
    "GET /v1/farms/{farm}/houses": SEE,
    "POST /v1/farms/{farm}/houses": OWN,
    "GET /v1/farms/{farm}/houses/{house}": SEE,
    "PATCH /v1/farms/{farm}/houses/{house}": OWN,
    "DELETE /v1/farms/{farm}/houses/{house}": OWN,
    "GET /v1/farms/{farm}/houses/{house}/state": SEE,
    "GET /v1/farms/{farm}/houses/{house}/picture": SEE,
    "GET /v1/farms/{farm}/houses/{house}/history": SEE,
    "GET /v1/farms/{farm}/houses/{house}/detections": SEE,
    "POST /v1/farms/{farm}/houses/{house}/detections": OPERATE,
    "POST /v1/farms/{farm}/houses/{house}/photograph": OPERATE,
    "GET /v1/farms/{farm}/detections/{detection}": SEE,
    "GET /v1/farms/{farm}/detections/{detection}/picture": SEE,
    "GET /v1/farms/{farm}/detections/{detection}/original": SEE,
    "POST /v1/farms/{farm}/detections/{detection}/mark": OPERATE,
    "GET /v1/farms/{farm}/detections/labelled": OWN,
    "POST /v1/ai/predict": PERSON,
    "POST /v1/ai/predict/detailed": PERSON,
    "GET /v1/ai/health": PERSON,
    "POST /v1/farms/{farm}/houses/{house}/readings": OPERATE,
    "GET /v1/farms/{farm}/retention": SEE,
    "PUT /v1/farms/{farm}/retention": OWN,
    "GET /v1/farms/{farm}/houses/{house}/readings/refused": SEE,
    "GET /v1/farms/{farm}/houses/{house}/anomalies": SEE,
    "GET /v1/farms/{farm}/houses/{house}/trends": SEE,
    "GET /v1/farms/{farm}/houses/{house}/analytics/daily": SEE,
    "GET /v1/farms/{farm}/houses/{house}/recommendation": SEE,
    # That it steers by itself is an owner's to say: tested beside the autopilot.
    "PUT /v1/farms/{farm}/houses/{house}/autopilot": OPERATE,
    "POST /v1/farms/{farm}/houses/{house}/recommendation/accept": OPERATE,
    "GET /v1/ml/models": STAFF,
    "POST /v1/ml/models/{model}/deploy": STAFF,
    "GET /v1/farms/{farm}/houses/{house}/twin": SEE,
    "POST /v1/farms/{farm}/houses/{house}/twin/simulate": OPERATE,
    "POST /v1/farms/{farm}/houses/{house}/twin/calibrate": OPERATE,
    "GET /v1/farms/{farm}/houses/{house}/train": SEE,
    "POST /v1/farms/{farm}/houses/{house}/train": OWN,
    "GET /v1/jobs/{job}": SEE,
    "DELETE /v1/jobs/{job}": OPERATE,
    "GET /v1/farms/{farm}/houses/{house}/setpoints": SEE,
    "PUT /v1/farms/{farm}/houses/{house}/setpoints": OPERATE,
    "PUT /v1/farms/{farm}/houses/{house}/mode": OPERATE,
    "POST /v1/farms/{farm}/houses/{house}/stop": OPERATE,
    "DELETE /v1/farms/{farm}/houses/{house}/stop": OPERATE,
    "GET /v1/farms/{farm}/houses/{house}/zones": SEE,
    "POST /v1/farms/{farm}/houses/{house}/zones": OWN,
    "PATCH /v1/farms/{farm}/houses/{house}/zones/{zone}": OWN,
    "DELETE /v1/farms/{farm}/houses/{house}/zones/{zone}": OWN,
    "GET /v1/farms/{farm}/houses/{house}/flocks": SEE,
    "POST /v1/farms/{farm}/houses/{house}/flocks": OWN,
    "PATCH /v1/farms/{farm}/houses/{house}/flocks/{flock}": OWN,
    "GET /v1/farms/{farm}/houses/{house}/crop-cycles": SEE,
    "POST /v1/farms/{farm}/houses/{house}/crop-cycles": OWN,
    "PATCH /v1/farms/{farm}/houses/{house}/crop-cycles/{crop}": OWN,
    "GET /v1/farms/{farm}/houses/{house}/harvests": SEE,
    "POST /v1/farms/{farm}/houses/{house}/harvests": OPERATE,
    "DELETE /v1/farms/{farm}/houses/{house}/harvests/{harvest}": OPERATE,
    "GET /v1/farms/{farm}/devices": SEE,
    "POST /v1/farms/{farm}/devices": MAINTAIN,
    "GET /v1/farms/{farm}/devices/{device}": SEE,
    "PATCH /v1/farms/{farm}/devices/{device}": OWN,
    "DELETE /v1/farms/{farm}/devices/{device}": MAINTAIN,
    "GET /v1/farms/{farm}/devices/{device}/status": SEE,
    "GET /v1/farms/{farm}/devices/{device}/trace": SEE,
    "GET /v1/farms/{farm}/devices/{device}/history": SEE,
    "GET /v1/farms/{farm}/devices/{device}/config": SEE,
    "PUT /v1/farms/{farm}/devices/{device}/config": OPERATE,
    "POST /v1/farms/{farm}/devices/{device}/calibrate": OPERATE,
    "GET /v1/farms/{farm}/hubs": SEE,
    "POST /v1/farms/{farm}/hub-pass": SEE,
    "GET /v1/farms/{farm}/hub-pin": SEE,
    "PUT /v1/farms/{farm}/hub-pin": OWN,
    "DELETE /v1/farms/{farm}/hub-pin": OWN,
    "POST /v1/farms/{farm}/devices/{device}/commands": OPERATE,
    "GET /v1/farms/{farm}/devices/{device}/commands": SEE,
    "GET /v1/farms/{farm}/devices/{device}/commands/{command}": SEE,
    "DELETE /v1/farms/{farm}/devices/{device}/commands/{command}": OPERATE,
    "GET /v1/farms/{farm}/commands": SEE,
    "POST /v1/farms/{farm}/commands/batch": OPERATE,
    "GET /v1/farms/{farm}/houses/{house}/rules": SEE,
    "PUT /v1/farms/{farm}/houses/{house}/rules": OPERATE,
    "GET /v1/farms/{farm}/schedules": SEE,
    "POST /v1/farms/{farm}/schedules": OPERATE,
    "GET /v1/farms/{farm}/schedules/upcoming": SEE,
    "POST /v1/farms/{farm}/schedules/preview": OPERATE,
    "GET /v1/farms/{farm}/schedules/{schedule}": SEE,
    "PUT /v1/farms/{farm}/schedules/{schedule}": OPERATE,
    "DELETE /v1/farms/{farm}/schedules/{schedule}": OPERATE,
    "PUT /v1/farms/{farm}/schedules/{schedule}/enabled": OPERATE,
    "GET /v1/farms/{farm}/schedules/{schedule}/executions": SEE,
    "POST /v1/farms/{farm}/schedules/{schedule}/execute-now": OPERATE,
    "GET /v1/farms/{farm}/schedules/{schedule}/versions": SEE,
    "POST /v1/farms/{farm}/schedules/{schedule}/rollback": OPERATE,
    "GET /v1/farms/{farm}/schedules/{schedule}/upcoming": SEE,
    "GET /v1/farms/{farm}/alerts": SEE,
    "GET /v1/farms/{farm}/alerts/history": SEE,
    "GET /v1/farms/{farm}/alerts/{alert}": SEE,
    "PUT /v1/farms/{farm}/alerts/{alert}/acknowledge": OPERATE,
    "PUT /v1/farms/{farm}/alerts/{alert}/shelve": OPERATE,
    "POST /v1/farms/{farm}/alerts/test": OPERATE,
    "GET /v1/farms/{farm}/escalation": SEE,
    "PUT /v1/farms/{farm}/escalation": OWN,
    "GET /v1/users/me/messages": PERSON,
    "GET /v1/users/me/messages/unread": PERSON,
    "POST /v1/users/me/messages/{message}/read": PERSON,
    "POST /v1/users/me/messages/read-all": PERSON,
    "GET /v1/users/me/channel-kinds": PERSON,
    "GET /v1/users/me/channels": PERSON,
    "POST /v1/users/me/channels": PERSON,
    "PATCH /v1/users/me/channels/{channel}": PERSON,
    "DELETE /v1/users/me/channels/{channel}": PERSON,
    "POST /v1/users/me/channels/{channel}/code": PERSON,
    "POST /v1/users/me/channels/{channel}/verify": PERSON,
    "POST /v1/users/me/channels/{channel}/test": PERSON,
    "GET /v1/users/me/alert-subscriptions": PERSON,
    "POST /v1/users/me/alert-subscriptions": PERSON,
    "PATCH /v1/users/me/alert-subscriptions/{subscription}": PERSON,
    "DELETE /v1/users/me/alert-subscriptions/{subscription}": PERSON,
    "GET /v1/farms/{farm}/houses/{house}/alarms": SEE,
    "PUT /v1/farms/{farm}/houses/{house}/alarms": OPERATE,
    "GET /v1/farms/{farm}/events": SEE,
    "GET /v1/farms/{farm}/reports/device-usage": SEE,
    "GET /v1/farms/{farm}/reports/device-metrics": SEE,
    "GET /v1/farms/{farm}/reports/export": SEE,
    "GET /v1/farms/{farm}/changes": SEE,
    "GET /v1/farms/{farm}/dashboard": SEE,
    "POST /v1/staff/registration-keys": STAFF,
    "GET /v1/staff/registration-keys": STAFF,
    "DELETE /v1/staff/registration-keys/{key}": STAFF,
    "POST /v1/staff/reset-codes": STAFF,
    "POST /v1/staff/farms/{farm_id}/restore": STAFF,
    "POST /v1/staff/houses/{house}/restore": STAFF,
    "POST /v1/staff/devices/{device}/restore": STAFF,
    "POST /v1/staff/schedules/{schedule}/restore": STAFF,
    "POST /v1/staff/hubs": STAFF,
    "DELETE /v1/staff/hubs/{hub}": STAFF,
    "GET /v1/staff/fleet": STAFF,
    "GET /v1/staff/unknown-devices": STAFF,
}
"""What the caller of a route must be; `tokkatot.domain.people.RIGHTS` says which role is what."""

REFUSED = {
    PUBLIC: {},
    PERSON: {"anonymous": 401},
    SEE: {"anonymous": 401, "stranger": 404},
    OPERATE: {"anonymous": 401, "stranger": 404, "viewer": 403},
    OWN: {"anonymous": 401, "stranger": 404, "viewer": 403, "manager": 403},
    MAINTAIN: {"anonymous": 401, "stranger": 404, "viewer": 403, "manager": 403, "owner": 403},
    STAFF: {"anonymous": 401, "stranger": 403, "viewer": 403, "manager": 403, "owner": 403},
}
EVERYBODY = ("anonymous", "stranger", "viewer", "manager", "owner", "staff")

GARBAGE = (
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"{}",
    b'{"name": null, "login": 3, "action": [], "parameters": {}}',
    b'{"name": "\\u0000", "login": "\\u0000\\u0000\\u0000", "password": "\\u0000"}',
    b'{"name": "\\ud800", "login": "\\ud800\\ud800\\ud800", "password": "\\ud800"}',
    (
        b'{"login": "a@b.c", "password": "\\ud800", "code": "\\ud800",'
        b' "new_password": "\\ud800\\ud800\\ud800\\ud800\\ud800\\ud800\\ud800\\ud800"}'
    ),
    b'{"refresh_token": "\\ud800"}',
    b'{"temperature_min_c": NaN, "temperature_max_c": Infinity, "temperature_hard_max_c": 1e999}',
    b'{"number": 99999999999999999999999, "capacity": -1}',
    b"\xff\xfe\x00",
    b"[" * 5_000,
)


async def test_every_route_has_its_right_in_the_table(cloud: Cloud) -> None:
    assert set(routes(cloud)) == set(RIGHTS)


def test_every_route_is_in_the_description() -> None:
    undocumented = [
        route.path
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and not route.include_in_schema
    ]
    assert undocumented == []


async def test_every_route_refuses_whom_it_should(cloud: Cloud, scene: Scene) -> None:
    wrong = []
    for route in routes(cloud):
        method, template = route.split(" ", 1)
        for who, status in REFUSED[RIGHTS[route]].items():
            answer = await cloud.http.request(
                method, scene.path(template), headers=scene.headers(who), json={}
            )
            if answer.status_code != status or not is_problem(answer):
                wrong.append((route, who, answer.status_code, status))
    assert wrong == []


async def test_every_route_lets_the_others_past_the_check(cloud: Cloud, scene: Scene) -> None:
    wrong = []
    for route in routes(cloud):
        method, template = route.split(" ", 1)
        allowed = [who for who in EVERYBODY if who not in REFUSED[RIGHTS[route]]]
        for who in allowed:
            # A body of nonsense gets past the check and no further, so that nothing changes.
            answer = (
                await cloud.http.request(
                    method,
                    scene.path(template),
                    headers=scene.headers(who),
                    json={"nonsense": True} if method in {"POST", "PUT", "PATCH"} else None,
                )
                if changes_nothing(route)
                else None
            )
            if answer is not None and answer.status_code in {401, 403, 405, 500}:
                wrong.append((route, who, answer.status_code))
    assert wrong == []


async def test_a_stranger_finds_no_thing_of_another_farm_under_their_own(
    cloud: Cloud, scene: Scene
) -> None:
    stranger = scene.people["stranger"]
    assert stranger is not None
    own = (await cloud.get("/v1/farms", stranger))["items"][0]["id"]
    wrong = []
    for route in routes(cloud):
        method, template = route.split(" ", 1)
        if "{farm}/" not in template or not THINGS & set(template.split("/")):
            continue
        path = scene.path(template).replace(scene.ids["farm"], own)
        body = VALID.get(route)
        answer = await cloud.http.request(method, path, headers=stranger.headers, json=body)
        expected = 403 if RIGHTS[route] is MAINTAIN else 404
        if answer.status_code != expected:
            wrong.append((route, answer.status_code, answer.text))
    assert wrong == []


async def test_garbage_is_answered_with_a_problem_everywhere(cloud: Cloud, scene: Scene) -> None:
    wrong = []
    needed = set(routes_with_a_body(cloud, needed=True))
    for route in routes_with_a_body(cloud):
        method, template = route.split(" ", 1)
        for who in ("anonymous", "staff"):
            for garbage in GARBAGE:
                if method == "PATCH" and garbage == b"{}":
                    continue  # Changing nothing is fine.
                if route not in needed and garbage in {b"", b"null", b"{}"}:
                    continue  # So is saying nothing where nothing need be said.
                answer = await cloud.http.request(
                    method,
                    scene.path(template),
                    headers={"Content-Type": "application/json"} | scene.headers(who),
                    content=garbage,
                )
                if not 400 <= answer.status_code < 500 or not is_problem(answer):
                    wrong.append((route, who, garbage[:60], answer.status_code))
    assert wrong == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "cursor=%00", "cursor=WzFd", "cursor=!!", "cursor=WyJ4Il0"]
)
async def test_a_list_asked_for_wrongly_says_so(cloud: Cloud, scene: Scene, query: str) -> None:
    owner = scene.people["owner"]
    assert owner is not None
    for path in ("/v1/farms", "/v1/users/me/sessions", "/v1/users/me/activity"):
        problem = await cloud.get(f"{path}?{query}", owner, status=422)
        assert problem["code"] == "validation_failed"


@pytest.mark.parametrize("bad", ["x", "%00", "..", "00000000-0000-0000-0000-00000000000g"])
async def test_an_id_that_is_none_is_a_problem(cloud: Cloud, scene: Scene, bad: str) -> None:
    answer = await cloud.http.get(f"/v1/farms/{bad}/members", headers=scene.headers("owner"))
    assert answer.status_code in {404, 422}
    assert is_problem(answer)


def changes_nothing(route: str) -> bool:
    """Tell whether a route may be called on the scene without spoiling it for the next call."""
    method, path = route.split(" ", 1)
    if method == "DELETE" or path == "/v1/auth/logout" or path.endswith(("/stop", "/reset-code")):
        return False
    return not path.endswith("/restore")


THINGS = {"{house}", "{device}", "{schedule}"}
VALID: dict[str, object] = {
    "PATCH /v1/farms/{farm}/houses/{house}": {},
    "PUT /v1/farms/{farm}/houses/{house}/autopilot": {"mode": "advise"},
    "POST /v1/farms/{farm}/houses/{house}/recommendation/accept": {"advised_k": 0.5},
    "POST /v1/farms/{farm}/houses/{house}/twin/simulate": SIMULATED,
    "POST /v1/farms/{farm}/houses/{house}/twin/calibrate": {"from": "2026-02-01T00:00:00Z"},
    "PUT /v1/farms/{farm}/houses/{house}/setpoints": {
        "temperature_min_c": 20,
        "temperature_max_c": 30,
        "temperature_hard_max_c": 35,
    },
    "PUT /v1/farms/{farm}/houses/{house}/mode": {"mode": "growth"},
    "POST /v1/farms/{farm}/houses/{house}/readings": {
        "readings": [{"device_id": "x", "quantity": "vpd", "t": "2026-02-01T00:00:00Z", "value": 1}]
    },
    "PUT /v1/farms/{farm}/houses/{house}/rules": {"version": 0, "rules": []},
    "PUT /v1/farms/{farm}/houses/{house}/alarms": {"version": 0, "alarms": []},
    "PUT /v1/farms/{farm}/alerts/{alert}/shelve": {"for_s": 60},
    "POST /v1/farms/{farm}/houses/{house}/zones": {"name": "north"},
    "PATCH /v1/farms/{farm}/houses/{house}/zones/{zone}": {"name": "north"},
    "POST /v1/farms/{farm}/houses/{house}/flocks": {
        "placed_on": "2026-02-01",
        "placed_count": 500,
    },
    "PATCH /v1/farms/{farm}/houses/{house}/flocks/{flock}": {},
    "POST /v1/farms/{farm}/houses/{house}/crop-cycles": {
        "crop_type": "tomato",
        "planted_on": "2026-02-01",
    },
    "PATCH /v1/farms/{farm}/houses/{house}/crop-cycles/{crop}": {},
    "POST /v1/farms/{farm}/houses/{house}/harvests": {"kg": 1},
    "POST /v1/farms/{farm}/devices/{device}/calibrate": {"name": "offset", "value": 1},
    "PUT /v1/farms/{farm}/schedules/{schedule}": WRITTEN | {"version": 1},
    "PUT /v1/farms/{farm}/schedules/{schedule}/enabled": {"enabled": True},
    "POST /v1/farms/{farm}/schedules/{schedule}/rollback": {"version": 1},
    "PATCH /v1/farms/{farm}/devices/{device}": {},
    "PUT /v1/farms/{farm}/devices/{device}/config": {"parameters": []},
    "POST /v1/farms/{farm}/devices/{device}/commands": {"action": "on"},
}
"""Bodies that are right, so that only the id can be wrong."""
