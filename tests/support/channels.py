"""What tests of people's channels have in common."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.support.browser import Browser
from tests.support.cloud import Person
from tests.support.house import ONE, House
from tests.support.http_peer import HttpPeer
from tests.support.post_office import PostOffice
from tokkatot.cloud.channels.courier import Courier
from tokkatot.cloud.channels.services import carriers
from tokkatot.cloud.platform.metrics import Metrics
from tokkatot.kit.clock import Clock

Json = Any  # answers of the interface under test, taken apart by the tests

CHANNELS = "/v1/users/me/channels"
ADDRESS = "sokha@example.com"
CLOUDS_BOT = "123456789:" + "A" * 35


def choose(house: House, **settings: object) -> None:
    """Give the cloud settings beside those that it has."""
    context = house.cloud.context
    chosen = context.settings.model_copy(update=settings)
    house.cloud.context = replace(context, settings=chosen)
    house.cloud.app.state.context = house.cloud.context


def courier(house: House, clock: Clock | None = None) -> Courier:
    """Return the courier of a process that has just started."""
    context = house.cloud.context
    fresh = replace(context, metrics=Metrics(), clock=clock or context.clock)
    return Courier(fresh, carriers(fresh))


async def carry(house: House) -> int:
    """Carry what is due, and return how much that was."""
    async with asyncio.TaskGroup() as group:
        return await courier(house).start(group)


async def call(
    house: House, method: str, path: str = "", body: Json = None, person: Person | None = None
) -> tuple[int, Json]:
    answer = await house.cloud.http.request(
        method, CHANNELS + path, json=body, headers=(person or house.owner).headers
    )
    return answer.status_code, answer.json() if answer.content else None


async def add(house: House, body: Mapping[str, object], person: Person | None = None) -> Json:
    status, added = await call(house, "POST", "", dict(body), person)
    assert status == 201, added
    return added


async def channel(house: House, person: Person | None = None) -> Json:
    """Return the only channel of a person."""
    ((one,),) = [(await call(house, "GET", "", None, person))[1]["items"]]
    return one


def phone_at(service: HttpPeer) -> Browser:
    """Return a browser that has subscribed there."""
    return Browser(f"https://{service.host}/push/phone-1")


async def raise_one(house: House, seq: int = 1, alert: str = ONE, **more: object) -> None:
    await house.send("events", [house.alert_row(seq, "raised", alert, **more)], seq)


async def speak(house: House, language: str) -> None:
    answer = await house.cloud.http.patch(
        "/v1/users/me", json={"language": language}, headers=house.owner.headers
    )
    assert answer.status_code == 200


def code_in(text: str) -> str:
    found = re.search(r"\b\d{6}\b", text)
    assert found is not None
    return found[0]


async def mailed(house: House, mails: PostOffice, address: str = ADDRESS) -> str:
    """Add an e-mail channel, prove it, and return its id."""
    added = await add(house, {"kind": "email", "address": address})
    await carry(house)
    code = code_in(mails.taken[-1]["subject"])
    assert (await call(house, "POST", f"/{added['id']}/verify", {"code": code}))[0] == 204
    mails.taken.clear()
    return str(added["id"])
