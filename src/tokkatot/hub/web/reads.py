"""The routes that show what the hub knows."""

import asyncio
from pathlib import Path
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from tokkatot.domain.quantities import SPECS, Quantity
from tokkatot.hub.camera.watch import PICTURE_TYPES
from tokkatot.hub.loop import SILENT_FOR_S
from tokkatot.hub.web.asking import answer, flag, instant, number, page_of
from tokkatot.hub.web.door import Door
from tokkatot.hub.web.feed import Json
from tokkatot.hub.web.guard import LOOPBACK
from tokkatot.hub.web.machine import machine_state
from tokkatot.hub.web.parts import Parts
from tokkatot.hub.web.problems import HubProblem
from tokkatot.hub.web.schedules import MAX_HOURS, MAX_RUNS
from tokkatot.hub.web.screens import setpoints
from tokkatot.hub.web.seen_book import Seen, detection_view
from tokkatot.webapp.headers import API_PREFIX
from tokkatot.wire.passes import lan_name

MAX_POINTS: Final = 5_000
POINTS: Final = 500
MAX_SEQ: Final = 2**53
DAY_MS: Final = 86_400_000
FARM: Final = f"{API_PREFIX}farms/{{farm:uuid}}"
HOUSE: Final = f"{FARM}/houses/{{house:uuid}}"
DEVICE: Final = f"{FARM}/devices/{{device:uuid}}"
SCHEDULE: Final = f"{FARM}/schedules/{{schedule:uuid}}"
ALERT: Final = f"{FARM}/alerts/{{alert:uuid}}"
DETECTION: Final = f"{FARM}/detections/{{detection:uuid}}"

_AN_HOUR: Final = {"Cache-Control": "private, max-age=3600"}


class Reads:
    """Answers from memory; nothing here changes anything."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route("/health", self._health),
            Route(f"{API_PREFIX}state", self._state),
            Route(f"{API_PREFIX}hub", self._hub),
            Route(f"{API_PREFIX}farms", self._farms),
            Route(FARM, self._farm),
            Route(f"{FARM}/houses", self._houses),
            Route(f"{FARM}/alerts", self._alerts),
            Route(f"{FARM}/alerts/history", self._alert_history),
            Route(ALERT, self._alert),
            Route(f"{FARM}/changes", self._changes),
            Route(f"{HOUSE}/detections", self._detections),
            Route(DETECTION, self._detection),
            Route(f"{DETECTION}/picture", self._picture),
            Route(f"{DETECTION}/original", self._original),
            Route(f"{FARM}/schedules", self._schedules),
            Route(f"{FARM}/schedules/upcoming", self._upcoming),
            Route(SCHEDULE, self._schedule),
            Route(f"{SCHEDULE}/upcoming", self._upcoming_of),
            Route(f"{SCHEDULE}/executions", self._executions),
            Route(f"{HOUSE}/state", self._house),
            Route(f"{HOUSE}/history", self._history),
            Route(f"{HOUSE}/setpoints", self._setpoints),
            Route(f"{DEVICE}/commands", self._commands),
            Route(f"{DEVICE}/commands/{{command:uuid}}", self._command),
        ]

    # ------------------------------------------------------------------------------ the hub itself

    async def _health(self, _: Request) -> Response:
        silent_s = self._parts.control.silent_s()
        well = silent_s < SILENT_FOR_S
        body: Json = {
            "status": "ok" if well else "stuck",
            "control_silent_s": round(silent_s, 3),
            "journal": self._parts.journal.condition(),
            "dropped": self._parts.control.losses.counts(),
        }
        return answer(body, 200 if well else 503)

    async def _state(self, request: Request) -> Response:
        # It asks nobody who they are, so it is for this machine alone.
        host = None if request.client is None else request.client.host
        if host is None or host not in {*LOOPBACK, (request.scope.get("server") or ("",))[0]}:
            raise HubProblem("not_found")
        return answer({**self._parts.figures(), **machine_state(self._parts.control)})

    async def _hub(self, _: Request) -> Response:
        parts = self._parts
        return answer(
            {
                "id": str(parts.hub_id),
                "farm_id": str(parts.farm_id),
                "software": parts.software,
                "name": lan_name(parts.hub_id),
            }
        )

    # --------------------------------------------------------------------------- the farm's houses

    async def _farms(self, request: Request) -> Response:
        role = self._door.person(request).role
        return page_of([self._parts.screens.farm(self._parts.document(), role)])

    async def _farm(self, request: Request) -> Response:
        role = self._door.person(request).role
        return answer(self._parts.screens.farm(self._parts.document(), role))

    async def _houses(self, request: Request) -> Response:
        self._door.person(request)
        return page_of(self._parts.screens.cards(self._parts.document()))

    async def _house(self, request: Request) -> Response:
        role = self._door.person(request).role
        house = self._parts.house(request.path_params["house"])
        return answer(self._parts.screens.house(self._parts.document(), house, role))

    async def _setpoints(self, request: Request) -> Response:
        self._door.person(request)
        return answer(setpoints(self._parts.house(request.path_params["house"])))

    async def _history(self, request: Request) -> Response:
        self._door.person(request)
        house = self._parts.house(request.path_params["house"])
        query = request.query_params
        devices = [str(d.id) for d in self._parts.document().devices if d.house_id == house.id]
        end_ms = instant(query.get("to"), self._parts.clock.now_ms() + 1)
        wanted = query.getlist("device")
        drawn = self._parts.notes.history.draw(
            [one for one in devices if not wanted or one in wanted],
            query.getlist("quantity"),
            start_ms=instant(query.get("from"), end_ms - DAY_MS),
            end_ms=end_ms,
            points=max(number(query.get("points"), POINTS, at_most=MAX_POINTS), 1),
        )
        series = [
            {
                "device_id": one.device,
                "quantity": one.quantity,
                "unit": SPECS[Quantity(one.quantity)].unit,
                "points": one.points,
                "gaps": one.gaps,
                "truncated": one.summed_up,
            }
            for one in drawn
        ]
        return answer({"series": series})

    async def _changes(self, request: Request) -> Response:
        self._door.person(request)
        feed = self._parts.feed
        missed = feed.since(number(request.query_params.get("since"), 0, at_most=MAX_SEQ))
        return answer(
            {
                "items": missed or [],
                "next_since": feed.seq,
                "reload": missed is None,
                "snapshot": self._parts.screens.snapshot(),
            }
        )

    # --------------------------------------------------------------- what was noted of its devices

    async def _alerts(self, request: Request) -> Response:
        self._door.person(request)
        return page_of(_of_house(self._parts.notes.alerts.open(), request))

    async def _alert_history(self, request: Request) -> Response:
        self._door.person(request)
        return page_of(_of_house(self._parts.notes.alerts.history(), request))

    async def _alert(self, request: Request) -> Response:
        self._door.person(request)
        found = self._parts.notes.alerts.one(str(request.path_params["alert"]))
        if found is None:
            raise HubProblem("not_found", "There is no such alert here.")
        return answer(found)

    async def _detections(self, request: Request) -> Response:
        """Return what the cameras of a house saw of late, the newest first."""
        self._door.person(request)
        house = self._parts.house(request.path_params["house"])
        only_alerts = flag(request.query_params.get("alerts"))
        found = self._parts.notes.seen.of(house.id)
        return page_of([await self._seen(one) for one in found if one[1].alert or not only_alerts])

    async def _detection(self, request: Request) -> Response:
        self._door.person(request)
        found = self._parts.notes.seen.one(request.path_params["detection"])
        if found is None:
            raise HubProblem("not_found", "This photograph is not here any more.")
        return answer(await self._seen(found))

    async def _seen(self, found: Seen) -> Json:
        t_ms, seen = found
        has_original = seen.alert and await self._whole(seen.id) is not None
        return detection_view(t_ms, seen, self._parts.farm_id, has_original=has_original)

    async def _picture(self, request: Request) -> Response:
        """Send a photograph made small; what warned longer ago as the camera made it."""
        self._door.person(request)
        seen = self._parts.notes.seen.one(request.path_params["detection"])
        if seen is None:
            return await self._original(request)
        return Response(seen[1].thumbnail, media_type="image/jpeg", headers=_AN_HOUR)

    async def _original(self, request: Request) -> Response:
        """Send a photograph that warned as the camera made it."""
        self._door.person(request)
        path = await self._whole(request.path_params["detection"])
        if path is None:
            raise HubProblem("not_found", "This photograph is not here any more.")
        return FileResponse(path, media_type=PICTURE_TYPES[path.suffix], headers=_AN_HOUR)

    async def _whole(self, detection_id: UUID) -> Path | None:
        watch = self._parts.watch
        return None if watch is None else await asyncio.to_thread(watch.suspicious, detection_id)

    async def _commands(self, request: Request) -> Response:
        self._door.person(request)
        return page_of(self._parts.notes.commands(str(request.path_params["device"])))

    async def _command(self, request: Request) -> Response:
        self._door.person(request)
        found = self._parts.notes.command(str(request.path_params["command"]))
        if found is None or found["device_id"] != str(request.path_params["device"]):
            raise HubProblem("not_found", "There is no such command here.")
        return answer(found)

    # ------------------------------------------------------------------------------- its schedules

    async def _schedules(self, request: Request) -> Response:
        self._door.person(request)
        query, document = request.query_params, self._parts.document()
        found = self._parts.schedules.views(
            document, house=query.get("house_id"), device=query.get("device_id")
        )
        return page_of(found)

    async def _schedule(self, request: Request) -> Response:
        self._door.person(request)
        document = self._parts.document()
        schedule = self._parts.schedules.one(document, request.path_params["schedule"])
        return answer(self._parts.schedules.view(document, schedule))

    async def _upcoming(self, request: Request) -> Response:
        self._door.person(request)
        query = request.query_params
        hours = number(query.get("hours"), 24, at_most=MAX_HOURS)
        runs = self._parts.schedules.within(self._parts.document(), query.get("house_id"), hours)
        return answer({"items": runs})

    async def _upcoming_of(self, request: Request) -> Response:
        self._door.person(request)
        document = self._parts.document()
        schedule = self._parts.schedules.one(document, request.path_params["schedule"])
        count = number(request.query_params.get("count"), 10, at_most=MAX_RUNS)
        return answer({"items": self._parts.schedules.upcoming(document, schedule, count)})

    async def _executions(self, request: Request) -> Response:
        self._door.person(request)
        document = self._parts.document()
        schedule = self._parts.schedules.one(document, request.path_params["schedule"])
        return page_of(self._parts.notes.runs.of(str(schedule.id)))


def _of_house(alerts: list[Json], request: Request) -> list[Json]:
    house = request.query_params.get("house")
    return [alert for alert in alerts if house is None or alert["house_id"] == house]
