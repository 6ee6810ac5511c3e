"""A farm with its people and one of each thing, to call every route of the cloud upon."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import uuid4

import httpx

from tests.support.cloud import Cloud, Person
from tokkatot.cloud.platform.openapi import describe
from tokkatot.wire.problems import CODES

WRITTEN: dict[str, object] = {
    "name": "Warmth",
    "does": {
        "kind": "temperature_curve",
        "minimum_c": [{"day": 0, "value": 20}],
        "maximum_c": [{"day": 0, "value": 30}],
    },
}
"""A schedule's body, but for its house."""

SIMULATED: dict[str, object] = {
    "weather": {"kind": "given", "hours": [{"temperature_c": 30, "humidity_pct": 70}] * 2}
}
"""What a twin is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A farm with its people and one of each thing in it."""

    people: dict[str, Person | None]
    ids: dict[str, str]

    def path(self, template: str) -> str:
        """Return the address of the farm's own thing, or of one that never was."""
        parts = [
            self.ids.get(part[1:-1], str(uuid4())) if part.startswith("{") else part
            for part in template.split("/")
        ]
        return "/".join(parts)

    def paths_with(self, template: str, words: Iterable[str]) -> Iterator[str]:
        """Yield the address with each word in each place of an id, the other places being right."""
        parts = template.split("/")
        for place, part in enumerate(parts):
            if part.startswith("{"):
                for word in words:
                    changed = [*parts[:place], "\0", *parts[place + 1 :]]
                    yield self.path("/".join(changed)).replace("\0", word)

    def headers(self, who: str) -> dict[str, str]:
        """Return what a person's requests carry."""
        person = self.people[who]
        return person.headers if person else {}


async def scene_in(cloud: Cloud) -> Scene:
    """Lay out the farm."""
    owner, farm = await cloud.sign_up()
    stranger, _ = await cloud.sign_up("Elsewhere")
    staff = await cloud.staff()
    house = await cloud.post(f"/v1/farms/{farm}/houses", {"name": "Coop 1", "kind": "coop"}, owner)
    device = await cloud.post(
        f"/v1/farms/{farm}/devices",
        {
            "house_id": house["id"],
            "hardware_id": "pump-1",
            "name": "Pump",
            "role": "water_pump",
            "interface": "relay",
        },
        staff,
    )
    schedule = await cloud.post(
        f"/v1/farms/{farm}/schedules", WRITTEN | {"house_id": house["id"]}, owner
    )
    job = await cloud.post(
        f"/v1/farms/{farm}/houses/{house['id']}/twin/simulate", SIMULATED, owner, status=202
    )
    return Scene(
        people={
            "anonymous": None,
            "stranger": stranger,
            "viewer": await cloud.member(owner, farm, "viewer"),
            "manager": await cloud.member(owner, farm, "manager"),
            "owner": owner,
            "staff": staff,
        },
        ids={
            "farm": str(farm),
            "farm_id": str(farm),
            "house": house["id"],
            "device": device["id"],
            "schedule": schedule["id"],
            "job": job["id"],
            "user": str(owner.user_id),
        },
    )


def routes(cloud: Cloud) -> Iterator[str]:
    """Return every route of the description as `METHOD /path`."""
    for path, operations in describe(cloud.app, title="t", version="v")["paths"].items():
        for method in operations:
            yield f"{method.upper()} {path}"


def routes_with_a_body(cloud: Cloud, *, needed: bool = False) -> Iterator[str]:
    """Yield the routes that the description gives a body, or those that do nothing without it."""
    for path, operations in describe(cloud.app, title="t", version="v")["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody")
            if body is not None and (body.get("required", False) or not needed):
                yield f"{method.upper()} {path}"


def is_problem(answer: object) -> bool:
    """Tell whether an answer has the shape that every error has."""
    assert isinstance(answer, httpx.Response)
    body = answer.json()
    return (
        answer.headers["content-type"] == "application/problem+json"
        and {"type", "title", "status", "detail", "code", "request_id"} <= body.keys()
        and body["status"] == answer.status_code
        and body["code"] in CODES
    )


def declared_problems(cloud: Cloud) -> dict[str, dict[int, list[str]]]:
    """Return the codes that the description names for each route, by status."""
    return {
        f"{method.upper()} {path}": {
            int(status): response.get("x-codes", [])
            for status, response in operation["responses"].items()
        }
        for path, operations in describe(cloud.app, title="t", version="v")["paths"].items()
        for method, operation in operations.items()
    }
