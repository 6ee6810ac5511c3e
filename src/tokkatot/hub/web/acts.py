"""The routes by which people act: orders, stops, runs of schedules, alerts that they have seen."""

import asyncio
from collections.abc import Iterable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tokkatot.domain.desired import HouseConfig
from tokkatot.domain.ids import AlertId
from tokkatot.hub.web.alert_book import ACKNOWLEDGED
from tokkatot.hub.web.asking import answer, body_of
from tokkatot.hub.web.door import Door
from tokkatot.hub.web.parts import Parts
from tokkatot.hub.web.people import Person
from tokkatot.hub.web.problems import HubProblem
from tokkatot.hub.web.reads import ALERT, DEVICE, FARM, HOUSE, SCHEDULE
from tokkatot.hub.web.taps import OrderBody
from tokkatot.hub.web.views import iso

PHOTOGRAPH: Final = "photograph.requested"
"""The event by which the cloud's log learns who has had the cameras look at the hub."""


class Acts:
    """Hands what people want to control, which alone moves anything."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route(f"{DEVICE}/commands", self._give, methods=["POST"]),
            Route(f"{FARM}/stop", self._stop_all, methods=["POST"]),
            Route(f"{FARM}/stop", self._release_all, methods=["DELETE"]),
            Route(f"{HOUSE}/stop", self._stop, methods=["POST"]),
            Route(f"{HOUSE}/stop", self._release, methods=["DELETE"]),
            Route(f"{HOUSE}/photograph", self._photograph, methods=["POST"]),
            Route(f"{SCHEDULE}/execute-now", self._run_now, methods=["POST"]),
            Route(f"{ALERT}/acknowledge", self._acknowledge, methods=["PUT"]),
        ]

    async def _give(self, request: Request) -> Response:
        person = self._door.operator(request)
        device = self._parts.notes.device(str(request.path_params["device"]))
        if device is None:
            raise HubProblem("not_found", "There is no such device here.")
        body = await body_of(request, OrderBody)
        return answer(await self._parts.taps.give(device, body, person, key=_key(request)), 202)

    # --------------------------------------------------------------------------------------- stops

    async def _stop(self, request: Request) -> Response:
        person = self._door.operator(request)
        house = self._parts.house(request.path_params["house"])
        await self._say([house], person, stopped=True)
        await self._alone(house)
        return answer(self._parts.screens.stop(self._parts.house(house.id)))

    async def _release(self, request: Request) -> Response:
        person = self._door.operator(request)
        house = self._parts.house(request.path_params["house"])
        await self._say([house], person, stopped=False)
        await self._alone(house)
        return Response(status_code=204)

    async def _stop_all(self, request: Request) -> Response:
        person = self._door.operator(request)
        houses = self._parts.document().houses
        running = {house.id for house in houses if not house.software_stop}
        # Those that the cloud has stopped too: there it may be lifted by now.
        await self._say(houses, person, stopped=True)
        together = self._parts.notes.stops.together | running
        await self._parts.notes.stops.keep_together(together)
        newest = self._parts.screens.newest_stop(self._parts.document())
        if newest is None:
            raise HubProblem("not_found", "There is no house here.")
        return answer(newest)

    async def _release_all(self, request: Request) -> Response:
        """Lift what was stopped together; a house that was stopped by itself stays so."""
        person = self._door.operator(request)
        together = self._parts.notes.stops.together
        houses = [one for one in self._parts.document().houses if one.id in together]
        await self._say(houses, person, stopped=False)
        await self._parts.notes.stops.keep_together(frozenset())
        return Response(status_code=204)

    async def _alone(self, house: HouseConfig) -> None:
        """Take a house out of those that were stopped together: it has had a word of its own."""
        stops = self._parts.notes.stops
        await stops.keep_together(stops.together - {house.id})

    async def _say(self, houses: Iterable[HouseConfig], person: Person, *, stopped: bool) -> None:
        # Each holds before its first wait for the disk: no house waits for another one's.
        async with asyncio.TaskGroup() as group:
            for house in houses:
                group.create_task(
                    self._parts.control.stop(house.id, stopped=stopped, by=person.user_id)
                )

    async def _photograph(self, request: Request) -> Response:
        """Have the cameras look now; what they see is told, or that they see nothing."""
        person = self._door.operator(request)
        house, watch = self._parts.house(request.path_params["house"]), self._parts.watch
        if watch is None or house.id not in watch.houses:
            raise HubProblem("not_found", "This house has no camera.")
        wish = self._parts.new_id()
        if watch.is_asked(house.id):
            raise HubProblem("rate_limited", "A photograph is being taken: it will be shown.")
        if not watch.ask(house.id, wish):
            raise HubProblem("rate_limited", "A photograph was taken a moment ago.")
        self._parts.control.note(PHOTOGRAPH, house=str(house.id), by=str(person.user_id))
        self._parts.control.flush()
        asked_at = iso(self._parts.clock.now_ms())
        return answer({"id": str(wish), "house_id": str(house.id), "requested_at": asked_at}, 202)

    # ----------------------------------------------------------------------------- runs and alerts

    async def _run_now(self, request: Request) -> Response:
        person = self._door.operator(request)
        schedule = self._parts.schedules.one(
            self._parts.document(), request.path_params["schedule"]
        )
        run = await self._parts.schedules.run_now(schedule, person, key=_key(request))
        return answer(run, 202)

    async def _acknowledge(self, request: Request) -> Response:
        person = self._door.operator(request)
        alerts, alert = self._parts.notes.alerts, AlertId(request.path_params["alert"])
        alert_id = str(alert)
        times = alerts.unseen(alert_id)
        if times is not None:
            control = self._parts.control
            control.note(ACKNOWLEDGED, alert=alert_id, by=str(person.user_id), times=times)
            control.flush()
            control.acknowledge(alert, times)
        found = alerts.one(alert_id)
        if found is None:
            raise HubProblem("not_found", "There is no such alert here.")
        return answer(found)


def _key(request: Request) -> str | None:
    return request.headers.get("idempotency-key")
