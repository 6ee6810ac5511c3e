"""People of the demo farm at the HTTP interface and the WebSocket."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import websockets

from tokkatot.sim.farm import PASSWORD

Json = Any  # answers of the interface under test, taken apart by the tests
_TIMEOUT_S = 60.0


class Person:
    """A logged-in user, or a passer-by without a token."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.url = url
        self.token = token
        self.http = httpx.AsyncClient(base_url=f"{url}/v1", headers=headers, timeout=_TIMEOUT_S)

    @classmethod
    async def log_in(cls, url: str, login: str, password: str = PASSWORD) -> "Person":
        """Return the person behind a login."""
        async with httpx.AsyncClient(base_url=f"{url}/v1", timeout=_TIMEOUT_S) as http:
            answer = await http.post("/auth/login", json={"login": login, "password": password})
        assert answer.status_code == httpx.codes.OK, answer.text
        return cls(url, token=answer.json()["access_token"])

    async def get(self, path: str, **params: str | int) -> Json:
        """Return the body of a GET that must succeed."""
        return _body(await self.http.get(path, params=params))

    async def post(self, path: str, body: Json = None, **headers: str) -> Json:
        """Return the body of a POST that must succeed."""
        return _body(await self.http.post(path, json=body, headers=headers))

    async def put(self, path: str, body: Json = None) -> Json:
        """Return the body of a PUT that must succeed."""
        return _body(await self.http.put(path, json=body))

    async def delete(self, path: str) -> None:
        """Ask for a DELETE that must succeed."""
        answer = await self.http.delete(path)
        assert answer.is_success, f"{answer.request.url}: {answer.status_code} {answer.text}"

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def farm(self, name: str = "Kandal Farm") -> Json:
        """Return a farm by its name."""
        return _named(await self.get("/farms"), name)

    async def house(self, name: str, farm: str = "Kandal Farm") -> "HouseView":
        """Return a house by its name."""
        farm_id = (await self.farm(farm))["id"]
        house = _named(await self.get(f"/farms/{farm_id}/houses"), name)
        return HouseView(person=self, farm_id=farm_id, house_id=house["id"])


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseView:
    """A house as one person sees it."""

    person: Person
    farm_id: str
    house_id: str

    @property
    def path(self) -> str:
        """Where the house lies in the interface."""
        return f"/farms/{self.farm_id}/houses/{self.house_id}"

    def device_path(self, device_id: str) -> str:
        """Where one of its devices lies."""
        return f"/farms/{self.farm_id}/devices/{device_id}"

    async def state(self) -> Json:
        """Return the state of the house in one answer."""
        return await self.person.get(f"{self.path}/state")

    async def reporting(self, within_s: float = 120.0) -> None:
        """Return once the hub is online and every actuator said where it is."""

        async def all_known() -> bool:
            state = await self.state()
            known = [item["actual"] is not None for item in state["actuators"]]
            return bool(state["hub"]["online"] and state["readings"] and known and all(known))

        await eventually("the house reports", all_known, within_s=within_s)

    async def actuator(self, name: str) -> Json:
        """Return an actuator of the state by its name."""
        found = [item for item in (await self.state())["actuators"] if item["name"] == name]
        assert len(found) == 1, f"{name}: {found}"
        return found[0]

    async def tap(self, name: str, action: str, **more: int) -> Json:
        """Give an order to an actuator by its name, and return the command."""
        device_id = (await self.actuator(name))["device_id"]
        return await self.person.post(
            f"{self.device_path(device_id)}/commands", {"action": action, **more}
        )

    async def command(self, command: Json) -> Json:
        """Return a command as it stands now."""
        path = self.device_path(command["device_id"])
        return await self.person.get(f"{path}/commands/{command['id']}")

    async def ended(self, command: Json, within_s: float = 60.0) -> Json:
        """Return a command once it has reached an end."""

        async def end() -> Json:
            now = await self.command(command)
            return now if now["state"] not in {"queued", "sent", "executing"} else None

        return await eventually(f"command {command['id']} ends", end, within_s=within_s)


async def eventually(
    what: str, probe: Callable[[], Any], *, within_s: float = 120.0, poll_s: float = 0.1
) -> Any:
    """Return the first truthy answer of an awaitable probe."""
    try:
        async with asyncio.timeout(within_s):
            while True:
                found = await probe()
                if found:
                    return found
                await asyncio.sleep(poll_s)
    except TimeoutError:
        raise AssertionError(f"not within {within_s:.0f} s: {what}") from None


@asynccontextmanager
async def watching(house: HouseView, *, since: int | None = None) -> AsyncIterator["Watch"]:
    """Subscribe to a house's farm as the phone does, or again from the last number that it saw.

    What is told from here on is heard: the server has shown that it holds the subscription.
    """
    address = house.person.url.replace("http", "ws", 1) + "/v1/ws"
    async with websockets.connect(address, open_timeout=_TIMEOUT_S) as socket:
        await socket.send(json.dumps({"type": "auth", "token": house.person.token}))
        seen = {} if since is None else {"since": since}
        await socket.send(json.dumps({"type": "subscribe", "farm": house.farm_id} | seen))
        watch = Watch(socket)
        await watch.begin()
        yield watch


class Watch:
    """The frames of one subscription."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket
        self._unread: deque[Json] = deque()

    async def begin(self) -> None:
        """Return once the first snapshot has come; it and what came before it is still read."""
        async with asyncio.timeout(_TIMEOUT_S):
            while not self._unread or self._unread[-1]["type"] != "snapshot":
                self._unread.append(json.loads(await self._socket.recv()))

    async def frame(self, fits: Callable[[Json], bool], within_s: float = _TIMEOUT_S) -> Json:
        """Return the first frame that fits."""
        async with asyncio.timeout(within_s):
            while True:
                found = await self._next()
                if fits(found):
                    return found

    async def _next(self) -> Json:
        return self._unread.popleft() if self._unread else json.loads(await self._socket.recv())

    async def until(self, last: Callable[[Json], bool]) -> list[Json]:
        """Return all frames to the first that fits."""
        found: list[Json] = []

        def fits(frame: Json) -> bool:
            found.append(frame)
            return last(frame)

        await self.frame(fits)
        return found


def _body(answer: httpx.Response) -> Json:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return answer.json() if answer.content else None


def _named(page: Json, name: str) -> Json:
    found = [item for item in page["items"] if item["name"] == name]
    assert len(found) == 1, f"{name!r}: {[item['name'] for item in page['items']]}"
    return found[0]
