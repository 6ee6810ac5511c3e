"""Every route, called wrongly: each answer is a problem that its description declares."""

from dataclasses import dataclass

import httpx
import pytest

from tests.support.cloud import Cloud
from tests.support.scene import Scene, declared_problems, is_problem, routes_with_a_body

BAD_IDS = ("x", "%00", "%ff", "ក", "a" * 3000)
BAD_QUERIES = (
    "limit=0",
    "limit=99999999999999999999",
    "cursor=%00",
    "cursor=WzFd",
    "cursor=bnVsbA",
    "cursor=WyI5OTk5LTEyLTMxVDIzOjU5OjU5LTE0OjAwIiwiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwIl0",
    "from=x",
    "from=9999-12-31T23:59:59-12:00",
    "from=0001-01-01T00:00:00%2B14:00&to=9999-12-31T00:00:00Z",
    "house=%00&device=x&user=x",
    "house_id=x&hours=-1&count=0",
    "severity=x&type=%00&state=x",
    "since=99999999999999999999",
    "quantity=x&points=1",
)
BAD_BODIES = (
    ("application/json", b""),
    ("application/json", b"x"),
    ("application/json", b"[" * 100_000),
    ("application/json", b'{"a":' * 50_000),
    ("application/json", b"9" * 5000),
    ("application/json; charset=utf-16", '{"nonsense":1}'.encode("utf-16")),
    ("application/json", b" " * 1_100_000),
    ("text/plain", b"{}"),
    ("application/x-www-form-urlencoded", b"name=x"),
    ("multipart/form-data; boundary=x", b"--x--"),
)
BAD_TOKENS = ("Bearer", "Basic eDp5", "Bearer a.b.c", "Bearer " + "a" * 5000, "Bearer x y")
WITH_A_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Calls routes and remembers every answer that should not be."""

    cloud: Cloud
    scene: Scene
    declared: dict[str, dict[int, list[str]]]
    odd: list[tuple[str, str, str]]

    async def call(self, route: str, path: str, why: str, **request: object) -> httpx.Response:
        """Call a route and look at the answer."""
        method = route.split(" ", 1)[0]
        answer = await self.cloud.http.request(method, path, **request)  # type: ignore[arg-type]  # as httpx takes them
        if answer.status_code >= 400:
            self._look(route, why, answer)
        return answer

    def _look(self, route: str, why: str, answer: httpx.Response) -> None:
        if answer.status_code >= 500 or not is_problem(answer):
            self.odd.append((route, why, answer.text[:200]))
            return
        said = answer.json()
        if said["code"] not in self.declared[route].get(answer.status_code, []):
            self.odd.append((route, why, f"not declared: {answer.status_code} {said['code']}"))
        if not said["detail"] or answer.headers["x-request-id"] != said["request_id"]:
            self.odd.append((route, why, f"says too little: {answer.text[:200]}"))


@pytest.fixture
async def caller(cloud: Cloud, scene: Scene) -> Caller:
    return Caller(cloud=cloud, scene=scene, declared=declared_problems(cloud), odd=[])


def halves(routes: dict[str, dict[int, list[str]]], half: int) -> list[tuple[str, str]]:
    """Return every other route with its template, so that no test takes long."""
    return [(route, route.split(" ", 1)[1]) for route in sorted(routes)[half::2]]


@pytest.mark.parametrize("half", [0, 1])
async def test_an_id_that_is_none_is_a_problem_at_every_place(caller: Caller, half: int) -> None:
    headers = caller.scene.headers("staff")
    for route, template in halves(caller.declared, half):
        for path in caller.scene.paths_with(template, BAD_IDS):
            body = {"nonsense": True} if route.split(" ", 1)[0] in WITH_A_BODY else None
            await caller.call(route, path, path, headers=headers, json=body)
    assert caller.odd == []


@pytest.mark.parametrize("half", [0, 1])
async def test_a_query_that_is_none_is_a_problem_or_passed_over(caller: Caller, half: int) -> None:
    for route, template in halves(caller.declared, half):
        if not route.startswith("GET "):
            continue
        for query in BAD_QUERIES:
            path = f"{caller.scene.path(template)}?{query}"
            await caller.call(route, path, query, headers=caller.scene.headers("owner"))
    assert caller.odd == []


@pytest.mark.parametrize("half", [0, 1])
async def test_a_body_that_is_none_is_a_problem_everywhere(caller: Caller, half: int) -> None:
    with_a_body = set(routes_with_a_body(caller.cloud))
    needed = set(routes_with_a_body(caller.cloud, needed=True))
    for route, template in halves(caller.declared, half):
        if route not in with_a_body:
            continue
        for media_type, body in BAD_BODIES:
            answer = await caller.call(
                route,
                caller.scene.path(template),
                f"{media_type} {body[:20]!r}",
                headers=caller.scene.headers("staff") | {"Content-Type": media_type},
                content=body,
            )
            if answer.status_code < 400 and (body or route in needed):
                caller.odd.append((route, f"{media_type} {body[:20]!r}", "taken"))
    assert caller.odd == []


async def test_a_token_that_is_none_lets_nobody_in(caller: Caller) -> None:
    for route, template in [*halves(caller.declared, 0), *halves(caller.declared, 1)]:
        if 401 not in caller.declared[route] or "login_failed" in caller.declared[route][401]:
            continue
        for token in BAD_TOKENS:
            answer = await caller.call(
                route, caller.scene.path(template), token[:20], headers={"Authorization": token}
            )
            if answer.status_code not in {401, 422}:
                caller.odd.append((route, token[:20], str(answer.status_code)))
    assert caller.odd == []


@pytest.mark.parametrize(
    ("media_type", "body", "detail"),
    [
        ("text/plain", b"{}", "body: Send a JSON object, with `Content-Type: application/json`."),
        ("application/json", b"{x", "body: This is not JSON: "),
        ("application/json", b'{"login": "x"}', "body.login: String should have at least 3"),
        ("application/json", b"{}", "body.login: This is needed."),
        (
            "application/json",
            b'{"login": "012345678", "why": 1}',
            "body.why: There is no such field here.",
        ),
    ],
)
async def test_what_is_wrong_with_a_request_is_said_in_a_sentence(
    cloud: Cloud, media_type: str, body: bytes, detail: str
) -> None:
    answer = await cloud.http.post(
        "/v1/auth/forgot-password", content=body, headers={"Content-Type": media_type}
    )
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(detail)
