"""The short way to a route: the same one that asking all in turn finds."""

from uuid import UUID

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Match

from tokkatot.cloud.platform.routing import RoutesByShape

ID = UUID(int=7)
router = APIRouter(prefix="/v1/things")


@router.get("/{thing}")
async def one(thing: UUID) -> None:
    del thing


@router.put("/{thing}")
async def change(thing: UUID) -> None:
    del thing


@router.get("/newest")
async def newest() -> None:
    return


@router.get("/{thing}/parts/{part}")
async def part(thing: UUID, part: str) -> None:
    del thing, part


def found(method: str, path: str) -> tuple[str, dict[str, str]] | None:
    scope = {"type": "http", "method": method, "path": path}
    match, child = RoutesByShape(router.routes).matches(scope)
    if match is Match.NONE:
        return None
    route = child["route"]
    assert isinstance(route, APIRoute)
    return route.name, child["path_params"]


@pytest.mark.parametrize(
    ("method", "path", "name", "parameters"),
    [
        ("GET", f"/v1/things/{ID}", "one", {"thing": str(ID)}),
        ("PUT", f"/v1/things/{ID}", "change", {"thing": str(ID)}),
        # The one that stands first, as in FastAPI, where both would do.
        ("GET", "/v1/things/newest", "one", {"thing": "newest"}),
        ("GET", f"/v1/things/{ID}/parts/{ID}", "part", {"thing": str(ID), "part": str(ID)}),
    ],
)
def test_a_path_of_ids_finds_the_first_route_that_it_matches(
    method: str, path: str, name: str, parameters: dict[str, str]
) -> None:
    assert found(method, path) == (name, parameters)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", f"/v1/things/{ID}"),
        ("GET", f"/v1/things/{ID}/parts/lid"),
        ("GET", f"/v1/things/{ID}/"),
        ("GET", "/v1/things"),
        ("GET", f"/v1/{ID}/things"),
    ],
)
def test_anything_else_is_left_to_who_asks_every_route(method: str, path: str) -> None:
    assert found(method, path) is None
