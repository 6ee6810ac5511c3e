"""People who give orders while everything breaks, and note what they were promised."""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from random import Random  # noqa: TID251 - seeded, to give the same orders again
from uuid import UUID

import httpx
import psycopg

from tests.support.ledger import HELD_S, Given
from tests.support.people import Json, eventually
from tests.support.plant import FANS, Plant

ANSWERED_WITHIN_S = 180.0
PATIENCE_S = 10.0
"""A person who has heard nothing for so long taps again."""
PEOPLE = 4
PAUSE_S = 0.6
OPEN = ("queued", "sent", "executing")
_TURNED_AWAY = {409, 422}


@dataclass(slots=True)
class Taps:
    """Orders whose levels are never the same for a fan, so that each move tells its order."""

    plant: Plant
    random: Random
    count: int
    offs: int = 0
    """So many of the first ones may be `off`, whose lifetime is 5 minutes."""
    promised: set[str] = field(default_factory=set)
    turned_away: int = 0
    """Where nobody could have carried it out, nothing is promised."""
    _given: Counter[str] = field(default_factory=Counter)

    async def run(self) -> None:
        """Let some people tap until all orders are given."""
        async with asyncio.TaskGroup() as group:
            for _ in range(PEOPLE):
                group.create_task(self._tap())

    async def _tap(self) -> None:
        while len(self.promised) < self.count:
            await asyncio.sleep(self.random.expovariate(1 / PAUSE_S))
            fan = self.random.choice(FANS)
            path = f"/farms/{self.plant.site.farm_id}/devices/{self._id_of(fan)}/commands"
            command = await self._give(fan, path)
            if command is None:
                self.turned_away += 1
            elif self.random.random() < 0.05:
                await self._take_back(f"{path}/{command['id']}")
            else:
                await self._wait(f"{path}/{command['id']}")

    async def _give(self, fan: str, path: str) -> Json | None:
        self._given[fan] += 1
        number = self._given[fan]
        # 3797 and 9000 share no factor: 9000 levels before one comes again, each far from the one
        # before it.
        body: Json = {"action": "set_value", "value": 5 + number * 3797 % 9000 / 100}
        if len(self.promised) < self.offs and number % 10 == 0:
            body = {"action": "off"}
        command = await self._asked(path, {**body, "duration_s": HELD_S}, key=f"{fan}-{number}")
        if command is not None:
            self.promised.add(command["id"])
        return command

    async def _asked(self, path: str, body: Json, *, key: str) -> Json | None:
        """Ask until there is an answer, with the same key; None where it was turned away."""
        http = self.plant.site.staff.http

        async def answer() -> httpx.Response | None:
            try:
                found = await http.post(path, json=body, headers={"Idempotency-Key": key})
            except httpx.HTTPError:
                return None
            return None if found.status_code >= 500 else found

        found: httpx.Response = await eventually(
            f"{key} is answered", answer, within_s=ANSWERED_WITHIN_S, poll_s=0.5
        )
        if found.status_code in _TURNED_AWAY:
            return None
        assert found.status_code == 202, found.text
        return found.json()

    async def _wait(self, path: str) -> None:
        """Look at an order until it has ended, or for as long as a person would."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while await self._state(path) in OPEN:
                    await asyncio.sleep(0.3)

    async def _state(self, path: str) -> str:
        try:
            answer = await self.plant.site.staff.http.get(path)
        except httpx.HTTPError:
            return OPEN[0]
        state: str = answer.json()["state"] if answer.is_success else OPEN[0]
        return state

    async def _take_back(self, path: str) -> None:
        """Take an order back at once; it may be too late, and nobody hears of it if all is down."""
        try:
            await self.plant.site.staff.http.delete(path)
        except httpx.HTTPError:
            return

    def _id_of(self, fan: str) -> str:
        return next(key for key, name in self.plant.devices.items() if name == fan)


async def final(plant: Plant, within_s: float) -> list[Given]:
    """Return every order that the cloud knows, once none is open."""
    url = plant.servers.postgres.url()

    async def none_open() -> bool:
        async with await psycopg.AsyncConnection.connect(url, connect_timeout=5) as connection:
            rows = await connection.execute(
                "SELECT count(*) FROM commands WHERE state = ANY(%s)", (list(OPEN),)
            )
            return await rows.fetchone() == (0,)

    await eventually("every order has ended", none_open, within_s=within_s, poll_s=1)
    async with await psycopg.AsyncConnection.connect(url, connect_timeout=5) as connection:
        rows = await connection.execute(
            "SELECT c.id, c.device_id, c.value, c.state, c.requested_at, coalesce(e.ends, 0)"
            " FROM commands c LEFT JOIN (SELECT data->>'command' AS command, count(*) AS ends"
            " FROM events WHERE type NOT IN ('command.requested', 'command.unknown') GROUP BY 1)"
            " AS e ON e.command = c.id::text ORDER BY c.id"
        )
        return [_given(plant, row) for row in await rows.fetchall()]


def _given(plant: Plant, row: tuple[UUID, UUID, float, str, datetime, int]) -> Given:
    return Given(
        id=str(row[0]),
        device=plant.devices[str(row[1])],
        level=row[2],
        state=row[3],
        requested_ms=round(row[4].timestamp() * 1000),
        ends=row[5],
    )
