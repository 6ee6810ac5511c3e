"""What every request passes before a route."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from inspect import isasyncgenfunction, iscoroutinefunction
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy import text
from starlette.types import ASGIApp
from structlog.processors import format_exc_info
from structlog.testing import capture_logs

from tests.support.cloud import PASSWORD, Cloud, cloud_over
from tokkatot.cloud.app import ROUTERS
from tokkatot.cloud.main import web_server
from tokkatot.cloud.platform.context import Tx
from tokkatot.cloud.platform.http import HttpLimits
from tokkatot.domain.ids import FarmId

NARROW = HttpLimits(per_minute=5, auth_per_minute=2, body_bytes=1000)
HASTY = HttpLimits(timeout_s=0.1)
ONE_READER = HttpLimits(readers_at_once=1)


@pytest.fixture
async def narrow(postgres_url: str, tmp_path: Path) -> AsyncIterator[Cloud]:
    web = tmp_path / "web"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text("<title>Tokkatot</title>")
    (web / "sw.js").write_text("//")
    (web / "assets" / "app-abc123.js").write_text("x" * 2000)
    async with cloud_over(postgres_url, tmp_path, limits=NARROW, web_folder=web) as cloud:
        yield cloud


async def log_in_statuses(
    cloud: Cloud,
    *addresses: str,
    app: ASGIApp | None = None,
    headers: Mapping[str, str] | None = None,
) -> list[int]:
    """Log in with a wrong password from each address in turn; return the answers' statuses."""
    found = []
    for address in addresses:
        transport = httpx.ASGITransport(app or cloud.app, client=(address, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://cloud.test") as http:
            body = {"login": "012345678", "password": PASSWORD}
            answer = await http.post("/v1/auth/login", json=body, headers=headers)
            found.append(answer.status_code)
    return found


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer x"}])
async def test_logging_in_is_limited_more_than_the_rest(
    narrow: Cloud, headers: dict[str, str]
) -> None:
    assert await log_in_statuses(narrow, *["127.0.0.1"] * 3, headers=headers) == [401, 401, 429]
    assert (await narrow.http.get("/v1/openapi.json")).status_code == 200


async def test_what_takes_a_session_is_no_attempt_to_log_in(narrow: Cloud) -> None:
    owner, _ = await narrow.sign_up()
    wrong = {"registration_key": "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"}
    statuses = [
        (
            await narrow.http.post("/v1/auth/verify-contact", json=wrong, headers=owner.headers)
        ).status_code
        for _ in range(3)
    ]
    assert statuses == [422] * 3


@pytest.mark.parametrize(
    ("addresses", "statuses"),
    [
        # One line of IPv6 has 2^64 addresses.
        (["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3"], [401, 401, 429]),
        (["2001:db8::1", "2001:db8::2", "2001:db8:0:1::3"], [401, 401, 401]),
        # Those of IPv4 are what they are, however they are written.
        (["::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"], [401, 401, 429]),
        (["::ffff:192.0.2.1", "::ffff:192.0.2.2", "192.0.2.3"], [401, 401, 401]),
        (["fe80::1%eth0", "fe80::2%eth0", "fe80::3"], [401, 401, 429]),
    ],
)
async def test_attempts_are_counted_by_whoever_has_the_line(
    narrow: Cloud, addresses: list[str], statuses: list[int]
) -> None:
    assert await log_in_statuses(narrow, *addresses) == statuses


async def test_phones_behind_a_proxy_that_is_named_are_counted_apart(narrow: Cloud) -> None:
    settings = narrow.context.settings.model_copy(update={"trusted_proxies": "10.0.0.0/24"})
    config = web_server(narrow.app, settings).config
    assert config.forwarded_allow_ips == settings.trusted_proxies
    config.load()

    async def through(proxy: str) -> list[int]:
        return [
            status
            for last in range(3)
            for status in await log_in_statuses(
                narrow, proxy, app=config.loaded_app, headers={"X-Forwarded-For": f"192.0.2.{last}"}
            )
        ]

    assert await through("10.0.0.7") == [401, 401, 401]
    assert await through("10.0.1.7") == [401, 401, 429]


async def test_an_address_has_so_many_requests_a_minute(narrow: Cloud) -> None:
    answers = [await narrow.http.get("/v1/users/me") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert answers[-1].json()["code"] == "rate_limited"
    narrow.clock.advance(int(answers[-1].headers["retry-after"]))
    assert (await narrow.http.get("/v1/users/me")).status_code == 401


async def test_health_is_never_limited(narrow: Cloud) -> None:
    answers = [await narrow.http.get("/health") for _ in range(10)]
    assert {answer.status_code for answer in answers} == {200}


async def test_a_body_that_says_it_is_too_large_is_refused(narrow: Cloud) -> None:
    answer = await narrow.http.post("/v1/auth/login", content=b"x" * 1001)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_body_that_hides_its_size_is_refused_too(narrow: Cloud) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * 100

    answer = await narrow.http.post(
        "/v1/auth/login", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_request_has_so_much_time(postgres_url: str, tmp_path: Path) -> None:
    router = APIRouter()

    @router.get("/v1/slow")
    async def slow() -> None:
        await asyncio.Event().wait()

    async with cloud_over(postgres_url, tmp_path, limits=HASTY) as hasty:
        hasty.app.include_router(router)
        answer = await hasty.http.get("/v1/slow")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_who_reads_is_sent_away_where_too_many_read_at_once(
    postgres_url: str, tmp_path: Path
) -> None:
    router, come, go = APIRouter(), asyncio.Event(), asyncio.Event()

    @router.api_route("/v1/slow", methods=["GET", "POST"])
    async def slow(request: Request) -> None:
        if request.method == "GET":
            come.set()
            await go.wait()

    async with cloud_over(postgres_url, tmp_path, limits=ONE_READER) as cloud:
        cloud.app.include_router(router)
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(cloud.http.get("/v1/slow"))
            await come.wait()
            away = await cloud.http.get("/v1/slow")
            written = await cloud.http.post("/v1/slow")
            go.set()
        again = await cloud.http.get("/v1/slow")
    assert (away.status_code, away.json()["code"]) == (503, "unavailable")
    assert away.headers["retry-after"] == "1"
    assert {answer.status_code for answer in (first.result(), written, again)} == {200}


async def test_what_nobody_caught_is_told_without_details(cloud: Cloud) -> None:
    router = APIRouter()

    @router.get("/v1/broken")
    async def broken() -> None:
        raise ZeroDivisionError("the secret is 42")

    cloud.app.include_router(router)
    answer = await cloud.http.get("/v1/broken", headers={"X-Request-ID": "mine"})
    assert answer.status_code == 500
    assert answer.json()["request_id"] == answer.headers["x-request-id"] == "mine"
    assert "secret" not in answer.text


async def test_a_commit_that_fails_is_an_error_and_not_a_success(cloud: Cloud) -> None:
    router = APIRouter()

    @router.post("/v1/late")
    async def late(tx: Tx) -> dict[str, bool]:
        tx.emit(FarmId(UUID(int=0)), "farm.changed", {})
        return {"done": True}

    cloud.app.include_router(router)
    answer = await cloud.http.post("/v1/late")
    assert answer.status_code == 500


async def test_what_the_driver_itself_is_refused_is_said_as_well(cloud: Cloud) -> None:
    router = APIRouter()

    @router.get("/v1/copied")
    async def copied(tx: Tx) -> None:
        # As from a COPY, which goes past the session.
        give_up = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$"
        await (await tx.psycopg()).execute(give_up)

    cloud.app.include_router(router)
    answer = await cloud.http.get("/v1/copied")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_a_database_that_is_gone_is_said_to_be(cloud: Cloud) -> None:
    owner, _ = await cloud.sign_up()
    router = APIRouter()

    @router.get("/v1/cut")
    async def cut(tx: Tx) -> None:
        await tx.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    cloud.app.include_router(router)
    answer = await cloud.http.get("/v1/cut")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    # The next request finds a connection that works.
    await cloud.get("/v1/users/me", owner)


async def test_an_error_of_the_database_is_logged_with_whoever_asked(cloud: Cloud) -> None:
    router = APIRouter()

    @router.get("/v1/wrong")
    async def wrong(tx: Tx) -> None:
        await tx.session.execute(text("SELECT nothing_of_the_kind"))

    cloud.app.include_router(router)
    with capture_logs(processors=[format_exc_info]) as logs:
        assert (await cloud.http.get("/v1/wrong")).status_code == 500
    (told,) = (entry["exception"] for entry in logs if entry["event"] == "database.error")
    assert "in wrong" in told


async def test_a_request_id_that_is_none_is_replaced(cloud: Cloud) -> None:
    answer = await cloud.http.get("/health", headers={"X-Request-ID": "a b\tc" * 50})
    assert len(answer.headers["x-request-id"]) == 32


async def test_no_other_site_may_read_answers(cloud: Cloud) -> None:
    answer = await cloud.http.get("/health", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_large_answers_are_packed(cloud: Cloud) -> None:
    large = await cloud.http.get("/v1/openapi.json")
    small = await cloud.http.get("/health")
    assert large.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in small.headers


async def test_the_app_is_asked_for_anew_and_its_hashed_files_never(narrow: Cloud) -> None:
    page = await narrow.http.get("/")
    deep = await narrow.http.get("/farms/1/houses/2")
    worker = await narrow.http.get("/sw.js")
    asset = await narrow.http.get("/assets/app-abc123.js")
    assert page.text == deep.text == "<title>Tokkatot</title>"
    assert {page.headers["cache-control"], worker.headers["cache-control"]} == {"no-cache"}
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    "path", ["/assets/gone.js", "/v1/nothing", "/v1", "/../pyproject.toml", "/%2e%2e/x.toml"]
)
async def test_what_is_not_there_is_not_the_page(narrow: Cloud, path: str) -> None:
    answer = await narrow.http.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_wrong_method_is_told_which_is_right(cloud: Cloud) -> None:
    answer = await cloud.http.get("/v1/auth/login")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_ready_says_which_part_is_not(cloud: Cloud) -> None:
    assert (await cloud.http.get("/ready")).json() == {
        "ready": True,
        "parts": {"database": True, "schema": True},
    }
    async with cloud.context.database.transaction() as tx:
        await tx.session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    answer = await cloud.http.get("/ready")
    assert (answer.status_code, answer.json()["parts"]["schema"]) == (503, False)


async def test_requests_are_counted_by_route(cloud: Cloud) -> None:
    owner, farm = await cloud.sign_up()
    await cloud.get(f"/v1/farms/{farm}", owner)
    counted = (await cloud.http.get("/metrics")).text
    assert (
        'tokkatot_http_requests_total{method="GET",route="/v1/farms/{farm}",status="200"} 1.0'
        in counted
    )
    assert str(farm) not in counted


def test_no_dependency_of_a_route_waits_for_a_thread() -> None:
    # FastAPI runs plain functions in a pool of threads: four of them cost more than the request.
    found = {
        dependency.call
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for dependency in flat(route.dependant)
    }
    calls = [call for call in found if call is not None]
    waiting = [c for c in calls if not (iscoroutinefunction(c) or isasyncgenfunction(c))]
    assert calls
    assert [c.__qualname__ for c in waiting if not iscoroutinefunction(type(c).__call__)] == []


def flat(dependant: Dependant) -> Iterator[Dependant]:
    for dependency in dependant.dependencies:
        yield dependency
        yield from flat(dependency)
