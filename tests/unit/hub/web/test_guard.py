"""Who may talk to the page at all, and what it makes of rubbish."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from tests.support.engine import FARM, HOUSE, HUB, IDS
from tests.unit.hub.web.conftest import FARM_PATH, OWNER, PIN, URL, Page
from tokkatot.domain.devices import DeviceRole
from tokkatot.hub.web.asking import MAX_BODY_BYTES

NAME = f"tokkatot-{HUB.hex[-8:]}.local"
LIGHT = IDS[DeviceRole.LIGHT]
WITH_BODY = [
    ("POST", "/v1/auth/hub-pass"),
    ("POST", "/v1/auth/refresh"),
    ("POST", "/v1/farms/{farm:uuid}/devices/{device:uuid}/commands"),
]
WITHOUT_BODY = {
    ("POST", "/v1/auth/logout"),
    ("POST", "/v1/farms/{farm:uuid}/stop"),
    ("POST", "/v1/farms/{farm:uuid}/houses/{house:uuid}/stop"),
    ("POST", "/v1/farms/{farm:uuid}/houses/{house:uuid}/photograph"),
    ("POST", "/v1/farms/{farm:uuid}/schedules/{schedule:uuid}/execute-now"),
    ("PUT", "/v1/farms/{farm:uuid}/alerts/{alert:uuid}/acknowledge"),
}


@pytest.mark.parametrize(
    "host", ["192.168.1.5:8470", "10.0.0.1", "[fe80::1]:8470", "localhost:8470", NAME.upper()]
)
async def test_the_page_goes_by_numbers_and_its_own_names(page: Page, host: str) -> None:
    async with page.client() as web:
        assert (await web.get("/v1/hub", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8470", f"{NAME}.evil.example", "192.168.1.5.evil.example", ""],
)
async def test_a_name_that_somebody_else_points_at_the_hub_leads_nowhere(
    page: Page, host: str
) -> None:
    async with await page.person(OWNER) as web:
        answer = await web.get("/v1/farms", headers={"Host": host})
        index = await web.get("/", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "wrong_host")
    assert index.status_code == 421


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://192.168.1.5", "http://192.168.1.5:8471", "file://"],
)
async def test_a_page_of_another_site_can_not_post_here(page: Page, origin: str) -> None:
    async with page.client() as web:
        answer = await web.post(
            "/v1/auth/hub-pass", content=b'{"pin": "135790"}', headers={"Origin": origin}
        )
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")


async def test_its_own_page_can(page: Page) -> None:
    async with page.client() as web:
        answer = await web.post("/v1/auth/hub-pass", json={"pin": PIN}, headers={"Origin": URL})
    assert answer.status_code == 200


async def test_guesses_of_another_site_do_not_lock_the_pin(page: Page) -> None:
    async with page.client() as web:
        for _ in range(9):
            await web.post(
                "/v1/auth/hub-pass", json={"pin": "000000"}, headers={"Origin": "http://x.example"}
            )
    assert (await page.enter(pin=PIN)).status_code == 200


async def test_a_socket_of_another_site_is_closed_before_it_says_anything(page: Page) -> None:
    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    headers = [(b"host", b"192.168.1.5:8470"), (b"origin", b"http://evil.example")]
    scope = {"type": "websocket", "path": "/v1/ws", "headers": headers, "client": ("10.0.0.9", 1)}
    await page.app(scope, receive, send)  # type: ignore[arg-type]  # ASGI's own loose types
    assert sent == [{"type": "websocket.close", "code": 4403, "reason": "cross_site"}]


async def test_a_body_that_is_too_long_is_refused_unread(page: Page) -> None:
    read = 0

    async def endless() -> object:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 1024

    async with page.client() as web:
        answer = await web.post("/v1/auth/hub-pass", content=endless())  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert read <= MAX_BODY_BYTES // 1024 + 2


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "from=2026-01-01T00:00:00",  # without a zone nobody knows when that is
        "to=99999-01-01T00:00:00Z",
        "from=1e400",
        "points=-1",
        "points=99999999999999999999",
        "points=٣",
    ],
)
async def test_times_and_numbers_that_are_none_are_refused(page: Page, query: str) -> None:
    async with await page.person(OWNER) as web:
        answer = await web.get(f"{FARM_PATH}/houses/{HOUSE}/history?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_a_time_with_its_zone_is_taken(page: Page) -> None:
    until = "2026-06-01T07:00:00%2B07:00"
    async with await page.person(OWNER) as web:
        answer = await web.get(f"{FARM_PATH}/houses/{HOUSE}/history?to={until}")
    assert answer.status_code == 200


def test_every_route_that_takes_a_body_is_known_to_the_next_test(page: Page) -> None:
    places = {
        (method, route.path)
        for route in page.app.router.routes
        if isinstance(route, Route)
        for method in {"POST", "PUT"} & (route.methods or set())
    }
    assert places - WITHOUT_BODY == set(WITH_BODY)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(body=st.binary(max_size=200))
async def test_a_body_of_rubbish_is_refused_in_words(page: Page, body: bytes) -> None:
    async with page.client(await token_of(page)) as web:
        for method, path in WITH_BODY:
            here = path.replace("{farm:uuid}", str(FARM)).replace("{device:uuid}", str(LIGHT))
            answer = await web.request(method, here, content=body)
            assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def token_of(page: Page) -> str:
    return str((await page.enter(pin=PIN)).json()["access_token"])
